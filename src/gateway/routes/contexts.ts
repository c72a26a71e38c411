// The context that a hook is given: facts about the people and the way, frozen.

import { fromByteString } from '../../base/index.ts';
import type { AddressBook, DomainRule } from '../../mapping/index.ts';
import type {
  RouteDirection,
  DomainRuleView,
  PartyView,
  RouteContext,
  SourceView,
} from '../../policy/index.ts';
import type { Source } from '../../sip/index.ts';

type Book = Pick<AddressBook, 'sipTargetToJid' | 'jidTargetToSip'>;

/** A message from SIP. `requestUri` and `fromUri` as they came, `from` the sender's JID. */
export function contextFromSip(
  book: Book,
  source: Source,
  people: { readonly fromUri: string; readonly from: string; readonly requestUri: string },
): RouteContext {
  const target = book.sipTargetToJid(people.requestUri);
  const sender = book.jidTargetToSip(people.from);
  return context(
    'sip-to-xmpp',
    {
      transport: source.transport.toLowerCase(),
      address: source.remoteAddress,
      port: source.remotePort,
      domain: undefined,
    },
    // Who he is, which need not be what From says (RFC 3325).
    { sip: fromByteString(sender.ok ? sender.value.uri : people.fromUri), xmpp: people.from },
    target.ok ? { sip: fromByteString(people.requestUri), xmpp: target.value.jidText } : undefined,
    target.ok ? target.value.rule : undefined,
  );
}

/** A stanza. `from` and `to` as they came, `fromUri` the sender's SIP URI; `domain` that of the link. */
export function contextFromXmpp(
  book: Book,
  domain: string,
  people: { readonly from: string; readonly fromUri: string; readonly to: string },
): RouteContext {
  const target = book.jidTargetToSip(people.to);
  return context(
    'xmpp-to-sip',
    { transport: 'component', address: undefined, port: undefined, domain },
    { sip: fromByteString(people.fromUri), xmpp: people.from },
    target.ok ? { sip: fromByteString(target.value.uri), xmpp: people.to } : undefined,
    target.ok ? target.value.rule : undefined,
  );
}

function context(
  direction: RouteDirection,
  source: SourceView,
  sender: PartyView,
  target: PartyView | undefined,
  rule: DomainRule | undefined,
): RouteContext {
  return Object.freeze({
    direction,
    source: Object.freeze(source),
    sender: Object.freeze(sender),
    target: target === undefined ? undefined : Object.freeze(target),
    rule: rule === undefined ? undefined : ruleView(rule),
  });
}

function ruleView({ home, sip, xmpp }: DomainRule): DomainRuleView {
  return Object.freeze({ home, sip, xmpp });
}
