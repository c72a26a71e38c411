// What a served subscription costs in memory: 100,000 of them, each made by a SUBSCRIBE that went through parser,
// transactions and notifier, with its NOTIFY answered; the network is a function call, and time is moved by hand.
//
//   npm run bench:subscriptions -- [--count 100000] [--watchers 5000] [--resources 20000]

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Counters, latin1Bytes, SecureRandom, silentLog, utf8Bytes, VirtualTime } from '../src/base/index.ts';
import { Beliefs } from '../src/gateway/beliefs.ts';
import type { EventPackage } from '../src/gateway/subscriptions/notifier-types.ts';
import { Notifiers } from '../src/gateway/subscriptions/notifiers.ts';
import { AddressBook } from '../src/mapping/index.ts';
import {
  buildResponse,
  DigestClient,
  Locator,
  NextHops,
  parseMessage,
  serializeMessage,
  TransactionLayer,
  TransportSupport,
  type LocalEndpoint,
  type Source,
} from '../src/sip/index.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    watchers: { type: 'string', default: '5000' },
    resources: { type: 'string', default: '20000' },
  },
});
const count = Number(values.count);
const watchers = Number(values.watchers);
const resources = Number(values.resources);

/** The bar of the project, in octets for each subscription. */
const BAR = 2048;
/** Subscriptions a second: those of the last 32 s have transactions besides, which are gone at the end. */
const PER_SECOND = 250;

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

const time = new VirtualTime(Date.UTC(2026, 0, 1), 20);
const counters = new Counters();
const random = new SecureRandom();
const local: LocalEndpoint = {
  transport: 'UDP',
  address: '127.0.0.1',
  port: 5060,
  advertiseHost: 'gateway.example.com',
  advertisePort: undefined,
};
const source: Source = {
  transport: 'UDP',
  reliable: false,
  remoteAddress: '127.0.0.1',
  remotePort: 5070,
  local,
  connectionId: undefined,
};
let notified = 0;
let refused = 0;

// The proxy in front of all watchers: takes every NOTIFY.
const proxy = (message: Uint8Array): void => {
  const parsed = parseMessage(message, { stream: false });
  if (parsed.kind !== 'message') throw new Error(parsed.fault.message);
  if (parsed.message.kind === 'response') {
    if (parsed.message.status !== 200) refused += 1;
    return;
  }
  notified += 1;
  const answer = serializeMessage(buildResponse(parsed.message, 200));
  queueMicrotask(() => transactions.receive(answer, source));
};

const presence: EventPackage = {
  name: 'presence',
  accept: ['application/pidf+xml'],
  minExpires: 60,
  maxExpires: 3600,
  defaultExpires: 3600,
  minIntervalMs: 5000,
  decide: () => ({ kind: 'accepted', state: 'active' }),
  began: () => undefined,
  restored: () => undefined,
  refreshed: () => undefined,
  document: () => ({ contentType: 'application/pidf+xml', body: utf8Bytes('<presence/>') }),
  ended: () => undefined,
};

const transactions = new TransactionLayer(
  {
    ...{ clock: time, timers: time.timers, random, log: silentLog, counters },
    transport: { send: (message) => proxy(message), localFor: () => local },
  },
  {
    request: (tx) => {
      const from = book.sipSenderToJid(tx.request.from.uri);
      if (from.ok) notifiers.subscribe(tx, from.value);
    },
  },
);
const book = new AddressBook([
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
]);
const nextHops = NextHops.read({ 'example.net': ['sip:127.0.0.1:5070;transport=udp;lr'] });
if (!nextHops.ok) throw new Error(nextHops.error.message);
const failure = async (): Promise<{ kind: 'failure'; reason: 'timeout' }> => ({
  kind: 'failure',
  reason: 'timeout',
});
const notifiers = new Notifiers({
  ...{ clock: time, timers: time.timers, random, log: silentLog, counters, transactions },
  live: {
    book,
    ...new Beliefs({ clock: time, random, counters, isOpen: () => false }).make(
      {
        sip: { trusted: [{ network: '127.0.0.1/32' }], users: [], digest_algorithms: ['MD5'] },
        ...{ policy: [], limits: {} },
      },
      book,
    ),
    digest: new DigestClient({ clock: time, random, credentials: [] }),
    locator: new Locator(
      {
        ...{ clock: time, timers: time.timers, random, counters },
        resolver: { naptr: failure, srv: failure, a: failure, aaaa: failure },
      },
      { support: new TransportSupport([['UDP', 4]]), nextHops: nextHops.value },
    ),
  },
  localFor: () => local,
  packages: [presence],
  records: undefined,
  node: 'bench',
  shared: false,
  limits: { subscriptions: count, perWatcher: count, perResource: count },
});

function subscribe(i: number): void {
  const watcher = i % watchers;
  const resource = (i * 7919) % resources;
  const text = [
    `SUBSCRIBE sip:user${resource}@example.com SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK${random.base32(24)}`,
    'Record-Route: <sip:proxy.example.net;lr>',
    'Max-Forwards: 69',
    `From: "Watcher ${watcher}" <sip:watcher${watcher}@example.net>;tag=${random.base32(12)}`,
    `To: <sip:user${resource}@example.com>`,
    `Call-ID: ${random.base32(32)}`,
    'CSeq: 1 SUBSCRIBE',
    `Contact: <sip:watcher${watcher}@10.${watcher >> 8}.${watcher & 255}.1:5062;transport=udp>`,
    'Event: presence',
    'Accept: application/pidf+xml',
    'Expires: 3600',
    'User-Agent: A phone of some maker with a long name (1.2.3)',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  transactions.receive(latin1Bytes(text), source);
}

async function settled(): Promise<NodeJS.MemoryUsage> {
  // Timers J and K are over then, so that what is left belongs to the subscriptions.
  time.advance(40_000);
  for (let i = 0; i < 5; i++) {
    if (typeof collectGarbage === 'function') collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage();
}

// So that the tables that are there anyway are there.
subscribe(0);
const before = await settled();
for (let i = 1; i <= count - 1; i++) {
  subscribe(i);
  if (i % PER_SECOND === 0) {
    await new Promise(setImmediate);
    time.advance(1000);
  }
}
await new Promise(setImmediate);
const after = await settled();

const made = notifiers.size - 1;
const each = (octets: number): string => (octets / made).toFixed(0);
const held = after.heapUsed + after.external - before.heapUsed - before.external;
console.log(
  `${notifiers.size} subscriptions, ${notified} NOTIFY requests answered, ${refused} SUBSCRIBE refused`,
);
console.log(`  held: ${each(held)} octets each`);
console.log(`  heap, with what is free in it: ${each(after.heapTotal - before.heapTotal)} octets each`);
console.log(
  `  resident: ${each(after.rss - before.rss)} octets each (${(after.rss / 2 ** 20).toFixed(0)} MB in all)`,
);
console.log(`  bar < ${BAR} held: ${held / made < BAR ? 'met' : 'MISSED'}`);
if (held / made >= BAR || notifiers.size !== count || refused > 0) process.exitCode = 1;
notifiers.stop();
transactions.stop();
