// Whether the phone is still there, when a client asks (CALL-22): OPTIONS within the dialog, unless that was seen just now.

import type { CallDialog } from './sip-dialog.ts';
import type { LegContext } from './sip-leg-types.ts';
import type { SipSession } from './sip-session.ts';

/** A session that was refreshed, or answered OPTIONS, so short a time ago is alive. */
const FRESH_MS = 60_000;

export class SipProbe {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  readonly #session: SipSession;
  /** Who waits for the OPTIONS that is under way: as many as a session lets ask. */
  #asking: string[] = [];
  #seenMs = 0;

  constructor(ctx: LegContext, dialog: CallDialog, session: SipSession) {
    this.#ctx = ctx;
    this.#dialog = dialog;
    this.#session = session;
  }

  ask(id: string): void {
    if (!this.#session.isOpen) return;
    const { agenda, env } = this.#ctx;
    const now = env.clock.wall();
    if (now - Math.max(this.#seenMs, this.#session.refreshedMs) < FRESH_MS) return this.#tell([id]);
    this.#asking.push(id);
    if (this.#asking.length > 1) return;
    // RFC 3261 §12.2.1.2: 481, 408 and no answer at all end the dialog, and the session of whoever asks with it.
    const lost = (why: 481 | 408): void => {
      this.#asking = [];
      this.#session.lose({ cause: 'lost', why });
    };
    this.#dialog.request({
      method: 'OPTIONS',
      fields: () => [],
      responded: ({ status }) =>
        agenda.input(() => {
          if (status === 481 || status === 408) return lost(status);
          this.#seenMs = env.clock.wall();
          this.#tell(this.#asking.splice(0));
        }),
      // A transport that is away says nothing of the phone.
      failed: (reason) =>
        agenda.input(() => (reason === 'timeout' ? lost(408) : this.#tell(this.#asking.splice(0)))),
    });
  }

  #tell(ids: readonly string[]): void {
    for (const id of ids) this.#ctx.host.take({ kind: 'probed', id });
  }
}
