// The changes of `rewrite`, checked before anything is written: each value is one address, one text, one header field or
// one element, whatever it is made of.

import { isWellFormed } from '../base/index.ts';
import { headerField, isToken, parseSipUri, type HeaderField } from '../sip/index.ts';
import {
  element,
  isNcName,
  isXmlText,
  NS_CLIENT,
  NS_XML,
  type XmlElement,
  type XmlNode,
} from '../xml/index.ts';
import { formatJid, parseJid } from '../xmpp/index.ts';

const MAX_HEADERS = 32;
const MAX_VALUE = 2048;
const MAX_BODY = 65_536;
const MAX_ELEMENTS = 32;
const MAX_NODES = 256;
const MAX_DEPTH = 16;

/** Header fields that carry the request itself: they follow from its addresses, its body and its transaction. */
const NOT_TO_BE_SET: ReadonlySet<string> = new Set([
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'content-length',
  'content-type',
  'content-encoding',
  'max-forwards',
  'route',
  'record-route',
  'authorization',
  'proxy-authorization',
  'require',
  'proxy-require',
]);

/** Children of a message that `rewrite` has names of its own for, or that are not a script's to write. */
const OWN_CHILDREN: ReadonlySet<string> = new Set(['body', 'subject', 'thread', 'error']);

/** Bound to prefixes for ever (Namespaces in XML 1.0 §3), so that no element can stand in them. */
const RESERVED: ReadonlySet<string> = new Set([NS_XML, 'http://www.w3.org/2000/xmlns/']);

/** A name of an element to be taken out. */
export interface ElementName {
  readonly name: string;
  readonly namespace: string;
}

export interface CheckedRewrite {
  /** A SIP URI, or a prepared JID: `toKind` says which. */
  readonly to: string | undefined;
  readonly toKind: AddressKind | undefined;
  readonly from: string | undefined;
  readonly fromKind: AddressKind | undefined;
  readonly body: string | undefined;
  readonly subject: string | undefined;
  /** To be set, each in the place of all of its name … */
  readonly headers: readonly HeaderField[];
  /** … and to be taken out, by canonical id. */
  readonly withoutHeaders: readonly string[];
  readonly add: readonly XmlElement[];
  readonly remove: readonly ElementName[];
}

export type AddressKind = 'uri' | 'jid';

const KEYS = ['to', 'from', 'body', 'subject', 'headers', 'add', 'remove'];

/** Elements that `newElement` made; a script sees of them only name and namespace. */
const made = new WeakMap<object, XmlElement>();

/** Throws TypeError or RangeError that names the key and what is wrong with it. */
export function checkedRewrite(changes: unknown): CheckedRewrite {
  if (!isRecord(changes)) throw new TypeError('rewrite takes an object of changes');
  for (const key of Object.keys(changes))
    if (!KEYS.includes(key)) throw new TypeError(`rewrite has no "${key}": it takes ${KEYS.join(', ')}`);
  const { to, from, body, subject } = changes;
  const target = to === undefined ? undefined : address('to', to);
  const sender = from === undefined ? undefined : address('from', from);
  const fields = headersOf(changes['headers']);
  return Object.freeze({
    to: target?.text,
    toKind: target?.kind,
    from: sender?.text,
    fromKind: sender?.kind,
    body: body === undefined ? undefined : plainText('body', body, MAX_BODY, true),
    subject: subject === undefined ? undefined : plainText('subject', subject, MAX_VALUE, false),
    headers: fields.set,
    withoutHeaders: fields.removed,
    add: elementsOf(changes['add']),
    remove: namesOf(changes['remove']),
  });
}

/** `verbs.element`. Throws TypeError for a name that is none, and for text that XML cannot carry. */
export function newElement(
  name: string,
  namespace: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly unknown[]
): ElementName {
  if (typeof name !== 'string' || !isNcName(name))
    throw new TypeError(`element: ${JSON.stringify(name)} is no name`);
  if (typeof namespace !== 'string' || namespace === '' || !isXmlText(namespace))
    throw new TypeError(`element ${name}: a namespace is needed`);
  if (RESERVED.has(namespace)) throw new TypeError(`element ${name}: ${namespace} is not to be used`);
  if (namespace === NS_CLIENT && OWN_CHILDREN.has(name))
    throw new TypeError(`element: <${name}/> of ${NS_CLIENT} is not a script's to add; use "${name}"`);
  if (!isRecord(attributes)) throw new TypeError(`element ${name}: attributes are an object of texts`);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== 'xml:lang' && (!isNcName(key) || key === 'xmlns'))
      throw new TypeError(`element ${name}: "${key}" is no attribute name`);
    if (typeof value !== 'string' || !isXmlText(value))
      throw new TypeError(`element ${name}: the value of ${key} is no text that XML can carry`);
  }
  const nodes = children.map((child): XmlNode => {
    if (typeof child === 'string') {
      if (!isXmlText(child)) throw new TypeError(`element ${name}: text that XML cannot carry`);
      return child;
    }
    const known = typeof child === 'object' && child !== null ? made.get(child) : undefined;
    if (known === undefined) throw new TypeError(`element ${name}: a child is text, or made by element`);
    return known;
  });
  const whole = element(name, namespace, attributes, ...nodes);
  if (depthOf(whole) > MAX_DEPTH || nodesOf(whole) > MAX_NODES)
    throw new RangeError(
      `element ${name}: more than ${MAX_NODES} nodes, or more than ${MAX_DEPTH} in each other`,
    );
  const handle = Object.freeze({ name, namespace });
  made.set(handle, whole);
  return handle;
}

