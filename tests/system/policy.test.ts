// The operator's rules and limits, both ways (`policy`, ERR-G3; `limits`, ERR-G2).
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { pause, play, type RigOptions } from './rig.ts';
import { SipPeer } from './sip-peer.ts';
import { errorOf, messageXml } from './xmpp-peer.ts';

const rules = (...policy: readonly Readonly<Record<string, unknown>>[]): RigOptions => ({ policy });
const ROMEO = { from: '<sip:romeo@example.net>', body: 'x' };
const EVE = { from: '<sip:eve@example.net>', body: 'x' };

describe('policy, SIP to XMPP', { concurrency: true }, () => {
  const answers = [
    ['forbidden', 403],
    ['declined', 603],
    ['policy-violation', 403],
  ] as const;
  for (const [answer, status] of answers) {
    const deny = { action: 'deny', from: 'eve@example.net', answer, reason: 'Not "you"' };
    play(
      `ERR-G3: ${answer}: ${status} with the reason in Warning, and nothing crosses`,
      rules(deny),
      async (rig) => {
        const refused = await rig.ask(EVE);
        assert.equal(statusOf(refused), status);
        assert.equal(header(refused, 'warning'), '399 stoxgate "Not \\"you\\""');
        assert.equal(rig.counter('stoxgate_policy_denied_total'), 1);
        assert.equal(await rig.status(ROMEO), 202);
        assert.equal((await rig.xmpp.stanzas.next('the other')).attr('from'), 'romeo@example.net');
        assert.equal(rig.xmpp.stanzas.all.length, 1);
      },
    );
  }

  play(
    'the first rule that fits decides: one may, his domain may not',
    rules({ action: 'allow', from: 'romeo@example.net' }, { action: 'deny', from: 'example.net' }),
    async (rig) => {
      assert.equal(await rig.status(ROMEO), 202);
      assert.equal(await rig.status(EVE), 403);
    },
  );

  play(
    'by the target, and by the network',
    {
      ...rules(
        { action: 'deny', to: 'nurse@example.com', direction: 'to-xmpp' },
        { action: 'deny', network: '127.0.0.2/32' },
      ),
      sip: { trusted: ['127.0.0.0/8'] },
    },
    async (rig) => {
      const nurse = { uri: 'sip:nurse@example.com', to: '<sip:nurse@example.com>' };
      assert.equal(await rig.status({ ...ROMEO, ...nurse }), 403);
      assert.equal(await rig.status(ROMEO), 202);
      const other = rig.own(await SipPeer.open('127.0.0.2'));
      assert.equal(statusOf(await other.ask(ROMEO, rig.port)), 403);
    },
  );

  for (const [method, status] of [
    ['SUBSCRIBE', 403],
    ['MESSAGE', 403],
  ] as const) {
    play(`${method} is asked about`, rules({ action: 'deny' }), async (rig) => {
      const more = method === 'SUBSCRIBE' ? [['Event', 'presence'] as const, CONTACT] : [];
      const body = method === 'MESSAGE' ? 'x' : '';
      assert.equal(await rig.status({ ...ROMEO, method, body, headers: more }), status);
    });
  }

  play('what ends something is never refused', rules({ action: 'deny' }), async (rig) => {
    const fetch = { ...ROMEO, method: 'SUBSCRIBE', body: '' };
    const headers = [['Event', 'presence'] as const, ['Expires', '0'] as const, CONTACT];
    assert.equal(await rig.status({ ...fetch, to: '<sip:juliet@example.com>;tag=unknown', headers }), 481);
    assert.equal(rig.counter('stoxgate_policy_denied_total'), 0);
  });

  play('a reload takes new rules', {}, async (rig) => {
    assert.equal(await rig.status(EVE), 202);
    await rig.gateway.reload(rig.config(rules({ action: 'deny', from: 'eve@example.net' })));
    assert.equal(await rig.status(EVE), 403);
    assert.equal(await rig.status(ROMEO), 202);
  });
});

const CONTACT = ['Contact', '<sip:romeo@127.0.0.1:5099>'] as const;

