// Server dialback: its elements and its keys. Sources: XEP-0220 1.1.1; XEP-0185 1.0 (row S2S-04).

import { equalBytes, hashHex, hmacSha256Hex, utf8Bytes } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { parseJid } from '../jid/index.ts';
import { NS_STANZAS, isStanzaCondition, type StanzaCondition } from '../stanza/condition.ts';
import { NS_CLIENT } from '../../xml/index.ts';
import { NS_DIALBACK, type DomainPair } from './server-stream.ts';

/**
 * The key of a stream for a pair, by the construction that XEP-0185 recommends. `pair.from` originates, `pair.to`
 * receives; `streamId` is the one that the receiving server gave.
 */
export function dialbackKey(secret: string, pair: DomainPair, streamId: string): string {
  return hmacSha256Hex(hashHex('sha256', secret), `${pair.to} ${pair.from} ${streamId}`);
}

/** True when `key` is the one that this server made, or would have made. */
export function isDialbackKey(key: string, secret: string, pair: DomainPair, streamId: string): boolean {
  return equalBytes(utf8Bytes(key), utf8Bytes(dialbackKey(secret, pair, streamId)));
}

/** What is said of a key: `error` says that nobody knows. */
export type DialbackVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'error'; readonly condition: StanzaCondition };

export interface DialbackElement {
  readonly name: 'result' | 'verify';
  readonly pair: DomainPair;
  /** Of the stream that the key is for; with `verify`. */
  readonly id: string | undefined;
  /** Undefined: a question, with its key. */
  readonly verdict: DialbackVerdict | undefined;
  readonly key: string;
}

/** Longest key taken; those of XEP-0185 have 64 characters. */
const MAX_KEY = 256;
const MAX_ID = 256;

/** Reads `<db:result/>` or `<db:verify/>`; undefined when it is neither, or lacks what it must have (§2.1, §2.2). */
export function readDialback(el: XmlElement): DialbackElement | undefined {
  if (el.ns !== NS_DIALBACK || (el.name !== 'result' && el.name !== 'verify')) return undefined;
  const from = domainAttribute(el, 'from');
  const to = domainAttribute(el, 'to');
  if (from === undefined || to === undefined) return undefined;
  const id = el.attr('id');
  if (el.name === 'verify' && (id === undefined || id === '' || id.length > MAX_ID)) return undefined;
  const type = el.attr('type');
  const verdict = verdictOf(type, el);
  if (type !== undefined && verdict === undefined) return undefined;
  const key = el.text().trim();
  if (verdict === undefined && (key === '' || key.length > MAX_KEY)) return undefined;
  return { name: el.name, pair: { from, to }, id, verdict, key };
}

/** §2.1.1: the originating server asks to be heard for a pair. */
export function dialbackRequest(pair: DomainPair, key: string): XmlElement {
  return element('result', NS_DIALBACK, { from: pair.from, to: pair.to }, key);
}

/** §2.2.1: the receiving server asks whether a key is right; `pair` runs from the receiving to the originating one. */
export function dialbackVerify(pair: DomainPair, id: string, key: string): XmlElement {
  return element('verify', NS_DIALBACK, { from: pair.from, to: pair.to, id }, key);
}

/** The answer to either; `pair` as in the question, whose addresses are swapped here. */
export function dialbackAnswer(
  name: 'result' | 'verify',
  pair: DomainPair,
  id: string | undefined,
  verdict: DialbackVerdict,
): XmlElement {
  const attributes = { from: pair.to, to: pair.from, id: name === 'verify' ? id : undefined };
  if (verdict.kind !== 'error') return element(name, NS_DIALBACK, { ...attributes, type: verdict.kind });
  // §2.4: the error is a stanza error, in the namespace of the stream's stanzas.
  const error = element('error', NS_CLIENT, { type: 'cancel' }, element(verdict.condition, NS_STANZAS));
  return element(name, NS_DIALBACK, { ...attributes, type: 'error' }, error);
}

function verdictOf(type: string | undefined, el: XmlElement): DialbackVerdict | undefined {
  if (type === 'valid' || type === 'invalid') return { kind: type };
  if (type !== 'error') return undefined;
  for (const error of el.elements()) {
    for (const each of error.elements()) {
      if (each.ns === NS_STANZAS && isStanzaCondition(each.name)) {
        return { kind: 'error', condition: each.name };
      }
    }
  }
  return { kind: 'error', condition: 'undefined-condition' };
}

function domainAttribute(el: XmlElement, name: string): string | undefined {
  const jid = parseJid(el.attr(name) ?? '');
  return jid.ok && jid.value.local === '' && jid.value.resource === '' ? jid.value.domain : undefined;
}
