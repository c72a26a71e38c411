// Candidates of the XMPP side that leave one by one, in INFO requests in order (RFC 8840 §4.3.2, §10).

import type { TrickledMedium } from '../../interwork/call/index.ts';
import { rawHeaderField } from '../../sip/index.ts';
import type { CallDialog } from './sip-dialog.ts';
import { FRAGMENT_TYPE, TRICKLE_PACKAGE, writeFragment } from './sip-fragment.ts';
import type { LegContext } from './sip-leg-types.ts';
import type { SipSession } from './sip-session.ts';

/** A client gathers some tens of candidates; what comes behind goes with the last one that waits. */
const MAX_WAITING = 16;

export class SipTrickle {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  readonly #session: SipSession;
  #waiting: (readonly TrickledMedium[])[] = [];
  #busy = false;

  constructor(ctx: LegContext, dialog: CallDialog, session: SipSession) {
    this.#ctx = ctx;
    this.#dialog = dialog;
    this.#session = session;
  }

  send(media: readonly TrickledMedium[]): void {
    const last = this.#waiting.length === MAX_WAITING ? this.#waiting.pop() : undefined;
    this.#waiting.push(last === undefined ? media : [...last, ...media]);
    this.#next();
  }

  #next(): void {
    if (this.#busy || !this.#session.isOpen) return;
    const media = this.#waiting.shift();
    if (media === undefined) return;
    this.#busy = true;
    const done = (): void => {
      this.#busy = false;
      this.#next();
    };
    this.#dialog.request({
      method: 'INFO',
      fields: () => [
        rawHeaderField('Info-Package', TRICKLE_PACKAGE),
        rawHeaderField('Content-Type', FRAGMENT_TYPE),
        rawHeaderField('Content-Disposition', 'Info-Package'),
      ],
      body: writeFragment(media),
      responded: ({ status }) =>
        this.#ctx.agenda.input(() => {
          // RFC 3261 §12.2.1.2: the dialog is no more.
          if (status === 481) return this.#session.lose({ cause: 'lost', why: status });
          // RFC 6086 §4.2.2: it does not take them; the others go with the next offer.
          if (status === 469 || status === 405 || status === 501) this.#waiting = [];
          done();
        }),
      failed: () => this.#ctx.agenda.input(done),
    });
  }
}
