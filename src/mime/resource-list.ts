// Notifications about a list of resources (RFC 4662, row CSP-20): multipart/related whose root, of
// application/rlmi+xml, says which part is about whom.

import { fault, ok, type Bytes, type Result } from '../base/index.ts';
import { parseDocument, type XmlElement } from '../xml/index.ts';
import { parseMediaType } from './media-type.ts';
import { mimeHeader } from './mime-headers.ts';
import { parseMultipart, type MimePart } from './multipart.ts';
import { decodeTransfer } from './transfer-encoding.ts';

export const NS_RLMI = 'urn:ietf:params:xml:ns:rlmi';

export const RLMI_TYPE = 'application/rlmi+xml';

/** One part of the body; for a list within the list it is multipart/related, to be read like the whole. */
export interface ListedContent {
  /** "type/subtype", lower case. */
  readonly type: string;
  /** Raw value of Content-Type. */
  readonly contentType: string;
  readonly body: Bytes;
}

/** One notifier of a resource (§5.5); several where its subscription forked. */
export interface ListedInstance {
  readonly id: string;
  readonly state: 'active' | 'pending' | 'terminated';
  /** As written; only where terminated. */
  readonly reason?: string;
  /** Its state; undefined when there is none in this body. */
  readonly content?: ListedContent;
}

export interface ListedResource {
  /** As written. */
  readonly uri: string;
  /** The first name. */
  readonly name?: string;
  readonly instances: readonly ListedInstance[];
}

export interface ResourceList {
  /** Of the list, as written. */
  readonly uri: string;
  readonly version: number;
  readonly full: boolean;
  readonly resources: readonly ListedResource[];
}

/** Of multipart/related, lower case: the body of a notification about a list. */
export const RELATED_TYPE = 'multipart/related';

/** What a subscriber knows of the resources of a list (§5.6). Terminated instances are not kept. */
export interface ResourceListTable {
  readonly version: number;
  readonly resources: readonly ListedResource[];
}

export interface MergedResources {
  readonly table: ResourceListTable;
  /** False: it was not newer than what is known, and discarded. */
  readonly taken: boolean;
  /** A document before it was lost: "The list subscriber SHOULD also generate a refresh request". */
  readonly gap: boolean;
}

/** Octets of the RLMI document. */
const MAX_OCTETS = 65_536;
const MAX_RESOURCES = 256;
const MAX_INSTANCES = 512;
/** One for each instance, and the root. */
const PART_LIMITS = { maxParts: MAX_INSTANCES + 1, maxDepth: 4 };
const MAX_VERSION = 2 ** 32 - 1;

/**
 * Reads a body by its raw Content-Type. Faults: ERR_MIME_RLMI (no multipart/related, a root that is no RLMI document),
 * ERR_MIME_MULTIPART, ERR_MIME_HEADER, and those of the XML parser.
 */
export function readResourceList(contentType: string, body: Bytes): Result<ResourceList> {
  const type = parseMediaType(contentType);
  if (type?.name !== RELATED_TYPE) return broken('the body is not multipart/related');
  const parts = parseMultipart(body, type.params.get('boundary'), PART_LIMITS);
  if (!parts.ok) return parts;
  // RFC 2387 §3.2: the root is the part that "start" names, else the first one.
  const start = contentId(type.params.get('start'));
  const root =
    start === undefined ? parts.value[0] : parts.value.find((part) => contentId(idOf(part)) === start);
  const meta = root === undefined ? undefined : contentOf(root);
  // §5.1: "The root document of the multipart/related body MUST be a Resource List Meta-Information".
  if (meta?.type !== RLMI_TYPE) return broken('the root part is not application/rlmi+xml');
  const document = parseDocument(meta.body, { stanzaBytes: MAX_OCTETS, depth: 16 });
  if (!document.ok) return document;
  const contents = new Map<string, MimePart>();
  for (const part of parts.value) {
    const id = contentId(idOf(part));
    if (part !== root && id !== undefined && !contents.has(id)) contents.set(id, part);
  }
  return readList(document.value, contents);
}

