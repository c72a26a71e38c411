// The restart matrix of calls: each process is killed, and started again where it makes sense, while five calls are in five states.
// What can go on goes on and is ended from either side; what cannot is ended on its other side, with a reason; `stoxgate call` tells
// one outcome of each, and nothing is left. What takes the standard's long timers is in the long script.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppServerKind } from '../peers/xmpp-server.ts';
import { CALLS, CallsStage, type CallName } from './calls-stage.ts';
import { FULL_MATRIX, ONE_SERVER } from './lab.ts';

interface Fault {
  readonly name: string;
  /** It comes and goes. */
  strike(stage: CallsStage): Promise<void>;
  /** What then becomes of the calls: what each side sees, and what each of them does. */
  settle(stage: CallsStage): Promise<void>;
  /** Something waits for an answer that nobody gives. */
  readonly endsByTimer?: true;
  readonly outcomes: Readonly<Partial<Record<CallName, string>>>;
}

const DOWN_MS = 1500;
const WRITTEN_MS = 200;
/** Nobody answers for 180 s, and some time more. */
const LONG_MS = 240_000;
/** The least that RFC 4028 §5 allows, in seconds. */
const SESSION_TIMER = 90;
const RESTARTED = 'failed gateway 500 restart';

/** The gateway comes back: answered calls go on, those that rang are over on both sides. */
async function afterRestart(stage: CallsStage): Promise<void> {
  const closed = async (name: CallName): Promise<void> => {
    const { phone, client, sid } = stage.call(name);
    const { text } = await phone.event('CALL_CLOSED');
    // Who called hears the status; who was called, that it was cancelled.
    if (name !== 'dialled') assert.match(text, /^500 /, name);
    const end = await (name === 'dialled' ? client.action('session-terminate') : client.proposal('retract'));
    assert.equal(end.sid, sid, name);
    assert.match(end.xml, /general-error/, name);
  };
  await Promise.all([closed('proposed'), closed('rings'), closed('dialled')]);
  await phoneHangsUp(stage, 'up');
  await stage.hold('held', 'active');
  await clientHangsUp(stage, 'held');
}

async function phoneHangsUp(stage: CallsStage, name: CallName): Promise<void> {
  const { phone, client, sid } = stage.call(name);
  await phone.command('hangup');
  await client.action('session-terminate', undefined, sid);
}

async function clientHangsUp(stage: CallsStage, name: CallName): Promise<void> {
  assert.equal(await stage.terminate(name), 'result', name);
  await stage.call(name).phone.event('CALL_CLOSED');
}

/** Nothing was lost: each call goes on from where it was. */
const EACH_GOES_ON: Pick<Fault, 'settle' | 'outcomes'> = {
  async settle(stage) {
    await stage.take('proposed');
    await stage.call('proposed').phone.event('CALL_ESTABLISHED');
    await clientHangsUp(stage, 'proposed');
    stage.reject('rings', 'busy');
    assert.match((await stage.call('rings').phone.event('CALL_CLOSED')).text, /486/);
    await stage.call('dialled').phone.command('accept');
    await stage.call('dialled').client.action('session-accept');
    await phoneHangsUp(stage, 'dialled');
    await phoneHangsUp(stage, 'up');
    await stage.hold('held', 'active');
    await clientHangsUp(stage, 'held');
  },
  outcomes: {
    ...{ proposed: 'ended xmpp', rings: 'busy', dialled: 'ended sip' },
    ...{ up: 'ended sip', held: 'ended xmpp' },
  },
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the gateway, SIGKILL',
    async strike({ lab }) {
      await lab.gateway.kill();
      await pause(DOWN_MS);
      await lab.gateway.start();
    },
    settle: afterRestart,
    outcomes: {
      ...{ proposed: RESTARTED, rings: RESTARTED, dialled: RESTARTED },
      ...{ up: 'ended sip', held: 'ended xmpp' },
    },
  },
  {
    name: 'the gateway, SIGTERM',
    async strike({ lab }) {
      await lab.gateway.stop();
      const told = lab.gateway
        .logged('call.ended')
        .map(({ outcome, why }) => `${String(outcome)} ${String(why)}`);
      assert.deepEqual(
        told,
        Array.from({ length: 3 }, () => 'failed shut down'),
      );
      await pause(DOWN_MS);
      await lab.gateway.start();
    },
    settle: afterRestart,
    // What it told before is in its log: another process is asked.
    outcomes: { up: 'ended sip', held: 'ended xmpp' },
  },
  {
    name: 'the XMPP server, SIGKILL',
    async strike(stage) {
      await stage.lab.server.kill();
      await pause(DOWN_MS);
      await stage.lab.server.start();
      await stage.clientsAreBack();
      await stage.linksAreUp();
    },
    // The clients have the addresses that they had, and know of their calls.
    ...EACH_GOES_ON,
  },
  {
    name: 'the SIP proxy, SIGKILL',
    async strike({ lab }) {
      await lab.kamailio.kill();
      await pause(DOWN_MS);
      await lab.kamailio.start();
    },
    // It knows nothing of their transactions, and hands responses on by their Via.
    ...EACH_GOES_ON,
  },
  {
    name: 'the phones, SIGKILL',
    endsByTimer: true,
    strike: (stage) => stage.killPhones(),
    async settle(stage) {
      stage.reject('proposed', 'decline');
      stage.reject('rings', 'busy');
      for (const name of ['dialled', 'up', 'held'] as const) {
        assert.equal(await stage.terminate(name, name === 'dialled' ? 'cancel' : 'success'), 'result', name);
      }
    },
    outcomes: {
      ...{ proposed: 'declined', rings: 'busy', dialled: 'cancelled' },
      ...{ up: 'ended xmpp', held: 'ended xmpp' },
    },
  },
  {
    name: 'the chat clients, SIGKILL',
    strike: (stage) => stage.killClients(),
    async settle(stage) {
      for (const name of ['proposed', 'rings', 'up', 'held'] as const) {
        await stage.call(name).phone.command('hangup');
      }
      // Who takes a call of somebody who is gone hears so.
      const { phone } = stage.call('dialled');
      await phone.command('accept');
      await phone.event('CALL_CLOSED');
    },
    outcomes: {
      ...{ proposed: 'cancelled', rings: 'cancelled', dialled: 'lost xmpp away' },
      ...{ up: 'ended sip', held: 'ended sip' },
    },
  },
];

