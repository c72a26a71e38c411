// Everything that has to do with reports, both ways, put together: what start.ts sees of it.

import {
  fillRandom,
  Tokens,
  type Clock,
  type Counters,
  type Log,
  type Random,
  type Store,
} from '../../base/index.ts';
import { PEERS_COLLECTION, REPORTS_COLLECTION } from '../../interwork/message/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { AskedReports } from './asked-reports.ts';
import type { ErrorReports } from './error-reports.ts';
import type { ReportSink } from './open-message.ts';
import type { ToSipOutcomes, ToXmppOutcomes } from './outcomes.ts';
import { OwedReports } from './owed-reports.ts';
import { Peers } from './peers.ts';
import { ReportStore } from './report-store.ts';

const KEY_OCTETS = 32;

export interface ReportDeskEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Live;
  readonly outcomes: ToXmppOutcomes;
  readonly toSipOutcomes: ToSipOutcomes;
  readonly stanzas: ErrorReports;
  /** Notifications to SIP. */
  readonly sink: ReportSink;
  /** undefined: one that ends with this process. */
  readonly keys: readonly Uint8Array[] | undefined;
  groupFor(domain: string): LinkGroup | undefined;
}

export class ReportDesk {
  readonly tokens: Tokens;
  readonly peers: Peers;
  readonly asked: AskedReports;
  readonly owed: OwedReports;
  readonly #store: ReportStore;

  constructor(env: ReportDeskEnv) {
    this.tokens = new Tokens(env.keys ?? [ephemeralKey()], env.random);
    this.#store = new ReportStore(env);
    this.peers = new Peers(env);
    this.asked = new AskedReports({ ...env, tokens: this.tokens, peers: this.peers, store: this.#store });
    this.owed = new OwedReports({ ...env, store: this.#store });
  }

  /** What an earlier process has left is there before the first message comes in. */
  async attach(store: Store | undefined): Promise<void> {
    if (store === undefined) return;
    this.#store.attach(await store.collection(REPORTS_COLLECTION));
    await this.peers.attach(await store.collection(PEERS_COLLECTION));
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.asked.sweep();
    this.owed.sweep();
    this.peers.sweep();
    this.#store.sweep();
  }

  sizes(): Record<'reports_owed' | 'reports_asked' | 'sip_peers', number> {
    return { reports_owed: this.owed.size, reports_asked: this.asked.size, sip_peers: this.peers.size };
  }
}

function ephemeralKey(): Uint8Array {
  const key = new Uint8Array(KEY_OCTETS);
  fillRandom(key);
  return key;
}