function readList(root: XmlElement, contents: ReadonlyMap<string, MimePart>): Result<ResourceList> {
  if (root.name !== 'list' || root.ns !== NS_RLMI) return broken('the root is not list');
  const uri = root.attr('uri')?.trim() ?? '';
  const version = root.attr('version')?.trim() ?? '';
  const fullState = root.attr('fullState')?.trim() ?? '';
  if (uri === '') return broken('a list without uri');
  if (!/^\+?[0-9]{1,10}$/.test(version) || Number(version) > MAX_VERSION)
    return broken('no version of 32 bits');
  if (!['true', 'false', '1', '0'].includes(fullState)) return broken('fullState is neither true nor false');
  const resources = new Map<string, ListedResource>();
  let count = 0;
  for (const element of root.elements()) {
    if (element.name !== 'resource' || element.ns !== NS_RLMI) continue;
    const resource = readResource(element, contents);
    if (!resource.ok) return resource;
    if (resources.has(resource.value.uri)) return broken('two resources with one uri');
    resources.set(resource.value.uri, resource.value);
    count += resource.value.instances.length;
  }
  if (resources.size > MAX_RESOURCES || count > MAX_INSTANCES) return tooMuch();
  const full = fullState === 'true' || fullState === '1';
  return ok({ uri, version: Number(version), full, resources: [...resources.values()] });
}

function readResource(element: XmlElement, contents: ReadonlyMap<string, MimePart>): Result<ListedResource> {
  const uri = element.attr('uri')?.trim() ?? '';
  if (uri === '') return broken('a resource without uri');
  const name = element.child('name', NS_RLMI)?.text().trim() ?? '';
  const instances = new Map<string, ListedInstance>();
  for (const child of element.elements()) {
    if (child.name !== 'instance' || child.ns !== NS_RLMI) continue;
    const id = child.attr('id')?.trim() ?? '';
    const state = child.attr('state')?.trim();
    if (id === '') return broken('an instance without id');
    if (state !== 'active' && state !== 'pending' && state !== 'terminated') {
      return broken('an instance in an unknown state');
    }
    // §5.5: "unique only within the context of a resource".
    if (instances.has(id)) return broken('two instances with one id');
    const reason = child.attr('reason')?.trim() ?? '';
    const part = contents.get(contentId(child.attr('cid')) ?? '');
    const content = part === undefined ? undefined : contentOf(part);
    instances.set(id, {
      id,
      state,
      ...(reason === '' ? {} : { reason }),
      ...(content === undefined ? {} : { content }),
    });
  }
  return ok({ uri, ...(name === '' ? {} : { name }), instances: [...instances.values()] });
}

/**
 * The table after a document (§5.6.1, §5.6.2). The first one makes it. Fault ERR_MIME_RLMI when the table would grow
 * beyond its bounds.
 */
export function mergeResourceList(
  table: ResourceListTable | undefined,
  { version, full, resources }: ResourceList,
): Result<MergedResources> {
  // Full and partial alike: discarded unless the version is "greater than the local version number".
  if (table !== undefined && version <= table.version) return ok({ table, taken: false, gap: false });
  const rows = new Map(full ? [] : (table?.resources.map((each) => [each.uri, each]) ?? []));
  for (const resource of resources) {
    const instances = resource.instances.filter(({ state }) => state !== 'terminated');
    rows.set(resource.uri, { ...resource, instances });
  }
  let count = 0;
  for (const { instances } of rows.values()) count += instances.length;
  if (rows.size > MAX_RESOURCES || count > MAX_INSTANCES) return tooMuch();
  const gap = !full && (table === undefined || version > table.version + 1);
  return ok({ table: { version, resources: [...rows.values()] }, taken: true, gap });
}

function contentOf(part: MimePart): ListedContent | undefined {
  const type = parseMediaType(part.contentType);
  const body = decodeTransfer(mimeHeader(part.headers, 'content-transfer-encoding'), part.body);
  return type === undefined || body === undefined
    ? undefined
    : { type: type.name, contentType: part.contentType, body };
}

function idOf(part: MimePart): string | undefined {
  return mimeHeader(part.headers, 'content-id');
}

/** Content-ID has angle brackets, the attribute cid has none; "start" is seen both ways. */
function contentId(value: string | undefined): string | undefined {
  const bare = value?.trim().replace(/^<(.*)>$/, '$1') ?? '';
  return bare === '' ? undefined : bare;
}

function tooMuch(): Result<never> {
  return broken(`more than ${MAX_RESOURCES} resources or ${MAX_INSTANCES} instances`);
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_RLMI', `resource list: ${message}`, 'RFC 4662 §5');
}
