// Any XMPP service is reachable from SIP by its address: people on IRC through biboumi, a component of the same XMPP server.
// Rows ADDR-33, ADDR-53; RFC 5438 for what fails late.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip, TracedMessage } from '../peers/baresip.ts';
import type { Linphone } from '../peers/linphone.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { mustBecome, pause, waitFor } from '../peers/wait.ts';
import { CHANNEL, IrcStage } from './irc-stage.ts';

describe('IRC through biboumi behind prosody', () => {
  let stage: IrcStage;
  /** He has joined the channel, so that biboumi is on IRC for him. */
  let bob: Baresip;
  /** Nobody is on IRC for these two. */
  let dave: Linphone;
  let erin: SipEndpoint;

  before(async () => {
    stage = await IrcStage.open();
    try {
      const contacts = [`sip:${stage.uri('ivy')}`, `sip:${stage.foldedUri('ivy')}`];
      [bob, dave, erin] = await Promise.all([
        stage.lab.baresip('bob', contacts),
        stage.lab.linphone('dave', { cpim: true, imdn: true }),
        stage.lab.sip('erin'),
      ]);
      await stage.joinFor('bob', bob.instance);
      await stage.lab.gateway.start();
      await stage.lab.gateway.healthy();
    } catch (error) {
      await stage.close();
      throw error;
    }
  });
  after(() => stage.close());

  /** The MESSAGE by which a text reached Bob's phone. */
  const atBob = (text: string): Promise<TracedMessage> =>
    mustBecome(`"${text}" at Bob's phone`, () => bob.received.find(({ body }) => body === text), 10_000);

  /** Who it says it is from, and whether the gateway's address of a nick is meant by it. */
  const sender = (message: TracedMessage): string =>
    /^From: .*?<sip:([^>;]+)/im.exec(message.head)?.[1] ?? '';

  test('a phone (baresip) writes to a nick by the escaped address, and has the answer from that address', async () => {
    await bob.message(`sip:${stage.uri('ivy')}`, 'Hello from a desk phone');
    assert.deepEqual(await stage.ivy.text('Hello from a desk phone'), {
      from: 'bob',
      to: 'ivy',
      text: 'Hello from a desk phone',
    });
    stage.ivy.write('bob', 'Hello from IRC — ☺');
    assert.equal(sender(await atBob('Hello from IRC — ☺')), stage.uri('ivy'));
  });

  test('XEP-0106, ADDR-53: by the folded address it is the same nick', async () => {
    await bob.message(`sip:${stage.foldedUri('ivy')}`, 'By the long way round');
    assert.equal((await stage.ivy.text('By the long way round')).to, 'ivy');
  });

  test('RFC 6121 §8.5.2.1.1, IM-07: a line of the channel is for nobody, and he stays on IRC', async () => {
    stage.ivy.write(CHANNEL, 'Good morning, all');
    stage.ivy.write('bob', 'Are you still there?');
    await atBob('Are you still there?');
    await bob.message(`sip:${stage.uri('ivy')}`, 'I am');
    await stage.ivy.text('I am');
    assert.equal(
      bob.received.some(({ body }) => body === 'Good morning, all'),
      false,
    );
    assert.equal(
      stage.ivy.lines.some((line) => /^:bob!\S+ (?:PART|QUIT)/.test(line)),
      false,
    );
  });

  test('a channel is refused, by either address and whoever asks: nobody joins it yet', async () => {
    for (const uri of [stage.uri(CHANNEL), stage.foldedUri(CHANNEL)]) {
      const { status, response } = await erin.message(uri, 'To all of you');
      assert.equal(status, 501);
      assert.match(response?.startLine ?? '', /Channels of IRC cannot be joined from SIP/);
    }
    await pause(300);
    assert.equal(
      stage.ivy.texts.some(({ text }) => text === 'To all of you'),
      false,
    );
  });

  test('RFC 5438 §7.2.1: who is not on IRC is told that it failed, if the phone (linphone) asks', async () => {
    dave.send(stage.uri('ivy'), 'Nobody is on IRC for me');
    const failed = (): boolean =>
      dave.agent.events.some(
        (e) =>
          e.event === 'message-state' &&
          e['state'] === 'not-delivered' &&
          e['text'] === 'Nobody is on IRC for me',
      );
    assert.ok(await waitFor(failed, 10_000), JSON.stringify(dave.agent.events.slice(-5)));
    assert.equal(
      stage.ivy.texts.some(({ text }) => text === 'Nobody is on IRC for me'),
      false,
    );
  });

  test('RFC 3428 §7: else 202 stands, which promises nobody anything, and the log has the loss', async () => {
    const lost = (): number => stage.lab.gateway.logged('message.lost').length;
    const before = lost();
    assert.equal((await erin.message(stage.uri('ivy'), 'Nor for me')).status, 202);
    assert.ok(await waitFor(() => lost() > before, 15_000));
    const [line] = stage.lab.gateway.logged('message.lost').slice(-1);
    assert.deepEqual([line?.['from'], line?.['condition']], [stage.jid('ivy'), 'remote-server-not-found']);
  });
});
