// The parts of the message feature, made and joined: what the composition root sees of it.

import type { Clock, Collection, Counters, Log, Random, Store, Timers } from '../../base/index.ts';
import type { LedgerPage, OutboxRecord } from '../../interwork/message/index.ts';
import type { TransactionLayer } from '../../sip/index.ts';
import { domainOf } from '../address-text.ts';
import type { Config } from '../config/schema.ts';
import type { Links } from '../links.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { AwaitedUsers } from '../registrations/awaited-users.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import { ComposingToSip, ComposingToXmpp } from './composing.ts';
import { Conversations } from './conversations.ts';
import { ErrorReports } from './error-reports.ts';
import { Ledger } from './ledger.ts';
import { Outbox } from './outbox.ts';
import type { Sender } from './outbox-message.ts';
import { ToSipOutcomes, ToXmppOutcomes } from './outcomes.ts';
import { ReportDesk } from './report-desk.ts';
import { ImdnReports } from './reports.ts';
import { SipDeliveries } from './sip-deliveries.ts';
import { ToSipMessages } from './to-sip-messages.ts';
import { ToXmppMessages } from './to-xmpp-messages.ts';

/** How long a message that came too late to be refused may take to be delivered. */
const LATE_MS = 5000;

export interface MessageFeatureEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Live;
  readonly config: Config;
  readonly links: Links;
  readonly transactions: TransactionLayer;
  readonly subscriptions: Subscriptions;
  readonly store: Store;
  readonly outbox: Collection<OutboxRecord>;
  readonly ledger: Collection<LedgerPage>;
  /** See `GatewayEnv`. */
  readonly keys: readonly Uint8Array[] | undefined;
  /** Who asks registrars: a SIP URI of the gateway; called when the listeners are bound. */
  ownUri(): string;
}

export class MessageFeature {
  readonly toXmpp: ToXmppMessages;
  readonly toSip: ToSipMessages;
  readonly reports: ReportDesk;
  readonly ledger: Ledger;
  readonly #env: MessageFeatureEnv;
  readonly #conversations: Conversations;
  readonly #deliveries: SipDeliveries;
  readonly #errors: ErrorReports;
  readonly #composingToSip: ComposingToSip;
  readonly #composingToXmpp: ComposingToXmpp;
  readonly #outbox: Outbox;
  #awaited: AwaitedUsers | undefined;

