// Nobody speaks for somebody else: refused, counted, never delivered (SIPT-06, ERR-G7; promise 3).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { statusOf } from '../peers/sip-text.ts';
import { component, pause, play, type Rig } from './rig.ts';
import { requestBytes, unique, type RequestParts } from './sip-peer.ts';
import { errorOf, messageXml } from './xmpp-peer.ts';

const domains = [
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'sip', sip: 'corp.example', xmpp: 'corp.example' },
  { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
];
const TWO = {
  domains,
  components: (port: number) => [component('example.net', port), component('corp.example', port)],
};
const CORP = { ...TWO, sip: { trusted: [{ network: '127.0.0.1/32', domains: ['corp.example'] }] } };
const ASSERTING = {
  ...TWO,
  sip: { trusted: [{ network: '127.0.0.1/32', domains: ['corp.example'], asserted: true }] },
};

async function nothingCrossed(rig: Rig): Promise<void> {
  await pause(60);
  assert.deepEqual(rig.xmpp.stanzas.all, []);
}

const refusedFor = (rig: Rig, reason: string): number =>
  rig.gateway.counters.counter('stoxgate_sip_refused_total', '', { reason }).value;

describe('a From', { concurrency: true }, () => {
  play('of a domain that the source may not speak for: 403', CORP, async (rig) => {
    assert.equal(await rig.status({ from: '<sip:ceo@example.net>', body: 'x' }), 403);
    assert.equal(refusedFor(rig, 'sender'), 1);
    await nothingCrossed(rig);
    assert.equal(await rig.status({ from: '<sip:ceo@corp.example>', body: 'x' }), 202);
  });

  play('of the XMPP side itself: 403', TWO, async (rig) => {
    assert.equal(await rig.status({ from: '<sip:juliet@example.com>', body: 'x' }), 403);
    assert.equal(refusedFor(rig, 'sender'), 1);
    await nothingCrossed(rig);
  });

  const twice: readonly (readonly [string, string])[] = [
    ['From', '<sip:ceo@corp.example>;tag=x'],
    ['f', '<sip:ceo@corp.example>;tag=x'],
    ['To', '<sip:nurse@example.com>'],
    ['t', '<sip:nurse@example.com>'],
    ['Call-ID', 'another'],
    ['i', 'another'],
    ['CSeq', '2 MESSAGE'],
  ];
  for (const [name, value] of twice) {
    play(`RFC 3261 §7.3.1: ${name} a second time: 400, counted`, TWO, async (rig) => {
      assert.equal(await rig.status({ body: 'x', headers: [[name, value]] }), 400);
      assert.equal(rig.counter('stoxgate_sip_malformed_total'), 1);
      await nothingCrossed(rig);
    });
  }

  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    play(`RFC 3261 §8.1.1: no ${name}: 400, as far as one can be made, counted`, TWO, async (rig) => {
      const { bytes } = requestBytes({ body: 'x' }, 'UDP', `127.0.0.1:${rig.sip.port}`);
      const text = bytes.toString('latin1').replace(new RegExp(`\\r\\n${name}: [^\\r]*`), '');
      rig.sip.send(Buffer.from(text, 'latin1'), rig.port);
      await rig.until('it is counted', () => rig.counter('stoxgate_sip_malformed_total') === 1);
      await nothingCrossed(rig);
      assert.ok(rig.sip.responses.all.every((response) => statusOf(response) === 400));
    });
  }
});

describe('P-Asserted-Identity (RFC 3325)', { concurrency: true }, () => {
  const asserted = (value: string, more: RequestParts = {}): RequestParts => ({
    from: '<sip:desk@corp.example>',
    body: 'x',
    ...more,
    headers: [['P-Asserted-Identity', value], ...(more.headers ?? [])],
  });

  play(
    '§5: of a network that is not trusted for it: as if it were not there, and counted',
    CORP,
    async (rig) => {
      assert.equal(await rig.status(asserted('<sip:boss@corp.example>')), 202);
      assert.equal((await rig.xmpp.stanzas.next('it')).attr('from'), 'desk@corp.example');
      assert.equal(rig.counter('stoxgate_sip_asserted_ignored_total'), 1);
      // A From that may not be used is not mended by it.
      const forged = asserted('<sip:desk@corp.example>', { from: '<sip:ceo@example.net>' });
      assert.equal(await rig.status(forged), 403);
    },
  );

  play(
    '§5: of one that is: it stands for From, within the domains of the network',
    ASSERTING,
    async (rig) => {
      assert.equal(await rig.status(asserted('"Boss" <sip:boss@corp.example>, <tel:+12155551212>')), 202);
      assert.equal((await rig.xmpp.stanzas.next('it')).attr('from'), 'boss@corp.example');
      assert.equal(await rig.status(asserted('<sip:ceo@example.net>')), 403);
      assert.equal(refusedFor(rig, 'sender'), 1);
      assert.equal(rig.counter('stoxgate_sip_asserted_ignored_total'), 0);
    },
  );

  play('§7, §9.3: with Privacy: id it goes to nobody outside of the trust domain', ASSERTING, async (rig) => {
    const hidden = asserted('<sip:boss@corp.example>', { headers: [['Privacy', 'id']] });
    assert.equal(await rig.status(hidden), 202);
    assert.equal((await rig.xmpp.stanzas.next('it')).attr('from'), 'desk@corp.example');
    const anonymous = asserted('<sip:boss@corp.example>', {
      from: '"Anonymous" <sip:anonymous@anonymous.invalid>',
      headers: [['Privacy', 'id;critical']],
    });
    // RFC 5079 §5: "because the requestor was anonymous".
    assert.equal(await rig.status(anonymous), 433);
    assert.equal(refusedFor(rig, 'sender'), 1);
  });

  for (const [what, value] of [
    ['only a telephone number', '<tel:+12155551212>'],
    ['three of them', '<sip:a@corp.example>, <sip:b@corp.example>, <sip:c@corp.example>'],
    ['broken', '<sip:boss@corp.example'],
  ] as const) {
    play(`§9.1: ${what}: From counts`, ASSERTING, async (rig) => {
      assert.equal(await rig.status(asserted(value)), 202);
      assert.equal((await rig.xmpp.stanzas.next('it')).attr('from'), 'desk@corp.example');
    });
  }

  play('it is written to nobody: neither on the way to XMPP nor to SIP', ASSERTING, async (rig) => {
    assert.equal(await rig.status(asserted('<sip:boss@corp.example>')), 202);
    const stanza = await rig.xmpp.stanzas.next('it');
    assert.ok(!JSON.stringify(stanza.children).includes('sserted'));
  });
});

describe('the `from` of a stanza', { concurrency: true }, () => {
  for (const [what, from] of [
    ['of a SIP user of ours', 'romeo@example.net'],
    ['of another SIP domain of ours', 'ceo@corp.example'],
    ['of a domain without a rule', 'ceo@unknown.example'],
  ] as const) {
    play(`${what}: forbidden, counted, no request`, TWO, async (rig) => {
      rig.xmpp.write(
        messageXml({ id: unique('s'), from, to: 'mercutio@example.net', body: 'x' }),
        'example.net',
      );
      const error = await rig.xmpp.stanzas.next('the error');
      assert.deepEqual([errorOf(error).condition, errorOf(error).type], ['forbidden', 'auth']);
      assert.equal(rig.counter('stoxgate_messages_total'), 1);
      await pause(50);
      assert.deepEqual(rig.sip.requests.all, []);
      assert.equal(statusOf(await rig.ask({ body: 'still well' })), 202);
    });
  }
});