function address(key: string, value: unknown): { readonly text: string; readonly kind: AddressKind } {
  if (typeof value !== 'string' || value === '') throw new TypeError(`rewrite: ${key} must be an address`);
  if (/^sips?:/i.test(value)) {
    const uri = /^[!#-;=?-~]+$/.test(value) ? parseSipUri(value) : undefined;
    if (uri?.ok !== true || uri.value.headers.length > 0)
      throw new TypeError(`rewrite: ${key} ${JSON.stringify(value.slice(0, 80))} is no SIP URI`);
    return { text: value, kind: 'uri' };
  }
  const jid = parseJid(value);
  if (!jid.ok)
    throw new TypeError(
      `rewrite: ${key} ${JSON.stringify(value.slice(0, 80))} is neither a SIP URI nor a JID: ${jid.error.message}`,
    );
  return { text: formatJid(jid.value), kind: 'jid' };
}

function plainText(key: string, value: unknown, max: number, lines: boolean): string {
  if (typeof value !== 'string') throw new TypeError(`rewrite: ${key} must be text`);
  if (value.length > max) throw new RangeError(`rewrite: ${key} is longer than ${max} characters`);
  if (!isXmlText(value)) throw new TypeError(`rewrite: ${key} holds characters that XML cannot carry`);
  if (!lines && /[\r\n]/.test(value)) throw new TypeError(`rewrite: ${key} must be one line`);
  return value;
}

function headersOf(value: unknown): {
  readonly set: readonly HeaderField[];
  readonly removed: readonly string[];
} {
  const set: HeaderField[] = [];
  const removed: string[] = [];
  if (value === undefined) return { set, removed };
  if (!isRecord(value)) throw new TypeError('rewrite: headers is an object of texts and nulls');
  const names = Object.keys(value);
  if (names.length > MAX_HEADERS) throw new RangeError(`rewrite: more than ${MAX_HEADERS} header fields`);
  for (const name of names) {
    if (!isToken(name)) throw new TypeError(`rewrite: ${JSON.stringify(name)} is no header field name`);
    const text = value[name];
    const field = headerField(name, typeof text === 'string' ? text : '');
    if (NOT_TO_BE_SET.has(field.id)) throw new TypeError(`rewrite: ${name} is not a script's to write`);
    if (text === null) {
      removed.push(field.id);
      continue;
    }
    if (typeof text !== 'string') throw new TypeError(`rewrite: the value of ${name} must be text or null`);
    if (text.length > MAX_VALUE)
      throw new RangeError(`rewrite: ${name} is longer than ${MAX_VALUE} characters`);
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) || !isWellFormed(text))
      throw new TypeError(`rewrite: the value of ${name} holds a control character`);
    set.push(field);
  }
  return { set, removed };
}

function elementsOf(value: unknown): readonly XmlElement[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_ELEMENTS)
    throw new TypeError(`rewrite: add is a list of at most ${MAX_ELEMENTS} elements`);
  return value.map((each: unknown) => {
    const known = typeof each === 'object' && each !== null ? made.get(each) : undefined;
    if (known === undefined) throw new TypeError('rewrite: add takes what element made');
    return known;
  });
}

function namesOf(value: unknown): readonly ElementName[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_ELEMENTS)
    throw new TypeError(`rewrite: remove is a list of at most ${MAX_ELEMENTS} names`);
  return value.map((each: unknown): ElementName => {
    const name = isRecord(each) ? each['name'] : undefined;
    const namespace = isRecord(each) ? each['namespace'] : undefined;
    if (typeof name !== 'string' || typeof namespace !== 'string')
      throw new TypeError('rewrite: remove takes { name, namespace }');
    if (namespace === NS_CLIENT && OWN_CHILDREN.has(name))
      throw new TypeError(`rewrite: <${name}/> of ${NS_CLIENT} is not a script's to take out`);
    return { name, namespace };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depthOf(node: XmlElement): number {
  let deepest = 0;
  for (const child of node.elements()) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

function nodesOf(node: XmlElement): number {
  let count = 1;
  for (const child of node.children) count += typeof child === 'string' ? 1 : nodesOf(child);
  return count;
}
