// Nobody speaks for somebody else, whatever the method or stanza: MESSAGE, SUBSCRIBE, PUBLISH and INVITE from SIP; messages, presence
// and Jingle from XMPP. Refused, counted, never delivered (SIPT-06, ERR-G7, RFC 3261 §26, RFC 3325 §5; promise 3).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { contentXml, DESCRIPTION, jingleXml, NS_JMI, sdp } from './call-stage.ts';
import { component, pause, play, type Rig, type RigOptions } from './rig.ts';
import { unique, type RequestParts } from './sip-peer.ts';
import { errorOf } from './xmpp-peer.ts';

/** A refused INVITE is not acknowledged here: its transaction lasts 64*T1. */
const OPTIONS: RigOptions = {
  timing: { t1Ms: 5, t2Ms: 40, t4Ms: 50 },
  domains: [
    { home: 'sip', sip: 'example.net', xmpp: 'example.net', presence: { model: 'published' } },
    { home: 'sip', sip: 'corp.example', xmpp: 'corp.example', presence: { model: 'published' } },
    { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  ],
  components: (port: number) => [component('example.net', port), component('corp.example', port)],
  sip: { trusted: [{ network: '127.0.0.1/32', domains: ['corp.example'] }] },
};

const CONTACT = ['Contact', '<sip:ceo@127.0.0.1:5099>'] as const;
const METHODS: readonly (readonly [string, RequestParts])[] = [
  ['MESSAGE', { method: 'MESSAGE', body: 'x' }],
  ['SUBSCRIBE', { method: 'SUBSCRIBE', headers: [CONTACT, ['Event', 'presence'], ['Expires', '600']] }],
  [
    'PUBLISH',
    {
      ...{ method: 'PUBLISH', contentType: 'application/pidf+xml' },
      uri: 'sip:ceo@example.net',
      headers: [
        ['Event', 'presence'],
        ['Expires', '600'],
      ],
      body: `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:ceo@example.net"/>`,
    },
  ],
  ['INVITE', { method: 'INVITE', contentType: 'application/sdp', headers: [CONTACT], body: sdp(4000) }],
];

async function nothingCrossed(rig: Rig): Promise<void> {
  await pause(60);
  assert.deepEqual(rig.xmpp.stanzas.all, []);
  for (const what of ['calls', 'sip_legs', 'served_subscriptions'] as const)
    assert.equal(rig.held(what), 0, what);
}

const refusedFor = (rig: Rig, reason: string): number =>
  rig.gateway.counters.counter('stoxgate_sip_refused_total', '', { reason }).value;

for (const [method, parts] of METHODS) {
  describe(method, { concurrency: true }, () => {
    for (const [what, from] of [
      ['a domain that the source may not speak for', '<sip:ceo@example.net>'],
      ['the XMPP side itself', '<sip:juliet@example.com>'],
      ['a domain without a rule', '<sip:ceo@unknown.example>'],
    ] as const) {
      play(
        `RFC 3261 §26.3.2.4, SIPT-06: From of ${what}: 403, counted, nothing crosses`,
        OPTIONS,
        async (rig) => {
          assert.equal(await rig.status({ ...parts, from }), 403);
          assert.equal(refusedFor(rig, 'sender'), 1);
          await nothingCrossed(rig);
        },
      );
    }

    for (const [name, value] of [
      ['From', '<sip:ceo@corp.example>;tag=x'],
      ['f', '<sip:ceo@example.net>;tag=x'],
    ] as const) {
      play(`RFC 3261 §7.3.1, §20: a second ${name}: 400, counted, nothing crosses`, OPTIONS, async (rig) => {
        const headers = [...(parts.headers ?? []), [name, value] as const];
        assert.equal(await rig.status({ ...parts, from: '<sip:ceo@corp.example>', headers }), 400);
        assert.equal(rig.counter('stoxgate_sip_malformed_total'), 1);
        await nothingCrossed(rig);
      });
    }

    play(
      'RFC 3325 §5: a forged P-Asserted-Identity does not mend a From: 403, counted',
      OPTIONS,
      async (rig) => {
        const asserted = ['P-Asserted-Identity', '<sip:ceo@corp.example>'] as const;
        const headers = [...(parts.headers ?? []), asserted];
        assert.equal(await rig.status({ ...parts, from: '<sip:ceo@example.net>', headers }), 403);
        assert.equal(refusedFor(rig, 'sender'), 1);
        await nothingCrossed(rig);
      },
    );
  });
}

const TO = 'mercutio@example.net';
const JMI = `<propose xmlns='${NS_JMI}' id='forged'>${DESCRIPTION}</propose>`;
const JINGLE = jingleXml('session-initiate', 'forged', contentXml('initiator'));
const STANZAS: readonly (readonly [string, string | undefined, (from: string) => string])[] = [
  [
    'a message',
    'stoxgate_messages_total',
    (from) => `<message from='${from}' to='${TO}' id='s' type='chat'><body>x</body></message>`,
  ],
  [
    'presence: subscribe',
    undefined,
    (from) => `<presence from='${from}' to='${TO}' id='s' type='subscribe'/>`,
  ],
  [
    'XEP-0353: propose',
    'stoxgate_calls_total',
    (from) => `<message from='${from}/x' to='${TO}' id='s' type='chat'>${JMI}</message>`,
  ],
  [
    'XEP-0166: session-initiate',
    'stoxgate_calls_total',
    (from) => `<iq from='${from}/x' to='${TO}/sip' id='s' type='set'>${JINGLE}</iq>`,
  ],
];

for (const [what, counter, xml] of STANZAS) {
  describe(`${what}, from`, { concurrency: true }, () => {
    for (const [whose, user] of [
      ['a SIP user of ours', 'romeo'],
      ['another SIP domain of ours', 'ceo'],
      ['a domain without a rule', 'mallory'],
    ] as const) {
      const domain = { romeo: 'example.net', ceo: 'corp.example', mallory: 'unknown.example' }[user];
      play(`${whose}: forbidden, counted, no request`, OPTIONS, async (rig) => {
        rig.xmpp.write(xml(`${unique(user)}@${domain}`), 'example.net');
        const error = await rig.xmpp.stanzas.next('the error');
        assert.deepEqual([errorOf(error).condition, errorOf(error).type], ['forbidden', 'auth']);
        await pause(60);
        assert.deepEqual([rig.sip.requests.all, rig.xmpp.stanzas.untaken], [[], []]);
        if (counter !== undefined) assert.equal(rig.counter(counter), 1);
        assert.deepEqual([rig.held('calls'), rig.held('sip_legs')], [0, 0]);
      });
    }
  });
}
