// The faults, as data: what is done to whom, how it is undone, how one sees that it was felt, and what may come of it
// that is not "once" or "reported", with the reason why nobody could do better. Anything else fails.

import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../peers/wait.ts';
import { KamailioSipEnd } from './ends.ts';
import type { Direction, Entry, Fate } from './ledger.ts';
import { silentZone, zoneOf, type Stage, type StageOptions } from './stage.ts';

/** What was done in one row, for whoever explains its losses. */
export interface Deed {
  /** When something was killed, in milliseconds of the monotonic clock. */
  readonly killedMs: number[];
  /** How often somebody felt the fault. */
  felt: number;
}

export type Excuses = Partial<Record<Exclude<Fate, 'once' | 'reported' | 'lost'>, string>>;

export interface Fault {
  readonly name: string;
  readonly stage?: StageOptions;
  strike(stage: Stage, deed: Deed): Promise<void> | void;
  mend(stage: Stage, deed: Deed): Promise<void> | void;
  readonly excuses: Partial<Record<Direction, Excuses>>;
  /** True for a message that is missing where the fault has to be paid for. */
  explains?(entry: Entry, stage: Stage, deed: Deed): boolean;
  /** How long it lasts, when that is longer than the load says. */
  readonly lastsMs?: number;
  /** How long the last outcome may take. */
  readonly patienceMs?: number;
}

/** What the kernel and the gateway may have of a link when it dies, in time; more would be a fault. */
const WINDOW_MS = 300;
const DAY_MS = 86_400_000;
const DISK_KIB = 24_576;
const FIRST_PIECE = 1024 * 1024;
const SHOWN_MS = 500;
/** What is too old is looked for every 10 s. */
const SWEPT_MS = 11_000;

const REPEATED = 'written again with the same id: the confirmation of the first went with the link';
const NO_ACK = 'a component link has no acknowledgement: read or buffered, and not committed';
const IN_THE_WIRE = 'a component link has no acknowledgement: written by the server, and not handed over';
const UNTOLD =
  'it arrived, and its confirmation or answer went with the fault; then the time of the request was over';

const notHandedOver = (entry: Entry, stage: Stage): boolean =>
  !entry.text.startsWith('s2x') && !stage.proxy.handedOver(entry.text);

const HALF_OPEN: Omit<Fault, 'name'> = {
  strike: (stage, deed) => {
    deed.felt += 1;
    stage.proxy.deafen();
  },
  mend: () => undefined,
  explains: notHandedOver,
  excuses: {
    s2x: { duplicated: REPEATED, both: UNTOLD },
    x2s: { window: IN_THE_WIRE },
    kept: { window: IN_THE_WIRE },
  },
  patienceMs: 45_000,
};