  constructor(env: MessageFeatureEnv) {
    const { clock, timers, random, log, counters, live, config, links, transactions } = env;
    this.#env = env;
    this.#conversations = new Conversations(clock);
    this.ledger = new Ledger({ clock, timers, random, log, counters }, config.ledger, env.ledger);
    this.#errors = new ErrorReports({ clock, log, counters });
    this.#composingToXmpp = new ComposingToXmpp(timers);
    this.#deliveries = new SipDeliveries({
      clock,
      random,
      log,
      live,
      transactions,
      contactAddress: (uri) => live.book.contactToAddress(uri),
    });
    const deliveries = this.#deliveries;
    this.#composingToSip = new ComposingToSip({ clock, timers, random, live, deliveries });
    const outcomes = new ToXmppOutcomes({ clock, counters }, this.ledger);
    const toSipOutcomes = new ToSipOutcomes({ clock, counters }, this.ledger);
    const sink = new ImdnReports({ clock, random, counters }, deliveries);
    const groupFor = (domain: string): LinkGroup | undefined => links.groupFor(domain);
    this.reports = new ReportDesk({
      ...{ clock, random, log, counters, outcomes, toSipOutcomes, sink, groupFor, live },
      stanzas: this.#errors,
      keys: env.keys,
    });
    this.toXmpp = new ToXmppMessages({
      ...{ clock, timers, random, log, live, outcomes, groupFor },
      conversations: this.#conversations,
      reports: sink,
      owed: this.reports.owed,
      asked: this.reports.asked,
      peers: this.reports.peers,
      composing: this.#composingToXmpp,
    });
    this.#outbox = new Outbox({
      ...{ clock, timers, random, log, counters, live, deliveries },
      node: config.node,
      records: env.outbox,
      shared: env.store.status().kind === 'postgres',
      durable: config.durability === 'full',
      senderOf: (record) => this.#senderOf(record),
      cpimRefused: (recipient) => this.reports.peers.refuses(recipient),
      pauseReading: (pause) => links.pauseReading(pause),
      awaited: (recipient, waits) => this.#awaited?.awaited(recipient, waits),
    });
    this.toSip = new ToSipMessages({
      ...{ clock, random, log, live },
      outcomes: toSipOutcomes,
      conversations: this.#conversations,
      outbox: this.#outbox,
      errors: this.#errors,
      composing: this.#composingToSip,
      asked: this.reports.asked,
      inHand: links.inHand,
    });
    for (const open of [this.toXmpp, this.#deliveries, this.#outbox]) this.ledger.watch(open);
  }

  /** Goes on with what an earlier run left. The listeners are bound and the links are there. */
  async start(): Promise<void> {
    const { config, subscriptions, clock, log, counters, live } = this.#env;
    const domains = config.offline.registrars;
    if (config.offline.keep && domains.length > 0) {
      this.#awaited = new AwaitedUsers(
        { clock, log, counters, subscriptions, live },
        { domains, from: this.#env.ownUri() },
        (recipient) => this.#outbox.seen(recipient),
      );
    }
    await this.#outbox.restore();
  }

  /** Before anything comes in: what the reports need is at hand. */
  attach(): Promise<void> {
    return this.reports.attach(this.#env.store);
  }

  /** A SIP user is there: what waits for him can go. Bare JID. */
  seen(recipient: string): void {
    this.#outbox.seen(recipient);
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.#errors.sweep();
    this.#outbox.sweep();
    this.toXmpp.sweep();
    this.reports.sweep();
    this.ledger.sweep();
  }

  /** Takes nothing new; resolves when everything open has had its outcome. */
  async drain(): Promise<void> {
    this.#outbox.drain();
    this.toXmpp.drain();
    const delivered = this.#deliveries.drain();
    await Promise.all([this.toXmpp.idle(), delivered]);
  }

  /** Says what still has to be said on either side; the ways on which it is said are open yet. */
  stop(): void {
    this.#outbox.drain();
    this.#awaited?.stop();
    this.#composingToSip.stop();
    this.#composingToXmpp.stop();
    this.toXmpp.stop();
    this.#deliveries.stop();
  }

  /** Takes what comes while the links are being closed, since its sender can be told nothing else. */
  takeLate(): void {
    this.#deliveries.takeLate();
  }

  /** What came so has a moment to be delivered; then nothing is left to wait for. */
  async stopLate(): Promise<void> {
    const { timers } = this.#env;
    const patience = Promise.withResolvers<void>();
    const timer = timers.set(LATE_MS, patience.resolve);
    await Promise.race([this.#deliveries.drain(), patience.promise]);
    timers.clear(timer);
    this.#deliveries.stop();
  }

  /** Error stanzas that no link took are given up, aloud. */
  giveUpReports(): void {
    this.#errors.stop();
  }

  sizes(): Record<string, number> {
    return {
      messages_to_xmpp: this.toXmpp.open,
      messages_to_sip: this.#deliveries.open,
      sip_targets: this.#deliveries.targets,
      ended_messages: this.toXmpp.remembered,
      ...this.reports.sizes(),
      error_reports: this.#errors.waiting,
      kept_messages: this.#outbox.kept,
      undeleted_records: this.#outbox.undeleted,
      awaited_users: this.#outbox.awaited,
      watched_registrations: this.#awaited?.size ?? 0,
      conversations: this.#conversations.size,
      ledger_rows: this.ledger.size,
      composing: this.#composingToSip.size + this.#composingToXmpp.size,
    };
  }

  /** The sender's side of a message that was read from the store. */
  #senderOf(record: OutboxRecord): Sender | undefined {
    const group = this.#env.links.groupFor(domainOf(record.recipient));
    return group === undefined
      ? undefined
      : this.toSip.senderOf(record.stanza, record.callId, group, record.acceptedMs);
  }
}
