// Octets that one dispatch allocates where there is no route script, as JSON by name (see the test beside it). Run with
// --expose-gc and a young generation that is not emptied meanwhile.

import { Counters, SeededRandom, silentLog, utf8Bytes, VirtualTime } from '../../src/base/index.ts';
import { SipDispatch, type SipDispatchEnv } from '../../src/gateway/sip-dispatch.ts';
import { XmppDispatch, type XmppDispatchEnv } from '../../src/gateway/xmpp-dispatch.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { Believer, Routes, RouteRuns, TrustedSources } from '../../src/policy/index.ts';
import { parseMessage, type ServerTransaction } from '../../src/sip/index.ts';
import { parseDocument } from '../../src/xml/index.ts';
import type { LinkGroup } from '../../src/gateway/link-group.ts';

const COUNT = 20_000;
const time = new VirtualTime();
const common = {
  clock: time,
  timers: time.timers,
  log: silentLog,
  counters: new Counters(),
  random: new SeededRandom(1),
};
const book = new AddressBook([
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
]);
const trusted = new TrustedSources([{ network: '127.0.0.1' }], time);
const live = {
  book,
  believer: new Believer({ book, trusted, counters: common.counters }),
  admission: { open: true, stanza: () => undefined },
};
let served = 0;
const serve = (): void => {
  served += 1;
};

/** What of their surroundings the two ask for on the way of a message. */
function dispatches(routes: Routes | undefined): { readonly sip: SipDispatch; readonly xmpp: XmppDispatch } {
  const sip: Partial<SipDispatchEnv> = {
    ...common,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    live: Object.assign({ routes }, live) as unknown as SipDispatchEnv['live'],
    messages: { accept: serve, countRejected: serve, countEnded: serve },
    notifiers: { serves: true, allowEvents: [], has: () => false, subscribe: serve },
    calls: { enabled: true, invite: serve, inviteRefused: serve, request: () => false },
    ownHosts: new Set(),
    seen: () => undefined,
    draining: () => false,
  };
  const xmpp = {
    ...common,
    live: Object.assign({ routes }, live),
    calls: { iq: () => false, message: () => false, presence: () => undefined },
    toSip: { accept: serve },
    phase: () => 'serving',
  };
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    sip: new SipDispatch(sip as SipDispatchEnv),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    xmpp: new XmppDispatch(xmpp as unknown as XmppDispatchEnv),
  };
}

const parsed = parseMessage(
  utf8Bytes(
    'MESSAGE sip:ann@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n' +
      'From: <sip:bob@example.net>;tag=1\r\nTo: <sip:ann@example.com>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n' +
      'Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi',
  ),
  { stream: false },
);
const document = parseDocument(
  "<message xmlns='jabber:client' from='ann@example.com/x' to='bob@example.net' id='a' type='chat'><body>hi</body></message>",
);
if (parsed.kind !== 'message' || !document.ok) throw new Error('the samples cannot be read');
const stanza = document.value;
const source = { transport: 'UDP', remoteAddress: '127.0.0.1', remotePort: 5060 };
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const tx = { request: parsed.message, source, respond: serve } as unknown as ServerTransaction;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const group = { domain: 'example.net' } as unknown as LinkGroup;

function octets(act: () => void): number {
  for (let i = 0; i < 3 * COUNT; i++) act();
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < COUNT; i++) act();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / COUNT);
  }
  return least;
}

const without = dispatches(undefined);
const sip = octets(() => without.sip.request(tx));
const xmpp = octets(() => without.xmpp.stanza(stanza, group));
const asked = dispatches(new Routes({ onSipRequest: () => undefined }, new RouteRuns(common)));
const withScript = octets(() => asked.sip.request(tx));
console.log(JSON.stringify({ sip, xmpp, withScript, served }));
