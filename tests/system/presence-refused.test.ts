// Bad input of presence at a whole gateway, clause by clause: each is answered by its code, changes nothing, and is counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { Notifier, type NotifyParts } from './notifier.ts';
import { pidf } from './presence-rig.ts';
import { pause, play, Rig, type RigOptions } from './rig.ts';
import { TcpCaller, unique, type RequestParts } from './sip-peer.ts';
import { errorOf } from './xmpp-peer.ts';

const JULIET = 'juliet@example.com';
const ROMEO = 'romeo@example.net';
const PIDF = 'application/pidf+xml';
const WINFO = 'application/watcherinfo+xml';
const BIG = 70_000;

const good = pidf('orchard');
const tuple = (id: string): string => `<tuple id="${id}"><status><basic>open</basic></status></tuple>`;
const inRoot = (inside: string): string => good.replace(/<tuple.*<\/tuple>/, inside);
const repeated = (count: number, text: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join('');

/** RFC 3863 §4, RFC 4479 §3, RFC 4480, XML 1.0; PRES-91. */
const BAD_PIDF: readonly (readonly [string, string])[] = [
  ['no XML', 'hello'],
  ['XML that ends early', good.slice(0, -12)],
  ['a mark that closes nothing', good.replace('</status>', '</other>')],
  ['a prefix that is bound to nothing', inRoot('<x:tuple id="a"/>')],
  ['two attributes of one name', good.replace('id="', 'id="a" id="')],
  ['a character that XML does not have', good.replace('open', 'op&#1;en')],
  [
    'a DTD (RFC 3863 §4: none is needed, and an entity is a bomb)',
    good.replace('<presence', '<!DOCTYPE presence [<!ENTITY a "b">]><presence'),
  ],
  ['another root', good.replaceAll('presence', 'presents')],
  ['another namespace', good.replace('params:xml:ns:pidf', 'params:xml:ns:pidf2')],
  ['no entity (§4.1.1)', good.replace(/ entity="[^"]*"/, '')],
  ['an empty entity', good.replace(/entity="[^"]*"/, 'entity=""')],
  ['the entity of another user', good.replace(ROMEO, 'paris@example.net')],
  ['the entity of another domain', good.replace(ROMEO, 'romeo@example.org')],
  ['a tuple without id (§4.1.2)', inRoot(tuple('a').replace('id="a"', ''))],
  ['a tuple without status (§4.1.2)', inRoot('<tuple id="a"/>')],
  ['two tuples with one id (§4.1.2)', inRoot(tuple('a') + tuple('a'))],
  ['more than 64 tuples', inRoot(repeated(65, (i) => tuple(`t${i}`)))],
  ['more than 256 notes', inRoot(tuple('a') + repeated(257, (i) => `<note>${i}</note>`))],
  ['deeper than 16', inRoot(tuple('a') + '<x>'.repeat(17) + '</x>'.repeat(17))],
  ['more than 4096 elements', inRoot(tuple('a') + '<x/>'.repeat(4100))],
  [
    'more than 16 persons (RFC 4479)',
    inRoot(
      tuple('a') + repeated(17, (i) => `<person xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="p${i}"/>`),
    ),
  ],
];

/** Extensions that are broken: what is understood holds (RFC 3863 §4.2.4: they may be ignored). */
const BROKEN_RPID: readonly string[] = [
  '<activities xmlns="urn:ietf:params:xml:ns:pidf:rpid"><nonsense/><away><deep/></away></activities>',
  '<mood xmlns="urn:ietf:params:xml:ns:pidf:rpid"/>',
  '<time-offset xmlns="urn:ietf:params:xml:ns:pidf:rpid">99999999999999999999</time-offset>',
  '<user-input xmlns="urn:ietf:params:xml:ns:pidf:rpid" last-input="yesterday" idle-threshold="-1">what</user-input>',
  '<place-type xmlns="urn:ietf:params:xml:ns:pidf:rpid" until="never"/>',
];

/** What a NOTIFY may have wrong besides its document: RFC 6665 §4.1.3, §8.2, RFC 3261 §8.2, §12.2.2. */
const BAD_NOTIFY: readonly (readonly [string, NotifyParts, number])[] = [
  ['a type that nobody asked for', { body: 'x', contentType: 'text/plain' }, 415],
  ['a type that is none (RFC 3261 §20.15)', { body: 'x', contentType: 'presence' }, 400],
  ['a coding that nobody knows', { body: good, headers: [['Content-Encoding', 'gzip']] }, 415],
  ['an extension that nobody knows', { body: good, headers: [['Require', 'x-unknown']] }, 420],
  ['no Event', { body: good, event: null }, 400],
  ['an Event that is none', { body: good, event: ';' }, 400],
  ['a package that is not subscribed to', { body: good, event: 'dialog' }, 489],
  ['another id of Event', { body: good, event: 'presence;id=9' }, 481],
  ['no Subscription-State', { body: good, state: null }, 400],
  ['a Subscription-State that is none', { body: good, state: ';expires=5' }, 400],
  ['two Subscription-States', { body: good, headers: [['Subscription-State', 'pending']] }, 400],
  ['another Call-ID', { body: good, callId: 'nobody' }, 481],
  ['another To tag', { body: good, toTag: 'nobody' }, 481],
  ['no dialog at all', { body: good, callId: 'nobody', toTag: 'nobody', tag: 'nobody' }, 481],
  ['a CSeq of before', { body: good, cseq: 1 }, 500],
];

function withNotifier(
  name: string,
  options: (notifier: Notifier) => RigOptions,
  act: (rig: Rig, notifier: Notifier) => Promise<void>,
): void {
  test(name, async () => {
    await pause(20);
    const notifier = await Notifier.open();
    const rig = await Rig.start(options(notifier));
    let failed = true;
    try {
      await act(rig, notifier);
      failed = false;
    } finally {
      if (failed) await rig.stop().catch(() => undefined);
      else await rig.stop();
      await notifier.close();
      await pause(20);
    }
  });
}

const outcome = (rig: Rig, name: string, labels: Readonly<Record<string, string>>): number =>
  rig.gateway.counters.counter(name, '', labels).value;
const refusedNotifies = (rig: Rig): number =>
  outcome(rig, 'stoxgate_sip_notify_total', { outcome: 'refused' });
/** Every answer is in these, by its status. */
const answers = (rig: Rig, status: number): number =>
  outcome(rig, 'stoxgate_sip_responses_total', { status: String(status) });
const presence = (type: string, from = JULIET, to = ROMEO): string =>
  `<presence type='${type}' from='${from}' to='${to}' id='${unique('p')}'/>`;

/** What is held of presence, without transactions and timers. */
function state(rig: Rig): Record<string, number> {
  const sizes = rig.gateway.status().counters ?? {};
  return Object.fromEntries(
    Object.entries(sizes).filter(([name]) => /presence|subscriptions|publish|publications/.test(name)),
  );
}

withNotifier(
  'NOTIFY to a watcher: each fault by its code; what was known holds',
  (notifier) => ({
    sip: { next_hops: { 'example.net': `sip:127.0.0.1:${notifier.port};transport=udp;lr` } },
  }),
  async (rig, notifier) => {
    rig.xmpp.write(presence('subscribe'));
    const subscribe = await notifier.subscribe();
    assert.equal(await notifier.notify(subscribe, { body: good, contentType: PIDF }), 200);
    await rig.until('she is told', () => rig.xmpp.stanzas.all.length === 2);
    const held = state(rig);
    const refuses = async (what: string, parts: NotifyParts, status: number): Promise<void> => {
      const before = answers(rig, status);
      const answer = await notifier.notifyFor(subscribe, { contentType: PIDF, ...parts });
      assert.equal(statusOf(answer), status, what);
      if (status === 415 && parts.headers === undefined)
        assert.match(header(answer, 'accept'), /application\/pidf\+xml/, what);
      assert.equal(answers(rig, status), before + 1, `${what} is counted`);
      assert.deepEqual(state(rig), held, what);
    };
    for (const [what, body] of BAD_PIDF) {
      await refuses(what, { body }, 400);
      await refuses(`${what}, in a NOTIFY that says pending`, { body, state: 'pending' }, 400);
    }
    for (const [what, parts, status] of BAD_NOTIFY) await refuses(what, parts, status);
    await pause(100);
    assert.equal(rig.xmpp.stanzas.all.length, 2, 'nobody hears of it');
    // A NOTIFY as large as UDP carries no more, in the same dialog.
    const caller = rig.own(await TcpCaller.open(rig.tcpPort));
    const large = await caller.ask({
      ...inDialog(subscribe, notifier.tag, 5000),
      body: inRoot(tuple('a') + ' '.repeat(BIG)),
      contentType: PIDF,
    });
    assert.equal(statusOf(large), 400, 'a document of more than 64 KiB');
    rig.xmpp.write(presence('probe'));
    await rig.until('she is told what was known', () => rig.xmpp.stanzas.all.length === 3);
    const told = rig.xmpp.stanzas.all.at(-1);
    assert.deepEqual([told?.attr('from'), told?.attr('type')], [`${ROMEO}/orchard`, undefined]);
    for (const [i, extension] of BROKEN_RPID.entries()) {
      const person = `<person xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="p">${extension}</person>`;
      const body = inRoot(tuple(`ID-part${i}`) + person);
      assert.equal(
        await notifier.notify(subscribe, { body, contentType: PIDF, cseq: 5001 + i }),
        200,
        extension,
      );
      await rig.until(extension, () =>
        rig.xmpp.stanzas.all.some((each) => each.attr('from') === `${ROMEO}/part${i}`),
      );
    }
    rig.xmpp.write(presence('unsubscribe'));
    await rig.until('it is over', () => rig.held('presence_watchers') === 0);
    await notifier.notify(subscribe, { state: 'terminated;reason=timeout', cseq: 6000 });
  },
);

function inDialog(subscribe: SipText, tag: string, cseq: number): RequestParts {
  const local = header(subscribe, 'to').replace(/;tag=.*/, '');
  return {
    method: 'NOTIFY',
    uri: /<(.*)>/.exec(header(subscribe, 'contact'))?.[1] ?? '',
    from: local,
    fromTag: tag,
    to: header(subscribe, 'from'),
    callId: header(subscribe, 'call-id'),
    cseq,
    headers: [
      ['Event', header(subscribe, 'event')],
      ['Subscription-State', 'active;expires=3000'],
      ['Contact', '<sip:notifier@127.0.0.1:5999>'],
    ],
  };
}

const winfoOf = (inside: string, attributes = 'version="1" state="full"'): string =>
  `<?xml version="1.0"?><watcherinfo xmlns="urn:ietf:params:xml:ns:watcherinfo" ${attributes}>${inside}</watcherinfo>`;
const list = (inside: string, of = `sip:${JULIET}`): string =>
  `<watcher-list resource="${of}" package="presence">${inside}</watcher-list>`;
const watcher = (id: string, status = 'pending'): string =>
  `<watcher id="${id}" status="${status}" event="subscribe">sip:${ROMEO}</watcher>`;

/** RFC 3858 §3, §4. */
const BAD_WINFO: readonly (readonly [string, string])[] = [
  ['no XML', 'hello'],
  ['another root', winfoOf(list(watcher('a'))).replaceAll('watcherinfo', 'watchedinfo')],
  ['no version', winfoOf(list(watcher('a')), 'state="full"')],
  ['a version that is no number', winfoOf(list(watcher('a')), 'version="one" state="full"')],
  ['a version below nothing', winfoOf(list(watcher('a')), 'version="-1" state="full"')],
  ['a version of more than 32 bits', winfoOf(list(watcher('a')), 'version="4294967296" state="full"')],
  ['no state', winfoOf(list(watcher('a')), 'version="1"')],
  ['a state that is none', winfoOf(list(watcher('a')), 'version="1" state="half"')],
  ['a list without resource', winfoOf(list(watcher('a')).replace(/resource="[^"]*"/, ''))],
  ['a list without package', winfoOf(list(watcher('a')).replace(/package="[^"]*"/, ''))],
  ['the list of another user', winfoOf(list(watcher('a'), 'sip:nurse@example.com'))],
  ['his own, and that of another', winfoOf(list(watcher('a')) + list(watcher('b'), 'sip:nurse@example.com'))],
  ['two lists of one user', winfoOf(list(watcher('a')) + list(watcher('b')))],
  ['a watcher without id', winfoOf(list(watcher('')))],
  ['a watcher in a status that is none', winfoOf(list(watcher('a', 'asleep')))],
  ['a watcher without URI', winfoOf(list(watcher('a').replace(/>sip:[^<]*</, '><')))],
  ['two watchers with one id', winfoOf(list(watcher('a') + watcher('a')))],
  ['more than 64 lists', winfoOf(repeated(65, (i) => list('', `sip:u${i}@example.com`)))],
  // In names that UDP carries.
  [
    'more than 1024 watchers',
    winfoOf(list(repeated(1025, (i) => `<watcher id="${i}" status="active">x</watcher>`))),
  ],
  ['deeper than 16', winfoOf(list(watcher('a')) + '<x>'.repeat(17) + '</x>'.repeat(17))],
];

withNotifier(
  'NOTIFY of watcher information: each fault by its code; nobody is asked',
  (notifier) => ({
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      {
        home: 'xmpp',
        sip: 'example.com',
        xmpp: 'example.com',
        presence: { model: 'presence-server', server: `sip:127.0.0.1:${notifier.port};transport=udp;lr` },
      },
    ],
    mayHold: ['published_users'],
  }),
  async (rig, server) => {
    server.fields = (request) => [
      ['Expires', header(request, 'expires')],
      ...(request.startLine.startsWith('PUBLISH') ? ([['SIP-ETag', unique('e')]] as const) : []),
    ];
    rig.xmpp.write(`<presence from='${JULIET}/balcony' to='example.net'/>`);
    const subscribe = await server.requests.next('a SUBSCRIBE', ({ startLine }) =>
      startLine.startsWith('SUBSCRIBE'),
    );
    const body = winfoOf(list(''), 'version="0" state="full"');
    assert.equal(await server.notify(subscribe, { body, contentType: WINFO }), 200);
    const before = state(rig);
    let refused = 0;
    for (const [what, bad] of BAD_WINFO) {
      assert.equal(await server.notify(subscribe, { body: bad, contentType: WINFO }), 400, what);
      refused += 1;
      assert.equal(refusedNotifies(rig), refused, `${what} is counted`);
    }
    for (const [what, parts, status] of BAD_NOTIFY) {
      if (parts.event !== undefined) continue;
      const sent = parts.contentType === undefined ? { ...parts, body, contentType: WINFO } : parts;
      assert.equal(await server.notify(subscribe, sent), status, what);
    }
    await pause(100);
    assert.deepEqual(state(rig), before);
    assert.deepEqual(
      rig.xmpp.stanzas.all.map((each) => each.attr('type')).filter((type) => type === 'subscribe'),
      [],
    );
    // The version of the last one that counted was 0, so that nothing is missing.
    assert.equal(
      await server.notify(subscribe, { body: winfoOf(list(watcher('a'))), contentType: WINFO }),
      200,
    );
    await rig.until('she is asked', () => rig.xmpp.stanzas.all.some((each) => each.attr('from') === ROMEO));
    rig.xmpp.write(`<presence type='unavailable' from='${JULIET}/balcony' to='example.net'/>`);
    const last = await server.requests.next(
      'the last SUBSCRIBE',
      (each) => header(each, 'expires') === '0' && each.startLine.startsWith('SUBSCRIBE'),
    );
    await server.notify(last, { state: 'terminated;reason=timeout' });
  },
);

play(
  'PUBLISH to the gateway: each fault by its code (RFC 3903 §6)',
  {
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net', presence: { model: 'published' } },
      { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
    ],
  },
  async (rig) => {
    const publish = (
      fields: Readonly<Record<string, string>>,
      more: Partial<RequestParts> = {},
    ): Promise<SipText> =>
      rig.ask({
        method: 'PUBLISH',
        uri: `sip:${ROMEO}`,
        to: `<sip:${ROMEO}>`,
        body: good,
        contentType: PIDF,
        ...more,
        headers: Object.entries({ Event: 'presence', ...fields }).filter(([, value]) => value !== ''),
      });
    const count = (status: number): number =>
      outcome(rig, 'stoxgate_sip_publish_served_total', { status: String(status) });
    for (const [what, body] of BAD_PIDF) {
      const before = count(400);
      assert.equal(statusOf(await publish({}, { body })), 400, what);
      assert.equal(count(400), before + 1, `${what} is counted`);
      assert.equal(rig.held('published_states'), 0, what);
    }
    for (const [what, fields, more, status] of [
      ['no Event', { Event: '' }, {}, 489],
      ['another package', { Event: 'dialog' }, {}, 489],
      ['a tag that nobody gave', { 'SIP-If-Match': 'x' }, {}, 412],
      ['too short', { Expires: '5' }, {}, 423],
      ['another type', {}, { contentType: 'text/plain' }, 415],
      ['no body', {}, { body: '' }, 400],
      ['for another user', {}, { uri: 'sip:paris@example.net' }, 403],
      ['for nobody here', {}, { uri: 'sip:x@elsewhere.example' }, 404],
      ['of somebody who is not believed', {}, { from: '<sip:x@elsewhere.example>' }, 403],
      ['in a dialog', {}, { to: `<sip:${ROMEO}>;tag=x` }, 481],
    ] satisfies [string, Record<string, string>, Partial<RequestParts>, number][]) {
      assert.equal(statusOf(await publish(fields, more)), status, what);
      assert.equal(rig.held('published_states'), 0, what);
    }
  },
);

play('SUBSCRIBE to the gateway: each fault by its code (RFC 6665 §4.2.1, RFC 3261 §8.2)', {}, async (rig) => {
  const contact = `<sip:romeo@127.0.0.1:${rig.sip.port}>`;
  const subscribe = (
    fields: Readonly<Record<string, string>>,
    more: Partial<RequestParts> = {},
  ): Promise<SipText> =>
    rig.ask({
      method: 'SUBSCRIBE',
      ...more,
      headers: Object.entries({ Event: 'presence', Contact: contact, ...fields }).filter(
        ([, value]) => value !== '',
      ),
    });
  const refused = (): number => outcome(rig, 'stoxgate_sip_subscribe_served_total', { outcome: 'refused' });
  for (const [what, fields, more, status, counted] of [
    ['no Event', { Event: '' }, {}, 489, 1],
    ['another package', { Event: 'dialog' }, {}, 489, 1],
    ['an Event that is none', { Event: ';' }, {}, 400, 1],
    ['no Contact', { Contact: '' }, {}, 400, 1],
    ['a Contact that is none', { Contact: '<>' }, {}, 400, 1],
    ['an Expires that is none', { Expires: 'soon' }, {}, 400, 1],
    ['too short', { Expires: '5' }, {}, 423, 1],
    ['a type that there is not', { Accept: 'text/plain' }, {}, 406, 1],
    ['a dialog that there is not', {}, { to: '<sip:juliet@example.com>;tag=x' }, 481, 1],
    ['nobody here', {}, { uri: 'sip:x@elsewhere.example' }, 404, 1],
    ['the domain itself', {}, { uri: 'sip:example.com' }, 404, 1],
    ['a body', {}, { body: 'x', contentType: 'application/simple-filter+xml' }, 415, 0],
    ['an extension that nobody knows', { Require: 'x' }, {}, 420, 0],
    ['of somebody who is not believed', {}, { from: '<sip:x@elsewhere.example>' }, 403, 0],
  ] satisfies [string, Record<string, string>, Partial<RequestParts>, number, number][]) {
    const before = refused();
    assert.equal(statusOf(await subscribe(fields, more)), status, what);
    assert.equal(refused() - before, counted, `${what} is counted`);
    assert.equal(rig.held('served_subscriptions'), 0, what);
  }
  await pause(100);
  assert.deepEqual(rig.sip.requests.all, [], 'nobody is notified');
  assert.deepEqual(rig.xmpp.stanzas.all, [], 'and nobody asked');
});

play('presence stanzas: what asks for something hears why not; the rest is counted', {}, async (rig) => {
  const ignored = (): number => rig.counter('stoxgate_presence_ignored_total');
  for (const [what, stanza, condition] of [
    [
      'to no address',
      `<presence type='TYPE' from='${JULIET}' to='a b@example.net' id='i'/>`,
      'jid-malformed',
    ],
    ['to a domain', `<presence type='TYPE' from='${JULIET}' to='example.net' id='i'/>`, 'item-not-found'],
    [
      'from nobody here',
      `<presence type='TYPE' from='x@nowhere.example' to='${ROMEO}' id='i'/>`,
      'forbidden',
    ],
  ] as const) {
    for (const type of ['subscribe', 'unsubscribe', 'probe']) {
      rig.xmpp.write(stanza.replace('TYPE', type));
      const answer = await rig.xmpp.stanzas.next(`the error to ${type} ${what}`);
      assert.deepEqual(
        [answer.attr('type'), errorOf(answer).condition, answer.attr('id')],
        ['error', condition, 'i'],
        what,
      );
    }
    for (const type of ['subscribed', 'unsubscribed', 'unavailable', 'error']) {
      const before = ignored();
      rig.xmpp.write(stanza.replace('TYPE', type));
      await rig.until(`${type} ${what} is counted`, () => ignored() === before + 1);
    }
  }
  for (const stanza of [
    `<presence from='${JULIET}' to='${ROMEO}' type='nonsense'/>`,
    `<presence from='${JULIET}' to='${ROMEO}'><show>sleepy</show><priority>many</priority></presence>`,
    `<presence from='${JULIET}' to='${ROMEO}'>${'<x xmlns="urn:x">'.repeat(50)}${'</x>'.repeat(50)}</presence>`,
    `<presence from='${JULIET}' to='${ROMEO}'>${"<status xml:lang='de'>x</status>".repeat(500)}</presence>`,
  ]) {
    const before = ignored();
    rig.xmpp.write(stanza);
    await rig.until(`${stanza.slice(0, 80)} is counted`, () => ignored() === before + 1);
  }
  await pause(50);
  assert.deepEqual(rig.xmpp.stanzas.untaken, []);
  assert.deepEqual(rig.sip.requests.all, []);
});
