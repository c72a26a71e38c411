// The restart matrix of presence: each process is killed and started again while an XMPP user and a phone watch each other,
// agreed or undecided. Within one refresh both see the truth again, nobody was asked in a storm, and no user did anything.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pause } from '../peers/wait.ts';
import type { XmppServerKind } from '../peers/xmpp-server.ts';
import { FULL_MATRIX, ONE_SERVER } from './lab.ts';
import { PresenceStage, type Asked } from './presence-stage.ts';

interface Fault {
  readonly name: string;
  /** Seconds that a phone grants; the gateway refreshes after half of them when they are few. */
  readonly granted: number;
  /** It comes and goes, and in the middle of it something changes. */
  strike(stage: PresenceStage): Promise<void>;
  /** What it may cost at most; each is counted from the fault to the moment when everybody sees the truth. */
  readonly costs: Asked;
}

const DOWN_MS = 1500;
const LONG = 600;
const SHORT = 24;
/** A refresh of a phone, or of the gateway (after 12 of 24 s), and two notifications that are five seconds apart. */
const SETTLE_MS = 26_000;
/** A change, when nothing else goes on: PRES-46 and RFC 3856 §6.10. */
const CHANGE_MS = 12_000;

/** jabberd2 hands on every question, also one that its user has before him; each pair may be asked about once more. */
const PAIRS = 3;

const FAULTS: readonly Fault[] = [
  {
    name: 'the gateway, SIGKILL',
    granted: LONG,
    async strike(stage) {
      await stage.lab.gateway.kill();
      stage.phonesAre('closed');
      stage.show('dnd');
      await pause(DOWN_MS);
      await stage.lab.gateway.start();
    },
    costs: { phones: 3, dialogs: 0, tries: 0, subscribes: 0 },
  },
  {
    name: 'the gateway, SIGTERM',
    granted: LONG,
    async strike(stage) {
      await stage.lab.gateway.stop();
      stage.phonesAre('closed');
      stage.show('dnd');
      await pause(DOWN_MS);
      await stage.lab.gateway.start();
    },
    costs: { phones: 3, dialogs: 0, tries: 0, subscribes: 0 },
  },
  {
    name: 'the XMPP server, SIGKILL',
    granted: SHORT,
    async strike(stage) {
      await stage.lab.server.kill();
      stage.phonesAre('closed');
      await pause(DOWN_MS);
      await stage.lab.server.start();
      await stage.clientsAreBack();
      stage.show('dnd');
    },
    costs: { phones: 9, dialogs: 3, tries: 0, subscribes: 2 },
  },
  {
    name: 'the SIP proxy, SIGKILL',
    granted: SHORT,
    async strike(stage) {
      await stage.lab.kamailio.kill();
      stage.phonesAre('closed');
      stage.show('dnd');
      await pause(DOWN_MS);
      await stage.lab.kamailio.start();
    },
    costs: { phones: 9, dialogs: 3, tries: 0, subscribes: 0 },
  },
  {
    name: 'the phone, without a word',
    granted: SHORT,
    async strike(stage) {
      await stage.killPhones();
      stage.show('dnd');
      await pause(DOWN_MS);
      await stage.startPhones();
      stage.phonesAre('closed');
    },
    costs: { phones: 9, dialogs: 3, tries: 6, subscribes: 2 },
  },
  {
    name: 'the XMPP client, without a word',
    granted: SHORT,
    async strike(stage) {
      await stage.killClients();
      stage.phonesAre('closed');
      await pause(DOWN_MS);
      await stage.startClients();
    },
    costs: { phones: 9, dialogs: 3, tries: 0, subscribes: 2 },
  },
];

for (const server of ONE_SERVER) {
  describe(`presence when a process is killed, ${server}`, { concurrency: FULL_MATRIX ? 2 : 3 }, () => {
    for (const fault of FAULTS) test(fault.name, () => play(server, fault));
  });
}

async function play(server: XmppServerKind, fault: Fault): Promise<void> {
  const stage = await PresenceStage.open(server, fault.granted);
  try {
    const before = stage.asked();
    await fault.strike(stage);
    await stage.agrees(SETTLE_MS);
    const cost = less(stage.asked(), before);
    process.stdout.write(`${fault.name}: ${JSON.stringify(cost)}\n`);
    for (const what of ['phones', 'dialogs', 'tries', 'subscribes'] as const) {
      const repeated = what === 'subscribes' && server === 'jabberd2' ? PAIRS : 0;
      assert.ok(cost[what] <= fault.costs[what] + repeated, `${what}: ${JSON.stringify(cost)}`);
    }
    // What happens from now on is seen as if nothing had been.
    stage.phonesAre('open');
    stage.show('xa');
    stage.decide();
    await stage.agrees(CHANGE_MS);
  } finally {
    await stage.close();
  }
}

function less(now: Asked, before: Asked): Asked {
  return {
    phones: now.phones - before.phones,
    dialogs: now.dialogs - before.dialogs,
    tries: now.tries - before.tries,
    subscribes: now.subscribes - before.subscribes,
  };
}
