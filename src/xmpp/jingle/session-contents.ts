// What an action makes of the contents of its session (XEP-0166 §7.2). The rules are the same whoever sends it: `by` is the
// party that does.

import { DEFAULT_JINGLE_LIMITS, type Content, type Jingle, type JingleAction } from './jingle.ts';
import { otherParty } from './session-order.ts';
import type { ContentName, Party, SessionContent } from './session-types.ts';

/**
 * bad-request: it is not what its action asks for, or names a content that there never was. out-of-order: the content is
 * not in a state for that. full: more contents than anybody needs.
 */
export type ContentProblem = 'bad-request' | 'out-of-order' | 'full';

export type ContentsResult =
  | {
      readonly ok: true;
      readonly contents: readonly SessionContent[];
      /** What it is about, without those that are gone: it crossed their end. */
      readonly about: readonly Content[];
    }
  | { readonly ok: false; readonly problem: ContentProblem };

type Table = readonly SessionContent[];
type Part = 'description' | 'transport' | 'senders';

/** What each content of an action has to hold (§7.2, §7.3). */
const REQUIRED: Readonly<Record<JingleAction, readonly Part[]>> = {
  'content-accept': [],
  'content-add': ['description', 'transport'],
  'content-modify': ['senders'],
  'content-reject': [],
  'content-remove': [],
  'description-info': ['description'],
  'security-info': [],
  'session-accept': ['description', 'transport'],
  'session-info': [],
  'session-initiate': ['description', 'transport'],
  'session-terminate': [],
  'transport-accept': ['transport'],
  'transport-info': ['transport'],
  'transport-reject': [],
  'transport-replace': ['transport'],
};

/** Pure; what is refused changes nothing. */
export function applyContents(
  table: Table,
  by: Party,
  { action, contents }: Pick<Jingle, 'action' | 'contents'>,
): ContentsResult {
  // §6.8, §7.2: these are about the session.
  if (action === 'session-info' || action === 'security-info') {
    return { ok: true, contents: table, about: contents };
  }
  const isWhole = (content: Content): boolean =>
    REQUIRED[action].every((part) => content[part] !== undefined);
  if (contents.length === 0 || !contents.every(isWhole)) return problem('bad-request');
  if (action === 'session-initiate') return initiate(contents);
  if (action === 'content-add') return add(table, by, contents);
  const about: Content[] = [];
  let changed = table;
  for (const content of contents) {
    const entry = contentNamed(changed, content);
    if (entry === undefined) return problem('bad-request');
    if (entry.status === 'gone') continue;
    const next = change(entry, by, action, content);
    if (next === undefined) return problem('out-of-order');
    changed = withEntry(changed, next);
    about.push(content);
  }
  return { ok: true, contents: action === 'session-accept' ? accepted(changed) : changed, about };
}

export function contentNamed(table: Table, { name, creator }: ContentName): SessionContent | undefined {
  return table.find((each) => each.name === name && each.creator === creator);
}

export function withEntry(table: Table, entry: SessionContent): Table {
  return table.map((each) => (each.name === entry.name && each.creator === entry.creator ? entry : each));
}

/** §7.2.4, §7.2.5: "a session with no content definitions is void". */
export function isVoid(table: Table): boolean {
  return table.every(({ status }) => status === 'gone');
}

function problem(which: ContentProblem): ContentsResult {
  return { ok: false, problem: which };
}

function initiate(contents: readonly Content[]): ContentsResult {
  // §7.2.10: "at least one MUST have a disposition of "session"; if this rule is violated … bad-request".
  const isSession = ({ disposition }: Content): boolean => (disposition ?? 'session') === 'session';
  if (!contents.some(isSession)) return problem('bad-request');
  // §7.3: the creator "MUST always match the party that originally generated the content type".
  if (contents.some(({ creator }) => creator !== 'initiator')) return problem('bad-request');
  if (contents.length > DEFAULT_JINGLE_LIMITS.maxContents) return problem('full');
  return { ok: true, contents: contents.map((content) => fresh(content, 'offered')), about: contents };
}

function add(table: Table, by: Party, contents: readonly Content[]): ContentsResult {
  let changed = table;
  for (const content of contents) {
    if (content.creator !== by) return problem('bad-request');
    const before = contentNamed(changed, content);
    if (before !== undefined && before.status !== 'gone') return problem('bad-request');
    const others = before === undefined ? changed : changed.filter((each) => each !== before);
    const room = roomIn(others);
    if (room === undefined) return problem('full');
    changed = [...room, fresh(content, 'adding')];
  }
  return { ok: true, contents: changed, about: contents };
}

/** Room for one more, if need be in the place of the one that has been gone for longest. */
function roomIn(table: Table): Table | undefined {
  if (table.length < DEFAULT_JINGLE_LIMITS.maxContents) return table;
  const gone = table.findIndex(({ status }) => status === 'gone');
  return gone < 0 ? undefined : table.filter((_, at) => at !== gone);
}

function fresh({ name, creator, senders }: Content, status: 'offered' | 'adding'): SessionContent {
  return { name, creator, status, senders: senders ?? 'both' };
}

/** The content after the action; undefined: it is out of order. */
function change(
  entry: SessionContent,
  by: Party,
  action: JingleAction,
  { senders }: Content,
): SessionContent | undefined {
  const { replacing, ...plain } = entry;
  /** Only whoever did not add it decides. */
  const isAsked = entry.status === 'adding' && entry.creator !== by;
  switch (action) {
    case 'session-accept':
      // "implicitly this action also serves as a content-accept".
      if (entry.status !== 'offered' && !isAsked) return undefined;
      return { ...entry, status: 'agreed', senders: senders ?? entry.senders };
    case 'content-accept':
      return isAsked ? { ...entry, status: 'agreed', senders: senders ?? entry.senders } : undefined;
    case 'content-reject':
      return isAsked ? { ...plain, status: 'gone' } : undefined;
    case 'content-remove':
      return { ...plain, status: 'gone' };
    case 'content-modify':
      return { ...entry, senders: senders ?? entry.senders };
    case 'transport-replace':
      return replacing === undefined ? { ...entry, replacing: by } : undefined;
    case 'transport-accept':
    case 'transport-reject':
      return replacing === otherParty(by) ? plain : undefined;
    default:
      return entry;
  }
}

/** Contents that were offered and are not in the session-accept are not part of the session (SDP-02: port 0). */
function accepted(table: Table): Table {
  return table.map((entry) => {
    if (entry.status !== 'offered') return entry;
    const { replacing: _, ...plain } = entry;
    return { ...plain, status: 'gone' };
  });
}