/** By a timer that one of the standards has, within so long. */
const FOR_GOOD: readonly Fault[] = [
  {
    name: 'the phones, for good',
    strike: (stage) => stage.killPhones(),
    async settle(stage) {
      // CALL-32: nobody acknowledges the 200.
      await stage.take('proposed');
      await endsAtClient(stage, 'proposed', 'general-error');
      // RFC 4028 §10: a refresh that nobody answers.
      await endsAtClient(stage, 'up', 'timeout');
      await endsAtClient(stage, 'held', 'timeout');
      // Of the proxy (RFC 3261 §16.8, timer C) or CALL-34, whichever is sooner.
      await endsAtClient(stage, 'dialled', 'timeout');
      const { client, sid } = stage.call('rings');
      assert.equal((await client.proposal('retract', LONG_MS)).sid, sid);
    },
    outcomes: {
      ...{ proposed: 'lost sip noAck', rings: 'noAnswer', dialled: 'noAnswer' },
      ...{ up: 'lost sip expired', held: 'lost sip expired' },
    },
  },
  {
    name: 'the chat clients, for good',
    strike: (stage) => stage.killClients(),
    async settle(stage) {
      // The session is asked (XEP-0166 §7.2.10); CALL-34.
      for (const name of ['up', 'held', 'proposed', 'rings', 'dialled'] as const) {
        await stage.call(name).phone.event('CALL_CLOSED', LONG_MS);
      }
    },
    outcomes: {
      ...{ proposed: 'noAnswer', rings: 'noAnswer', dialled: 'noAnswer' },
      ...{ up: 'lost xmpp away', held: 'lost xmpp away' },
    },
  },
  {
    name: 'the SIP proxy, for good',
    strike: ({ lab }) => lab.kamailio.kill(),
    async settle(stage) {
      await endsAtClient(stage, 'up', 'timeout');
      await endsAtClient(stage, 'held', 'timeout');
      await endsAtClient(stage, 'dialled', 'timeout');
      for (const name of ['proposed', 'rings'] as const) {
        const { client, sid } = stage.call(name);
        assert.equal((await client.proposal('retract', LONG_MS)).sid, sid);
      }
    },
    outcomes: {
      ...{ proposed: 'noAnswer', rings: 'noAnswer', dialled: 'noAnswer' },
      ...{ up: 'lost sip expired', held: 'lost sip expired' },
    },
  },
];

async function endsAtClient(stage: CallsStage, name: CallName, condition: string): Promise<void> {
  const { client, sid } = stage.call(name);
  const end = await client.action('session-terminate', LONG_MS, sid);
  assert.match(end.xml, new RegExp(`<[^<]*${condition}`), name);
}

for (const server of ONE_SERVER) {
  describe(`calls when a process is killed, ${server}`, { concurrency: FULL_MATRIX ? 2 : 3 }, () => {
    for (const fault of FAULTS) test(fault.name, () => play(server, fault));
  });
  const skip = FULL_MATRIX ? false : 'minutes: in the long script';
  describe(`calls whose other side is gone, ${server}`, { concurrency: 3, skip }, () => {
    for (const fault of FOR_GOOD) test(fault.name, () => play(server, fault));
  });
}

async function play(server: XmppServerKind, fault: Fault): Promise<void> {
  const began = performance.now();
  const stage = await CallsStage.open(server, { session_timer: SESSION_TIMER });
  const open = performance.now();
  try {
    // What is written is in the store after some milliseconds; what is not has nobody to end it but the timers of its other side.
    await pause(WRITTEN_MS);
    stage.forget();
    await fault.strike(stage);
    await fault.settle(stage);
    for (const name of CALLS) {
      const expected = fault.outcomes[name];
      if (expected !== undefined) assert.deepEqual(await stage.outcomes(name), [expected], name);
    }
    assert.equal((await stage.printed('up')).match(/outcome: /g)?.length, 1);
    // A phone that is dead answers no CANCEL: 64*T1 later it is as if it had (RFC 3261 §9.1). What comes late is known for 32 s.
    const kinds = FULL_MATRIX ? (['calls', 'sip_legs', 'xmpp_legs'] as const) : (['calls'] as const);
    if (!FULL_MATRIX && fault.endsByTimer === true) return;
    const none = await waitFor(async () => (await stage.held(...kinds)) === 0, FULL_MATRIX ? 80_000 : 10_000);
    assert.ok(none, `${kinds.join()}: ${await stage.held(...kinds)}`);
  } finally {
    await stage.close();
    const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);
    process.stdout.write(
      `${fault.name}: ${seconds(began)} s, ${seconds(open)} s of them without the beginning\n`,
    );
  }
}
