// Trust that is taken away while somebody watches, at a whole gateway; case by case in served-review.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header } from '../peers/sip-text.ts';
import { pause, Rig } from './rig.ts';
import { stateOf } from './serve-rig.ts';
import { unique } from './sip-peer.ts';

test('SIGHUP at a whole gateway: the watcher is told, and the contact that he went', async () => {
  // What a test before has closed is gone a moment later, and is not to be counted.
  await pause(50);
  const rig = await Rig.start();
  try {
    await act(rig);
  } catch (error) {
    await rig.stop().catch(() => undefined);
    throw error;
  }
  await rig.stop();
});

async function act(rig: Rig): Promise<void> {
  rig.xmpp.react = (stanza) =>
    stanza.attr('type') === 'subscribe'
      ? `<presence from='juliet@example.com' to='romeo@example.net' type='subscribed'/>`
      : undefined;
  const headers = [
    ['Event', 'presence'],
    ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`],
    ['Expires', '3600'],
  ] as const;
  assert.equal(await rig.status({ method: 'SUBSCRIBE', callId: unique('call'), headers }), 200);
  const notify = async (): Promise<string> => stateOf(await rig.sip.requests.next('a NOTIFY'));
  const told = async (): Promise<string | undefined> =>
    (await rig.xmpp.stanzas.next('a stanza')).attr('type');
  assert.match(await notify(), /^pending/);
  assert.deepEqual([await told(), await told()], ['subscribe', 'probe']);
  assert.match(await notify(), /^active/);
  await rig.gateway.reload(rig.config({ sip: { trusted: ['10.0.0.0/8'] } }));
  const last = await rig.sip.requests.next('the last NOTIFY');
  assert.equal(stateOf(last), 'terminated;reason=rejected');
  assert.equal(header(last, 'content-length'), '0');
  assert.equal(await told(), 'unavailable');
  await rig.until('nothing is left', () => rig.held('served_subscriptions') === 0);
}