describe('policy, XMPP to SIP', { concurrency: true }, () => {
  const answers = [
    ['forbidden', 'forbidden', 'auth'],
    ['declined', 'not-allowed', 'cancel'],
    ['policy-violation', 'policy-violation', 'modify'],
  ] as const;
  for (const [answer, condition, type] of answers) {
    const deny = {
      action: 'deny',
      direction: 'to-sip',
      from: 'juliet@example.com',
      answer,
      reason: 'No calls',
    };
    play(
      `ERR-G3: ${answer}: ${condition} with the reason as text, and no request`,
      rules(deny),
      async (rig) => {
        rig.xmpp.write(messageXml({ id: 'p', from: 'juliet@example.com/balcony', body: 'x' }));
        const error = await rig.xmpp.stanzas.next('the error');
        const read = errorOf(error);
        assert.deepEqual(
          [error.attr('id'), read.condition, read.type, read.text],
          ['p', condition, type, 'No calls'],
        );
        await pause(30);
        assert.deepEqual(rig.sip.requests.all, []);
        // The other direction is not meant.
        assert.equal(await rig.status(ROMEO), 202);
      },
    );
  }

  play(
    'a subscription and a question are refused, an end is not',
    rules({ action: 'deny', to: 'romeo@example.net' }),
    async (rig) => {
      rig.xmpp.write("<presence from='juliet@example.com' to='romeo@example.net' type='subscribe' id='s'/>");
      const refused = await rig.xmpp.stanzas.next('the refusal');
      assert.deepEqual(
        [refused.name, refused.attr('type'), errorOf(refused).condition],
        ['presence', 'error', 'forbidden'],
      );
      rig.xmpp.write(
        "<iq from='juliet@example.com/b' to='romeo@example.net' type='get' id='v'><vCard xmlns='vcard-temp'/></iq>",
      );
      const iq = await rig.xmpp.stanzas.next('the answer');
      assert.deepEqual([iq.name, iq.attr('type'), errorOf(iq).condition], ['iq', 'error', 'forbidden']);
      const denied = rig.counter('stoxgate_policy_denied_total');
      rig.xmpp.write("<presence from='juliet@example.com' to='romeo@example.net' type='unsubscribe'/>");
      rig.xmpp.write(
        "<iq from='juliet@example.com/b' to='example.net' type='get' id='g'><ping xmlns='urn:xmpp:ping'/></iq>",
      );
      assert.equal(
        (await rig.xmpp.stanzas.next('the ping', (stanza) => stanza.attr('id') === 'g')).attr('type'),
        'result',
      );
      assert.equal(rig.counter('stoxgate_policy_denied_total'), denied);
      assert.deepEqual(rig.sip.requests.all, []);
    },
  );
});

describe('limits', { concurrency: true }, () => {
  const user = { limits: { user: { rate: 0.1, burst: 3 } } };

  play(
    'ERR-G2, SIP to XMPP: above the rate 480 with Retry-After; nobody else feels it',
    user,
    async (rig) => {
      for (let i = 0; i < 3; i++) assert.equal(await rig.status(EVE), 202);
      const refused = await rig.ask(EVE);
      assert.equal(statusOf(refused), 480);
      const seconds = Number(header(refused, 'retry-after'));
      assert.ok(seconds >= 5 && seconds <= 10, `${seconds}`);
      for (let i = 0; i < 3; i++) assert.equal(await rig.status(ROMEO), 202);
      assert.equal(
        rig.gateway.counters.counter('stoxgate_limited_total', '', { direction: 'to-xmpp', by: 'user' })
          .value,
        1,
      );
      assert.equal(rig.xmpp.stanzas.all.length, 6);
    },
  );

  play('ERR-G2, XMPP to SIP: resource-constraint, wait; nobody else feels it', user, async (rig) => {
    for (const id of ['1', '2', '3', '4']) {
      rig.xmpp.write(messageXml({ id, from: `eve@example.com/${id}`, body: 'x' }));
    }
    rig.xmpp.write(messageXml({ id: 'j', from: 'juliet@example.com/b', body: 'x' }));
    const error = await rig.xmpp.stanzas.next('the error');
    assert.deepEqual(
      [error.attr('id'), errorOf(error).condition, errorOf(error).type],
      ['4', 'resource-constraint', 'wait'],
    );
    await rig.until('the others are delivered', () => rig.sip.requests.all.length === 4);
    await rig.until('all have ended', () => rig.held('messages_to_sip') === 0);
  });

  play(
    'a domain and a peer have their own; who has too much of one takes nothing of the other',
    {
      sip: { trusted: ['127.0.0.0/8'] },
      limits: { user: { rate: 0.1, burst: 2 }, peer: { rate: 0.1, burst: 4 } },
    },
    async (rig) => {
      // Twenty tries of one user cost his peer two.
      for (let i = 0; i < 20; i++) await rig.ask(EVE);
      assert.deepEqual([await rig.status(ROMEO), await rig.status(ROMEO)], [202, 202]);
      assert.equal(await rig.status({ ...EVE, from: '<sip:third@example.net>' }), 480);
      const other = rig.own(await SipPeer.open('127.0.0.2'));
      assert.equal(statusOf(await other.ask({ ...EVE, from: '<sip:third@example.net>' }, rig.port)), 202);
    },
  );

  play('a domain', { limits: { domain: { rate: 0.1, burst: 2 } } }, async (rig) => {
    const statuses = [];
    for (const parts of [EVE, ROMEO, EVE, ROMEO]) statuses.push(await rig.status(parts));
    assert.deepEqual(statuses, [202, 202, 480, 480]);
    // Each direction is counted by itself.
    rig.xmpp.write(messageXml({ id: 'd', body: 'x' }));
    await rig.sip.requests.next('the message');
    await rig.until('it has ended', () => rig.held('messages_to_sip') === 0);
  });

  play(
    'who is not believed takes nothing from anybody',
    { ...user, sip: { trusted: ['127.0.0.1/32'] } },
    async (rig) => {
      const stranger = rig.own(await SipPeer.open('127.0.0.3'));
      for (let i = 0; i < 20; i++) stranger.sendRequest(ROMEO, rig.port);
      await rig.until('they were refused', () => rig.counter('stoxgate_sip_refused_total') === 20);
      for (let i = 0; i < 3; i++) assert.equal(await rig.status(ROMEO), 202);
    },
  );
});
