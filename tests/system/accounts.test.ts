// Who is not of a trusted network proves by a digest who he is (`sip.users`; SIPT-06, RFC 3261 §22, RFC 7616, RFC 8760).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { pause, play, type Rig } from './rig.ts';
import { textOf, unique, type RequestParts } from './sip-peer.ts';

const BOB = { user: 'bob', realm: 'example.net', password: 'opensesame' };
const ACCOUNTS = {
  sip: ({ sipPort }: { readonly sipPort: number }) => ({
    next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
    trusted: [],
    users: [
      { ...BOB, from: ['bob@example.net', 'robert@example.net'] },
      { user: 'desk', realm: 'example.net', password: 'secret2', from: ['*@branch.example.net'] },
    ],
  }),
  domains: [
    { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    { home: 'sip', sip: 'branch.example.net', xmpp: 'branch.example.net' },
    { home: 'sip', sip: 'other.example', xmpp: 'other.example' },
    { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  ],
};

interface Answering {
  readonly user?: string;
  readonly password?: string;
  readonly algorithm?: 'SHA-256' | 'MD5';
  readonly qop?: 'auth' | 'auth-int';
  readonly nc?: number;
  readonly uri?: string;
}

/** The Authorization for a 401, worked out by RFC 7616 §3.4.1 in this file alone. */
function answerTo(
  challenged: SipText,
  parts: RequestParts,
  given: Answering = {},
): readonly [string, string] {
  const { user = 'bob', password = 'opensesame', algorithm = 'SHA-256', qop = 'auth', nc = 1 } = given;
  const challenge = (challenged.headers.get('www-authenticate') ?? []).find((value) =>
    value.includes(`algorithm=${algorithm}`),
  );
  const value = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge ?? '')?.[1] ?? '';
  const hash = (text: string | Uint8Array): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const uri = given.uri ?? parts.uri ?? 'sip:juliet@example.com';
  const count = nc.toString(16).padStart(8, '0');
  const method = parts.method ?? 'MESSAGE';
  const a2 = qop === 'auth-int' ? `${method}:${uri}:${hash(parts.body ?? '')}` : `${method}:${uri}`;
  const response = hash(
    [hash(`${user}:${value('realm')}:${password}`), value('nonce'), count, 'c0', qop, hash(a2)].join(':'),
  );
  return [
    'Authorization',
    `Digest username="${user}", realm="${value('realm')}", nonce="${value('nonce')}", uri="${uri}", ` +
      `response="${response}", algorithm=${algorithm}, cnonce="c0", qop=${qop}, nc=${count}`,
  ];
}

/** One request, challenged and answered. */
async function authenticated(rig: Rig, parts: RequestParts, given: Answering = {}): Promise<SipText> {
  const challenged = await rig.ask(parts);
  assert.equal(statusOf(challenged), 401);
  return rig.ask({ ...parts, cseq: 2, headers: [answerTo(challenged, parts, given)] });
}

const FROM_BOB = { from: '<sip:bob@example.net>', body: 'hello' };

describe('digest authentication of SIP users', { concurrency: true }, () => {
  for (const algorithm of ['SHA-256', 'MD5'] as const) {
    for (const qop of ['auth', 'auth-int'] as const) {
      play(`RFC 8760: ${algorithm} with ${qop}: 401, then accepted and delivered`, ACCOUNTS, async (rig) => {
        const answer = await authenticated(rig, FROM_BOB, { algorithm, qop });
        assert.equal(statusOf(answer), 202);
        const stanza = await rig.xmpp.stanzas.next('the message');
        assert.equal(stanza.attr('from'), 'bob@example.net');
        assert.equal(
          rig.gateway.counters.counter('stoxgate_sip_believed_total', '', { by: 'digest' }).value,
          1,
        );
      });
    }
  }

  play('RFC 3261 §8.2.7: a challenge makes no transaction, and nothing crosses', ACCOUNTS, async (rig) => {
    const challenged = await rig.ask(FROM_BOB);
    assert.equal(statusOf(challenged), 401);
    const offered = challenged.headers.get('www-authenticate') ?? [];
    assert.deepEqual(
      offered.map((value) => /algorithm=([^,]+)/.exec(value)?.[1]),
      ['SHA-256', 'MD5'],
    );
    assert.equal(rig.held('server_transactions') + rig.held('completed_transactions'), 0);
    await pause(50);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  play(
    'one nonce serves many requests by its count; a request that is repeated is not done again',
    ACCOUNTS,
    async (rig) => {
      const challenged = await rig.ask(FROM_BOB);
      for (let nc = 1; nc <= 5; nc++) {
        const parts = { ...FROM_BOB, cseq: nc + 1, headers: [answerTo(challenged, FROM_BOB, { nc })] };
        assert.equal(await rig.status(parts), 202);
      }
      // RFC 7616 §3.4: recorded, and sent again with another text, which qop=auth does not cover.
      const replay = { ...FROM_BOB, body: 'forged', headers: [answerTo(challenged, FROM_BOB, { nc: 3 })] };
      const refused = await rig.ask(replay);
      assert.equal(statusOf(refused), 401);
      assert.ok(
        (refused.headers.get('www-authenticate') ?? []).every((value) => value.includes('stale=true')),
      );
      await pause(50);
      assert.equal(rig.xmpp.stanzas.all.length, 5);
      assert.ok(rig.xmpp.stanzas.all.every((stanza) => stanza.child('body')?.text() === 'hello'));
    },
  );

  play('a retransmission of an accepted request meets its answer, not a challenge', ACCOUNTS, async (rig) => {
    const challenged = await rig.ask(FROM_BOB);
    const branch = `z9hG4bK${unique('b')}`;
    const parts = {
      ...FROM_BOB,
      ...{ cseq: 2, branch, callId: unique('c'), fromTag: 't' },
      headers: [answerTo(challenged, FROM_BOB)],
    };
    assert.equal(await rig.status(parts), 202);
    assert.equal(await rig.status(parts), 202);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });

  const refused: readonly (readonly [string, RequestParts, Answering, number, string])[] = [
    ['another password', FROM_BOB, { password: 'guess' }, 401, 'stoxgate_sip_challenges_total'],
    ['an unknown user', FROM_BOB, { user: 'mallory' }, 401, 'stoxgate_sip_challenges_total'],
    [
      'RFC 7616 §3.4.6: the uri of another request',
      FROM_BOB,
      { uri: 'sip:nurse@example.com' },
      400,
      'stoxgate_sip_refused_total',
    ],
    [
      'SIPT-06: the From of somebody else',
      { ...FROM_BOB, from: '<sip:alice@example.net>' },
      {},
      403,
      'stoxgate_sip_refused_total',
    ],
    [
      'SIPT-06: the From of another domain of the realm',
      { ...FROM_BOB, from: '<sip:bob@branch.example.net>' },
      {},
      403,
      'stoxgate_sip_refused_total',
    ],
  ];
  for (const [what, parts, given, status, counter] of refused) {
    play(`${what}: ${status}, counted, and nothing crosses`, ACCOUNTS, async (rig) => {
      const before = rig.counter(counter);
      assert.equal(statusOf(await authenticated(rig, parts, given)), status);
      assert.ok(rig.counter(counter) > before);
      await pause(50);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    });
  }

  play('`from`: other addresses of a user, and a whole domain', ACCOUNTS, async (rig) => {
    const robert = { from: '"Bob" <sip:Robert@EXAMPLE.net>', body: 'x' };
    assert.equal(statusOf(await authenticated(rig, robert)), 202);
    const desk = { from: '<sip:anybody@branch.example.net>', body: 'x' };
    // No component speaks for that domain here: the digest was right, and then it is 403 for want of a link.
    assert.equal(statusOf(await authenticated(rig, desk, { user: 'desk', password: 'secret2' })), 403);
    assert.equal(rig.counter('stoxgate_sip_refused_total'), 0);
  });

  play(
    'a domain that nobody may authenticate for is refused at once, 403, without a challenge',
    ACCOUNTS,
    async (rig) => {
      assert.equal(await rig.status({ from: '<sip:x@other.example>', body: 'x' }), 403);
      assert.equal(await rig.status({ from: '<sip:x@unknown.example>', body: 'x' }), 403);
      assert.equal(rig.counter('stoxgate_sip_challenges_total'), 0);
    },
  );

  for (const method of ['MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'OPTIONS', 'NOTIFY', 'INVITE']) {
    play(`${method} is challenged`, ACCOUNTS, async (rig) => {
      const more = method === 'SUBSCRIBE' || method === 'PUBLISH' ? [['Event', 'presence'] as const] : [];
      assert.equal(await rig.status({ ...FROM_BOB, method, body: '', headers: more }), 401);
    });
  }

  for (const method of ['CANCEL', 'ACK']) {
    play(`RFC 3261 §22.1: ${method} is never challenged`, ACCOUNTS, async (rig) => {
      const branch = rig.sip.sendRequest({ ...FROM_BOB, method, body: '' }, rig.port);
      if (method === 'CANCEL') assert.equal(statusOf(await rig.sip.final(branch)), 481);
      else await pause(100);
      assert.equal(rig.counter('stoxgate_sip_challenges_total'), 0);
      assert.ok(rig.sip.responses.all.every((response) => statusOf(response) !== 401));
    });
  }

  play(
    'a scanner has a bounded number of answers, and others are answered meanwhile',
    ACCOUNTS,
    async (rig) => {
      for (let i = 0; i < 1000; i++) rig.sip.sendRequest({ ...FROM_BOB, body: `noise ${i}` }, rig.port);
      await rig.until('all were counted', () => rig.counter('stoxgate_sip_challenges_total') >= 1000);
      await pause(100);
      const answers = rig.sip.responses.all.length;
      assert.ok(answers >= 100 && answers <= 300, `${answers} answers`);
      assert.equal(rig.held('completed_transactions'), 0);
      assert.equal(rig.held('digest_nonces'), 0);
      const { SipPeer } = await import('./sip-peer.ts');
      const other = rig.own(await SipPeer.open('127.0.0.2'));
      assert.equal(statusOf(await other.ask(FROM_BOB, rig.port)), 401);
    },
  );

  play('a reload makes nonces stale, and takes new passwords', ACCOUNTS, async (rig) => {
    const challenged = await rig.ask(FROM_BOB);
    const users = [{ ...BOB, password: 'changed' }];
    await rig.gateway.reload(rig.config({ sip: { trusted: [], users } }));
    const old = { ...FROM_BOB, cseq: 2, headers: [answerTo(challenged, FROM_BOB)] };
    assert.equal(await rig.status(old), 401);
    assert.equal(statusOf(await authenticated(rig, FROM_BOB, { password: 'changed' })), 202);
  });

  play('the header fields of a challenge stand where a proxy looks for them', ACCOUNTS, async (rig) => {
    const challenged = await rig.ask(FROM_BOB);
    assert.equal(header(challenged, 'proxy-authenticate'), '');
    assert.equal(textOf(challenged), '');
  });
});
