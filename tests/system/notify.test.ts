// NOTIFY at a whole gateway that has subscribed to nothing: who may send one, and what it is answered (RFC 6665 §4.1.3,
// RFC 3261 §8.2, row SIPT-06).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header } from '../peers/sip-text.ts';
import { stage, play } from './rig.ts';
import { SipPeer, unique, type RequestParts } from './sip-peer.ts';

const notify = (
  parts: RequestParts = {},
  more: readonly (readonly [string, string])[] = [],
): RequestParts => ({
  method: 'NOTIFY',
  uri: 'sip:127.0.0.1',
  from: '<sip:romeo@example.net>',
  to: '<sip:stoxgate@example.com>;tag=ours',
  contentType: 'application/reginfo+xml',
  body: '<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full"/>',
  ...parts,
  headers: [['Contact', '<sip:romeo@127.0.0.1>'], ...more],
});
const REG = ['Event', 'reg'] as const;
const ACTIVE = ['Subscription-State', 'active'] as const;

describe('a trusted source', () => {
  const rig = stage();
  const cases: readonly (readonly [string, RequestParts, number])[] = [
    ['that belongs to no subscription', notify({}, [REG, ACTIVE]), 481],
    ['without a To tag', notify({ to: '<sip:stoxgate@example.com>' }, [REG, ACTIVE]), 481],
    ['of a package that nobody asks for', notify({}, [['Event', 'dialog'], ACTIVE]), 489],
    ['without Event', notify({}, [ACTIVE]), 400],
    ['with a broken Event', notify({}, [['Event', ';id=1'], ACTIVE]), 400],
    ['with a From that is no SIP URI', notify({ from: '<tel:+123>' }, [REG, ACTIVE]), 400],
    ['that requires an extension', notify({}, [REG, ACTIVE, ['Require', 'foo']]), 420],
    ['in a coding', notify({}, [REG, ACTIVE, ['Content-Encoding', 'gzip']]), 415],
    ['without hops', notify({ maxForwards: 0 }, [REG, ACTIVE]), 483],
  ];
  for (const [what, parts, status] of cases) {
    test(`${what}: ${status}`, async () => assert.equal(await rig().status(parts), status));
  }
  test('a SUBSCRIBE to a package that is only subscribed to: 489, and Allow-Events names those that are served', async () => {
    const headers = [REG, ['Contact', '<sip:romeo@127.0.0.1>']] as const;
    const response = await rig().ask({ method: 'SUBSCRIBE', callId: unique('s'), headers });
    assert.match(response.startLine, / 489 /);
    assert.equal(header(response, 'allow-events'), 'presence');
  });
  test('nothing is held', () => assert.equal(rig().held('subscriptions'), 0));
});

play('a source that is not trusted: 403', {}, async (rig) => {
  const stranger = rig.own(await SipPeer.open('127.0.0.2'));
  const response = await stranger.ask(notify({}, [REG, ACTIVE]), rig.port);
  assert.match(response.startLine, / 403 /);
  assert.equal(rig.counter('stoxgate_sip_notify_total'), 0);
});

play(
  'a source that may speak for another domain only: 403',
  { sip: { trusted: [{ network: '127.0.0.1/32', domains: ['example.org'] }] } },
  async (rig) => {
    assert.equal(await rig.status(notify({}, [REG, ACTIVE])), 403);
    assert.equal(await rig.status(notify({ from: '<sip:romeo@EXAMPLE.org>' }, [REG, ACTIVE])), 481);
  },
);
