// Watcher information (RFC 3858): application/watcherinfo+xml, who has subscribed to somebody, and the lists that its
// documents keep up to date (row CSP-16).

import { fault, ok, type Bytes, type Result } from '../base/index.ts';
import { parseDocument, type XmlElement } from '../xml/index.ts';

export const NS_WATCHERINFO = 'urn:ietf:params:xml:ns:watcherinfo';

export const WATCHERINFO_TYPE = 'application/watcherinfo+xml';

/** RFC 3857 §4.7.1. */
export type WatcherStatus = 'active' | 'pending' | 'terminated' | 'waiting';

export interface Watcher {
  /** Of the subscription, unique in the documents of one watcherinfo subscription. */
  readonly id: string;
  readonly status: WatcherStatus;
  /** What led to the status: "subscribe", "approved", "rejected" …, as written. */
  readonly event: string;
  /** The URI of who watches, as written. */
  readonly uri: string;
  readonly displayName?: string;
  /** Seconds until the subscription ends. */
  readonly expirationSeconds?: number;
}

/** The watchers of one resource, for one event package. */
export interface WatcherList {
  /** A URI, as written. */
  readonly resource: string;
  readonly package: string;
  readonly watchers: readonly Watcher[];
}

export interface WatcherInfo {
  readonly version: number;
  readonly state: 'full' | 'partial';
  readonly lists: readonly WatcherList[];
}

/** What a subscriber knows (§4): one for each subscription. Plain data; watchers that are terminated are not kept. */
export interface WatcherTable {
  readonly version: number;
  readonly lists: readonly WatcherList[];
}

/** One watcher that is new, or of whom something changed. */
export interface WatcherChange {
  readonly resource: string;
  readonly package: string;
  readonly watcher: Watcher;
}

/** What became of a document. */
export interface MergedWatchers {
  readonly table: WatcherTable;
  /** False: it was older than what is known, and discarded. */
  readonly taken: boolean;
  /** A document before it was lost: "the watcherinfo subscriber SHOULD generate a refresh request". */
  readonly gap: boolean;
  /** Those who are new or have another status or event than before, terminated ones among them. */
  readonly changes: readonly WatcherChange[];
  /** Those who were known and are not in a full document any more: gone, and it is not told why. */
  readonly gone: readonly WatcherChange[];
}

/** Octets of a document. A NOTIFY over UDP has less than 64 KiB. */
const MAX_OCTETS = 65_536;
const MAX_DEPTH = 16;
/** Of one document and of one table. */
const MAX_LISTS = 64;
const MAX_WATCHERS = 1024;
/** The schema has no bound; a counter of 32 bits is what any notifier keeps. */
const MAX_VERSION = 2 ** 32 - 1;

const STATUSES: readonly string[] = ['active', 'pending', 'terminated', 'waiting'];

/** Reads a document. Faults: ERR_MIME_WATCHERINFO, and those of the XML parser. What is of other namespaces is ignored. */
export function parseWatcherInfo(body: Bytes): Result<WatcherInfo> {
  const document = parseDocument(body, { stanzaBytes: MAX_OCTETS, depth: MAX_DEPTH });
  if (!document.ok) return document;
  const root = document.value;
  if (root.name !== 'watcherinfo' || root.ns !== NS_WATCHERINFO) return broken('the root is not watcherinfo');
  const version = readNumber(root.attr('version'));
  if (version === undefined || version > MAX_VERSION) return broken('no version of 32 bits');
  const state = root.attr('state')?.trim();
  if (state !== 'full' && state !== 'partial') return broken('the state is neither full nor partial');
  const lists = new Map<string, WatcherList>();
  for (const element of root.elements()) {
    if (element.name !== 'watcher-list' || element.ns !== NS_WATCHERINFO) continue;
    const list = readList(element);
    if (!list.ok) return list;
    if (lists.has(keyOf(list.value))) return broken('two lists of one resource and package');
    lists.set(keyOf(list.value), list.value);
  }
  const all = [...lists.values()];
  return within(all) ? ok({ version, state, lists: all }) : tooMuch();
}

function readList(element: XmlElement): Result<WatcherList> {
  const resource = element.attr('resource')?.trim() ?? '';
  const name = element.attr('package')?.trim() ?? '';
  if (resource === '' || name === '') return broken('a list without resource or package');
  const watchers = new Map<string, Watcher>();
  for (const child of element.elements()) {
    if (child.name !== 'watcher' || child.ns !== NS_WATCHERINFO) continue;
    const watcher = readWatcher(child);
    if (!watcher.ok) return watcher;
    if (watchers.has(watcher.value.id)) return broken('two watchers with one id');
    watchers.set(watcher.value.id, watcher.value);
  }
  return ok({ resource, package: name, watchers: [...watchers.values()] });
}

