// Error stanzas, receipts and markers on their way back to XMPP senders. They are outcomes: what was not confirmed when a link went away
// is written again, and while there is no link they wait, bounded in number and age.

import { BoundedMap, type Clock, type Counter, type Counters, type Log } from '../../base/index.ts';
import { SendRefusal } from '../../edge/xmpp/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { ConfirmedStanza, LinkGroup } from '../link-group.ts';

const MAX_WAITING = 20_000;
/** Longer than an outage of an XMPP server should last: an error is the only outcome that its message has. */
const MAX_AGE_MS = 7 * 86_400_000;

class Report implements ConfirmedStanza {
  readonly stanza: XmlElement;
  /** Called once, when the server has it or it was given up. */
  readonly settled: (() => void) | undefined;
  readonly #number: number;
  readonly #owner: ErrorReports;

  constructor(owner: ErrorReports, number: number, stanza: XmlElement, settled: (() => void) | undefined) {
    this.#owner = owner;
    this.#number = number;
    this.stanza = stanza;
    this.settled = settled;
  }

  get open(): boolean {
    return this.#owner.waits(this.#number);
  }

  confirmed(): void {
    this.#owner.done(this.#number);
  }

  parked(): void {}

  writtenAgain(): void {}
}

export class ErrorReports {
  readonly #clock: Clock;
  readonly #waiting: BoundedMap<number, Report>;
  readonly #lost: Counter;
  #number = 0;
  #stopped = false;

  constructor(env: { readonly clock: Clock; readonly log: Log; readonly counters: Counters }) {
    this.#clock = env.clock;
    this.#lost = env.counters.counter(
      'stoxgate_reports_lost_total',
      'Error stanzas, receipts and markers that no link could carry, or not within seven days.',
    );
    this.#waiting = new BoundedMap({
      maxEntries: MAX_WAITING,
      onDrop: (_, report) => {
        this.#lost.add();
        env.log.warn('report.lost', { to: report.stanza.attr('to'), id: report.stanza.attr('id') });
        if (!this.#stopped) report.settled?.();
      },
    });
  }

  /** Reports that the XMPP server has not confirmed yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends a stanza now, or as soon as the group has a link; `settled` hears when it need not be remembered any more. */
  send(stanza: XmlElement, group: LinkGroup, settled?: () => void): void {
    const number = ++this.#number;
    const report = new Report(this, number, stanza, settled);
    this.#waiting.set(number, report, this.#clock.now(), MAX_AGE_MS);
    const written = group.sendConfirmed(report);
    if (written >= 0) return;
    if (written === SendRefusal.NotUp || written === SendRefusal.Full) return group.park(report);
    // From an address that this link may not speak for: the stanza should never have come this way.
    this.done(number);
    this.#lost.add();
  }

  /** The gateway stops: what no link took is given up, aloud. Whoever remembers it in the store goes on with it at the next start. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.sweep(Infinity);
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.#waiting.sweep(this.#clock.now());
  }

  waits(number: number): boolean {
    return this.#waiting.get(number, this.#clock.now()) !== undefined;
  }

  done(number: number): void {
    const report = this.#waiting.get(number, this.#clock.now());
    if (this.#waiting.delete(number)) report?.settled?.();
  }
}