export const FAULTS: readonly Fault[] = [
  {
    name: 'SIP silence',
    strike: (stage, deed) => answerAll(stage, deed, 0),
    mend: answerAsEver,
    excuses: {},
    patienceMs: 60_000,
  },
  {
    name: 'DNS gone',
    stage: { dns: true },
    // The gateway goes on with what it knows for a minute at least; a reload makes it ask again.
    strike: (stage) => {
      if (stage.dns === undefined || stage.gateway.pid === undefined) return;
      stage.dns.zone = silentZone();
      stage.dns.asked.length = 0;
      process.kill(stage.gateway.pid, 'SIGHUP');
    },
    mend: (stage, deed) => {
      if (stage.dns === undefined || stage.sip.port === undefined) return;
      deed.felt += stage.dns.asked.length;
      stage.dns.zone = zoneOf(stage.sip.port);
    },
    excuses: {},
    // Two tries of 1.5 s, and some for those that then hear of it.
    lastsMs: 4500,
    patienceMs: 45_000,
  },
  {
    name: 'TCP half-open',
    ...HALF_OPEN,
  },
  {
    // docs/operation.md, "What the servers around it do": with component_conflict_resolve = "kick_old".
    name: 'TCP half-open, Prosody',
    stage: { prosody: true },
    ...HALF_OPEN,
  },
  {
    name: 'TCP cut',
    strike: (stage, deed) => {
      deed.felt += 1;
      stage.proxy.cut();
    },
    mend: () => undefined,
    explains: notHandedOver,
    excuses: {
      s2x: { duplicated: REPEATED, both: UNTOLD },
      x2s: { window: IN_THE_WIRE },
      kept: { window: IN_THE_WIRE },
    },
  },
  {
    name: 'SIGKILL gateway',
    // So that there is something under way when it dies; to a phone that knows a request by its branch alone, as most do.
    stage: { answerMs: 100, merges: false },
    strike: async (stage, deed) => {
      deed.felt += 1;
      deed.killedMs.push(performance.now());
      await stage.gateway.kill();
    },
    mend: async (stage) => {
      await stage.gateway.start();
      await stage.gateway.healthy();
    },
    explains: (entry, stage, deed) =>
      notHandedOver(entry, stage) ||
      deed.killedMs.some((at) => entry.sentMs > at - WINDOW_MS && entry.sentMs < at + WINDOW_MS),
    excuses: {
      s2x: { duplicated: REPEATED, both: UNTOLD },
      x2s: { window: NO_ACK, both: 'its error was written and not confirmed, so it was sent again' },
      kept: { window: NO_ACK },
    },
    patienceMs: 45_000,
  },
  {
    name: 'SIGKILL Prosody',
    stage: { prosody: true },
    strike: async (stage, deed) => {
      deed.felt += 1;
      await stage.prosody?.kill();
    },
    mend: (stage) => stage.prosody?.start(),
    explains: notHandedOver,
    excuses: {
      s2x: { duplicated: REPEATED, both: UNTOLD },
      x2s: { window: IN_THE_WIRE },
      kept: { window: IN_THE_WIRE },
    },
    patienceMs: 45_000,
  },
  {
    name: 'SIGKILL Kamailio',
    stage: { kamailio: true },
    strike: async (stage, deed) => {
      deed.felt += 1;
      await stage.kamailio?.kill();
    },
    mend: async (stage) => {
      await stage.kamailio?.start();
      // Its registrations were in memory.
      if (stage.sip instanceof KamailioSipEnd) await stage.sip.register();
    },
    excuses: {
      s2x: { both: 'the proxy died with the answer; the next one challenged the retransmission' },
      x2s: { both: 'the proxy died with the answer; the retransmission met 482 at the receiver, or nobody' },
    },
    patienceMs: 60_000,
  },
  {
    name: 'SIP 503',
    strike: (stage, deed) => answerAll(stage, deed, 503),
    mend: answerAsEver,
    excuses: {},
  },
  {
    name: 'disk full',
    stage: { diskKiB: DISK_KIB },
    strike: (stage) => fill(stage.storeFolder),
    mend: async (stage, deed) => {
      // What was kept before goes out now, and its records cannot be taken out.
      await stage.sip.show();
      await pause(SHOWN_MS);
      deed.felt += await stage.figure('stoxgate_store_failed_commits_total');
      rmSync(ballast(stage.storeFolder), { force: true });
    },
    excuses: {},
  },
  {
    name: 'clock + 8 days',
    strike: (stage, deed) => {
      deed.felt += 1;
      stage.shiftClock(8 * DAY_MS);
    },
    mend: (stage) => stage.shiftClock(0),
    excuses: {},
    lastsMs: SWEPT_MS,
  },
  {
    name: 'clock - 8 days',
    strike: (stage, deed) => {
      deed.felt += 1;
      stage.shiftClock(-8 * DAY_MS);
    },
    mend: () => undefined,
    excuses: {},
    lastsMs: SWEPT_MS,
  },
];

/** The SIP side gives this status, or nothing for 0, to whatever is new, and keeps to it in retransmissions. */
function answerAll(stage: Stage, deed: Deed, status: number): void {
  stage.sip.override = () => {
    deed.felt += 1;
    return status;
  };
}

function answerAsEver(stage: Stage): void {
  stage.sip.override = undefined;
}

const ballast = (folder: string): string => join(folder, 'ballast');

/** To the last page; whoever writes meanwhile makes it a race. */
function fill(folder: string): void {
  for (let octets = FIRST_PIECE; octets >= 1; octets >>= 1) {
    try {
      for (;;) appendFileSync(ballast(folder), Buffer.alloc(octets));
    } catch {
      // A smaller piece may still fit.
    }
  }
}