function readWatcher(element: XmlElement): Result<Watcher> {
  const id = element.attr('id')?.trim() ?? '';
  const status = element.attr('status')?.trim() ?? '';
  const uri = element.text().trim();
  if (id === '') return broken('a watcher without id');
  if (!isStatus(status)) return broken('a watcher in an unknown status');
  if (uri === '') return broken('a watcher without URI');
  const displayName = element.attr('display-name')?.trim() ?? '';
  const expirationSeconds = readNumber(element.attr('expiration'));
  return ok({
    id,
    status,
    event: element.attr('event')?.trim() ?? '',
    uri,
    ...(displayName === '' ? {} : { displayName }),
    ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
  });
}

/**
 * The table after a document (§4). The first document of a subscription makes it, whatever its state. Fault
 * ERR_MIME_WATCHERINFO when the table would grow beyond its bounds.
 */
export function mergeWatcherInfo(
  table: WatcherTable | undefined,
  document: WatcherInfo,
): Result<MergedWatchers> {
  const { version, state } = document;
  const full = state === 'full';
  // "If the value in the document is less than the local version, the document is discarded". The clause is silent
  // about an equal one: a full state does no harm, a change that was taken already would.
  if (table !== undefined && (version < table.version || (version === table.version && !full))) {
    return ok({ table, taken: false, gap: false, changes: [], gone: [] });
  }
  const before = new Map(table?.lists.map((list) => [keyOf(list), list]) ?? []);
  const after = new Map<string, WatcherList>(full ? [] : before);
  const changes: WatcherChange[] = [];
  for (const list of document.lists) {
    const key = keyOf(list);
    const known = new Map(before.get(key)?.watchers.map((each) => [each.id, each]) ?? []);
    for (const watcher of list.watchers) {
      const last = known.get(watcher.id);
      if (last?.status !== watcher.status || last.event !== watcher.event || last.uri !== watcher.uri) {
        changes.push({ resource: list.resource, package: list.package, watcher });
      }
    }
    const rows = new Map(full ? [] : known);
    for (const watcher of list.watchers) rows.set(watcher.id, watcher);
    // A row that is "now terminated … MAY be removed from the table at any time".
    const watchers = [...rows.values()].filter(({ status }) => status !== 'terminated');
    after.set(key, { ...list, watchers });
  }
  const lists = [...after.values()];
  if (!within(lists)) return tooMuch();
  // Changes to a state that was never told are as if a document had been lost; a full state leaves nothing to ask for.
  const gap = !full && (table === undefined || version > table.version + 1);
  return ok({
    table: { version, lists },
    taken: true,
    gap,
    changes,
    gone: full ? missing(before, document) : [],
  });
}

/** The watchers that were known and are not in the document. */
function missing(before: ReadonlyMap<string, WatcherList>, document: WatcherInfo): WatcherChange[] {
  const told = new Map(
    document.lists.map((list) => [keyOf(list), new Set(list.watchers.map(({ id }) => id))]),
  );
  const gone: WatcherChange[] = [];
  for (const [key, { resource, package: name, watchers }] of before) {
    for (const watcher of watchers) {
      if (told.get(key)?.has(watcher.id) !== true) gone.push({ resource, package: name, watcher });
    }
  }
  return gone;
}

/** §4 names the resource alone; a document about two packages of one resource would mix them. */
function keyOf(list: Pick<WatcherList, 'resource' | 'package'>): string {
  return `${list.package} ${list.resource}`;
}

function isStatus(text: string): text is WatcherStatus {
  return STATUSES.includes(text);
}

function within(lists: readonly WatcherList[]): boolean {
  const watchers = lists.reduce((sum, each) => sum + each.watchers.length, 0);
  return lists.length <= MAX_LISTS && watchers <= MAX_WATCHERS;
}

function readNumber(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  return /^\+?[0-9]{1,15}$/.test(digits) ? Number(digits) : undefined;
}

function tooMuch(): Result<never> {
  return broken(`more than ${MAX_LISTS} lists or ${MAX_WATCHERS} watchers`);
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_WATCHERINFO', `watcherinfo: ${message}`, 'RFC 3858 §3');
}
