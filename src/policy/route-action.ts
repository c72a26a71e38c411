// What a hook answers. Made by the verbs only, which check what they are given: a line end in a header field or a broken
// URI is a fault at the script's own line, and never a second header field on the wire.

import { isWellFormed } from '../base/index.ts';
import { parseUri } from '../sip/index.ts';
import { isStanzaCondition, type StanzaCondition } from '../xmpp/index.ts';
import { checkedRewrite, type CheckedRewrite } from './route-rewrite.ts';

export type RouteVerb = 'relay' | 'reject' | 'redirect' | 'drop' | 'rewrite';

/** Targets of one redirect. */
const MAX_TARGETS = 10;
const MAX_TEXT = 500;

/** Statuses that say something only by a header field that a script cannot know, and what is said instead. */
const NEEDS_MORE: ReadonlyMap<number, string> = new Map([
  [401, 'it needs a challenge; 403 says that he may not'],
  [405, 'it needs Allow; 403 says that he may not'],
  [407, 'it needs a challenge; 403 says that he may not'],
  [408, 'RFC 4320 §4.2 forbids it here; 504 says that nobody answered'],
  [420, 'it needs Unsupported'],
  [421, 'it needs Require'],
  [423, 'it needs Min-Expires'],
  [489, 'it needs Allow-Events'],
  [494, 'it needs Security-Server'],
]);

/** Everything that an answer may hold; which of it is there depends on the verb. */
interface Parts {
  readonly status?: number;
  readonly condition?: StanzaCondition;
  readonly text?: string | undefined;
  readonly targets?: readonly string[];
  readonly rewrite?: CheckedRewrite;
}

const NO_PARTS: Parts = {};

/** An answer. Frozen. */
export class RouteAction {
  readonly verb: RouteVerb;
  /** Of `reject`: one of the two. */
  readonly status: number | undefined;
  readonly condition: StanzaCondition | undefined;
  /** Of `reject`. */
  readonly text: string | undefined;
  /** Of `redirect`: at least one URI. */
  readonly targets: readonly string[];
  /** Of `rewrite`. */
  readonly changes: CheckedRewrite | undefined;

  constructor(verb: RouteVerb, parts: Parts = NO_PARTS) {
    this.verb = verb;
    this.status = parts.status;
    this.condition = parts.condition;
    this.text = parts.text;
    this.targets = parts.targets ?? NO_TARGETS;
    this.changes = parts.rewrite;
    Object.freeze(this);
  }
}

const NO_TARGETS: readonly string[] = Object.freeze([]);
/** Those that were made by the functions below: a script can copy their form, and not this. */
const made = new WeakSet<RouteAction>();
const DROP = make('drop');
export const RELAY = make('relay');

function make(verb: RouteVerb, parts?: Parts): RouteAction {
  const action = new RouteAction(verb, parts);
  made.add(action);
  return action;
}

export function isRouteAction(value: unknown): value is RouteAction {
  return value instanceof RouteAction && made.has(value);
}

export function relay(): RouteAction {
  return RELAY;
}

export function drop(): RouteAction {
  return DROP;
}

/** Throws TypeError or RangeError for what is neither a status of an error nor a condition of RFC 6120 §8.3.3. */
export function reject(code: unknown, text?: unknown): RouteAction {
  const checked = text === undefined ? undefined : oneLine('the text of reject', text);
  if (typeof code === 'number') {
    if (!Number.isInteger(code) || code < 400 || code > 699)
      throw new RangeError(`reject takes a SIP status from 400 to 699, not ${code}`);
    if (NEEDS_MORE.has(code))
      throw new RangeError(`reject cannot give ${code}: ${NEEDS_MORE.get(code) ?? ''}`);
    return make('reject', { status: code, text: checked });
  }
  if (typeof code !== 'string' || !isStanzaCondition(code))
    throw new TypeError(`reject takes a SIP status or a stanza error condition, not ${shown(code)}`);
  return make('reject', { condition: code, text: checked });
}

/** Throws TypeError for what is no SIP or XMPP URI. */
export function redirect(targets: unknown): RouteAction {
  const list: readonly unknown[] = Array.isArray(targets) ? targets : [targets];
  if (list.length === 0 || list.length > MAX_TARGETS)
    throw new RangeError(`redirect takes 1 to ${MAX_TARGETS} targets, not ${list.length}`);
  return make('redirect', { targets: Object.freeze(list.map(redirectTarget)) });
}

/** Throws TypeError as `checkedRewrite` does. */
export function rewrite(changes: unknown): RouteAction {
  return make('rewrite', { rewrite: checkedRewrite(changes) });
}

/** Throws TypeError for anything but true and false. */
export function authorize(granted: unknown, text?: unknown): RouteAction {
  if (granted === true) return RELAY;
  if (granted === false) return reject('forbidden', text ?? 'Not authorized');
  throw new TypeError(`authorize takes true or false, not ${shown(granted)}: is an await missing?`);
}

function redirectTarget(target: unknown): string {
  if (typeof target !== 'string') throw new TypeError(`redirect takes URIs, not ${shown(target)}`);
  // A Contact is written between angle brackets: nothing in it may end them, or the line.
  const uri = /^[!#-;=?-~]+$/.test(target) ? parseUri(target) : undefined;
  if (uri?.ok !== true) throw new TypeError(`redirect: ${shown(target)} is no URI`);
  const { scheme } = uri.value;
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'xmpp')
    throw new TypeError(`redirect: ${shown(target)} is neither a SIP nor an XMPP URI`);
  return target;
}

/** A text for people; throws TypeError for one that is none, or of several lines. */
function oneLine(what: string, text: unknown): string {
  if (typeof text !== 'string') throw new TypeError(`${what} must be text, not ${shown(text)}`);
  if (text.length > MAX_TEXT) throw new RangeError(`${what} is longer than ${MAX_TEXT} characters`);
  if (/[\u0000-\u001f\u007f]/.test(text) || !isWellFormed(text))
    throw new TypeError(`${what} holds a control character`);
  return text;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
