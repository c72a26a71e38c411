// examples/two-names as it stands in the repository, between a real XMPP server, a real proxy, a phone and a chat client:
// chat and phones of one domain under two names (ADDR-53).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { mustBecome, pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { notifications } from './phone-notifications.ts';
import { TwoNamesStage } from './two-names-stage.ts';

/** In chat, and on phones. */
const BOB = { chat: 'bob@phones.corp.example', sip: 'bob@corp.example' };
const ANN = { chat: 'ann@corp.example', sip: 'ann@chat.corp.example' };
const ANNS_PHONE = { chat: 'ann@phones.corp.example', sip: 'ann@corp.example' };
/** Five seconds may lie between two notifications (RFC 3856 §6.10). */
const PATIENCE_MS = 15_000;

describe('examples/two-names', () => {
  let stage: TwoNamesStage;
  let ann: XmppClient;
  let annsPhone: SipEndpoint;
  let bob: Baresip;

  before(async () => {
    stage = await TwoNamesStage.open();
  });
  after(() => stage.close());

  test('`check` finds nothing wrong; the gateway starts', async () => {
    assert.match(await stage.check(), /^\S+: nothing wrong\n$/);
    await stage.gateway.start();
    await stage.gateway.healthy();
    [ann, annsPhone, bob] = await Promise.all([
      stage.chat(),
      stage.annsPhone(),
      stage.phone([`sip:${ANN.sip}`, `sip:${ANNS_PHONE.sip}`]),
    ]);
  });

  const atBob = async (text: string): Promise<string> => {
    const come = (): string | undefined => bob.received.find(({ body }) => body === text)?.head;
    return await mustBecome(`"${text}" at Bob's phone`, come, PATIENCE_MS);
  };

  test('Ann writes to Bob’s desk phone, and he sees an address that he can answer to', async () => {
    ann.send({ to: BOB.chat, body: 'Lunch at noon?' });
    const head = await atBob('Lunch at noon?');
    assert.match(head, /^From: .*<sip:ann@chat\.corp\.example;gr=computer>/im);
    assert.match(head, /^To: <sip:bob@corp\.example>/im);
  });

  test('Bob writes to Ann’s chat, and she sees an address that she can answer to', async () => {
    await bob.message(`sip:${ANN.sip}`, 'Noon it is');
    const message = await ann.message(({ body }) => body === 'Noon it is');
    assert.equal(message.sender, BOB.chat);
  });

  test('Ann’s desk phone has Ann’s name on the phones: Bob reaches it there, and not her chat', async () => {
    await bob.message(`sip:${ANNS_PHONE.sip}`, 'To your phone');
    assert.ok(await waitFor(() => annsPhone.bodies.includes('To your phone'), PATIENCE_MS));
    await pause(300);
    assert.equal(
      ann.received.some(({ body }) => body === 'To your phone'),
      false,
    );
  });

  test('Ann’s desk phone and Ann’s chat are two addresses, which write to each other', async () => {
    ann.send({ to: ANNS_PHONE.chat, body: 'From my computer' });
    assert.ok(await waitFor(() => annsPhone.bodies.includes('From my computer'), PATIENCE_MS));
    assert.equal((await annsPhone.message(ANN.sip, 'From my phone')).status, 202);
    const message = await ann.message(({ body }) => body === 'From my phone');
    assert.equal(message.sender, ANNS_PHONE.chat);
  });

  test('RFC 8048 §5.2: Ann sees Bob’s phone come and go', async () => {
    const shown = (): string[] =>
      ann.presences.filter(({ sender }) => sender.startsWith(BOB.chat)).map(({ type }) => type);
    const becomes = async (type: string): Promise<void> => {
      assert.ok(await waitFor(() => shown().at(-1) === type, PATIENCE_MS), JSON.stringify(shown()));
    };
    await bob.presence('online');
    ann.presence(BOB.chat, 'subscribe');
    await waitFor(() => shown().includes('subscribed'), PATIENCE_MS);
    await becomes('available');
    await bob.presence('offline');
    await becomes('unavailable');
  });

  test('RFC 8048 §5.3: Bob’s phone asks Ann, and sees her when she has agreed', async () => {
    const told = (): string => notifications(bob, ANN.sip).at(-1) ?? '';
    const becomes = async (what: RegExp): Promise<void> => {
      assert.ok(
        await waitFor(() => what.test(told()), PATIENCE_MS),
        JSON.stringify(notifications(bob, ANN.sip)),
      );
    };
    await becomes(/^pending$/);
    const asked = (): boolean =>
      ann.presences.some(({ sender, type }) => sender === BOB.chat && type === 'subscribe');
    assert.ok(await waitFor(asked, PATIENCE_MS));
    ann.presence(BOB.chat, 'subscribed');
    await becomes(/^active open/);
    ann.sendXml('<presence><show>away</show></presence>');
    await becomes(/^active open away/);
  });

  test('nobody else speaks for the chat: Kamailio refuses a phone that says it is Ann’s chat', async () => {
    const { status } = await annsPhone.message(BOB.sip, 'It is me', { from: ANN.sip });
    assert.equal(status, 403);
  });

  test('ERR-S404, ERR-X20: a name that the other side does not have is told', async () => {
    ann.send({ to: 'nobody@phones.corp.example', body: 'Hello?', id: 'nobody-1' });
    const error = await ann.message(({ id, type }) => id === 'nobody-1' && type === 'error');
    assert.equal(error.condition, 'item-not-found');
    assert.equal((await annsPhone.message('nobody@chat.corp.example', 'Hello?')).status, 480);
  });
});
