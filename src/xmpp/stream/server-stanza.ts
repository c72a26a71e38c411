// The gate for stanzas between servers: both addresses are there and are JIDs, and the stream has proved the right to
// send from the one domain to the other. Sources: RFC 6120 §8.1.1.2, §8.1.2.2, §4.9.3; row S2S-07.

import { XmlElement } from '../../xml/index.ts';
import { formatJid, parseJid } from '../jid/index.ts';
import type { DomainPair, HeaderFault } from './server-stream.ts';

export type StanzaGate =
  /** The stanza with prepared addresses: a foreign server may write them as it likes. */
  | { readonly ok: true; readonly stanza: XmlElement; readonly pair: DomainPair }
  | { readonly ok: false; readonly error: HeaderFault };

export interface GateEnv {
  /** True when this side serves the domain. */
  serves(domain: string): boolean;
}

/** `proved`: the pairs of this stream. Pure; never throws. */
export function gateStanza(stanza: XmlElement, proved: readonly DomainPair[], env: GateEnv): StanzaGate {
  // RFC 6120 §4.9.3.12: stanzas before the stream has been authenticated.
  if (proved.length === 0) return refuse('not-authorized', 'nothing is proved on this stream');
  const fromText = stanza.attr('from') ?? '';
  const toText = stanza.attr('to') ?? '';
  // §4.9.3.7: lacks 'to' or 'from', it has no value, or violates the rules for addresses.
  if (fromText === '' || toText === '') return refuse('improper-addressing', 'from and to are needed');
  const from = parseJid(fromText);
  const to = parseJid(toText);
  if (!from.ok || !to.ok) return refuse('improper-addressing', 'from or to is no address');
  const pair = { from: from.value.domain, to: to.value.domain };
  // §4.9.3.9: 'from' does not match a domain validated on this stream.
  if (!proved.some((each) => each.from === pair.from)) {
    return refuse('invalid-from', 'this stream has not proved the domain of from');
  }
  if (!env.serves(pair.to)) return refuse('host-unknown', 'the domain of to is not served here');
  if (!hasPair(proved, pair)) {
    return refuse('not-authorized', 'this stream has not proved the right to send to that domain');
  }
  return { ok: true, stanza: readdressed(stanza, formatJid(from.value), formatJid(to.value)), pair };
}

export function hasPair(pairs: readonly DomainPair[], pair: DomainPair): boolean {
  return pairs.some((each) => each.from === pair.from && each.to === pair.to);
}

function readdressed(stanza: XmlElement, from: string, to: string): XmlElement {
  const list = stanza.attributes;
  let changed: string[] | undefined;
  for (let i = 0; i < list.length; i += 2) {
    const wanted = list[i] === 'from' ? from : list[i] === 'to' ? to : undefined;
    if (wanted === undefined || wanted === list[i + 1]) continue;
    changed ??= [...list];
    changed[i + 1] = wanted;
  }
  return changed === undefined ? stanza : new XmlElement(stanza.name, stanza.ns, changed, stanza.children);
}

function refuse(condition: HeaderFault['condition'], text: string): StanzaGate {
  return { ok: false, error: { condition, text } };
}
