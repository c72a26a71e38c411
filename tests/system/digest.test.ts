// Challenges of next hops, answered with sip.credentials (ERR-R4, ERR-S401, ERR-S407; RFC 3261 §22, RFC 8760).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe } from 'node:test';
import { header, type SipText } from '../peers/sip-text.ts';
import { play } from './rig.ts';
import { branchOf, type Answer } from './sip-peer.ts';
import { errorOf, messageXml } from './xmpp-peer.ts';

const CREDENTIALS = { credentials: [{ realm: 'example.net', user: 'gw', password: 'opensesame' }] };
const sip =
  (more: Readonly<Record<string, unknown>>) =>
  ({ sipPort }: { readonly sipPort: number }) => ({
    next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
    ...more,
  });

/** Takes the right answer to its own challenge, worked out by RFC 7616 §3.4.1; challenges everything else. */
function guard(
  status: 401 | 407,
  algorithm: 'MD5' | 'SHA-256',
  more = '',
): (request: SipText) => number | Answer {
  const [ask, answer] =
    status === 401 ? ['WWW-Authenticate', 'authorization'] : ['Proxy-Authenticate', 'proxy-authorization'];
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  let nonce = 0;
  return (request) => {
    const given = header(request, answer);
    const value = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)"?`).exec(given)?.[1] ?? '';
    const ha1 = hash('gw:example.net:opensesame');
    const ha2 = hash(`MESSAGE:${value('uri')}`);
    const right = hash([ha1, value('nonce'), value('nc'), value('cnonce'), 'auth', ha2].join(':'));
    if (given !== '' && value('nonce') === `n${nonce}` && value('response') === right) return 200;
    nonce += 1;
    const challenge = `Digest realm="example.net", nonce="n${nonce}", algorithm=${algorithm}, qop="auth"${more}`;
    return { status, headers: [[ask, challenge]] };
  };
}

describe('digest authentication', () => {
  for (const [status, algorithm] of [
    [401, 'MD5'],
    [407, 'MD5'],
    [401, 'SHA-256'],
    [407, 'SHA-256'],
  ] as const) {
    play(
      `ERR-R4: ${status} with ${algorithm}: once more with credentials, CSeq + 1, a new branch, then 200`,
      { sip: sip(CREDENTIALS) },
      async (rig) => {
        rig.sip.answer = guard(status, algorithm);
        rig.xmpp.write(messageXml({ id: 'd', body: 'x' }));
        const first = await rig.sip.requests.next('the first');
        const second = await rig.sip.requests.next('the second');
        assert.equal(header(first, 'cseq'), '1 MESSAGE');
        assert.equal(header(second, 'cseq'), '2 MESSAGE');
        assert.equal(header(second, 'call-id'), header(first, 'call-id'));
        assert.equal(header(second, 'from'), header(first, 'from'));
        assert.notEqual(branchOf(second), branchOf(first));
        await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
        assert.deepEqual(rig.xmpp.stanzas.all, []);
        assert.equal(rig.sip.requests.all.length, 2);
      },
    );
  }

  for (const [status, condition] of [
    [401, 'not-authorized'],
    [407, 'registration-required'],
  ] as const) {
    play(
      `ERR-S${status}: credentials that are refused: tried once, then ${condition}`,
      {
        sip: sip({ credentials: [{ realm: 'example.net', user: 'gw', password: 'wrong' }] }),
      },
      async (rig) => {
        rig.sip.answer = guard(status, 'MD5');
        rig.xmpp.write(messageXml({ id: 'd', body: 'x' }));
        assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, condition);
        assert.equal(rig.sip.requests.all.length, 2);
      },
    );

    play(
      `ERR-S${status}: no credentials for this realm: ${condition} at once`,
      {
        sip: sip({ credentials: [{ realm: 'other.example', user: 'gw', password: 'opensesame' }] }),
      },
      async (rig) => {
        rig.sip.answer = guard(status, 'MD5');
        rig.xmpp.write(messageXml({ id: 'd', body: 'x' }));
        const error = errorOf(await rig.xmpp.stanzas.next('the error'));
        assert.deepEqual([error.condition, error.type], [condition, 'auth']);
        assert.equal(rig.sip.requests.all.length, 1);
      },
    );
  }

  play(
    'RFC 3261 §22.2: a later message to the same realm needs no second challenge, or answers it',
    { sip: sip(CREDENTIALS) },
    async (rig) => {
      rig.sip.answer = guard(407, 'MD5');
      for (const id of ['one', 'two', 'three']) rig.xmpp.write(messageXml({ id, body: id }));
      await rig.until('all are delivered', () => rig.counter('stoxgate_messages_total') === 3);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    },
  );
});
