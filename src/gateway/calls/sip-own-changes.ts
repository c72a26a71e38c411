// Re-INVITE and UPDATE of ours in a session: the request, and its responses as inputs of the leg.

import type { FailureReason, SessionEffect, SipRequest, SipResponse } from '../../sip/index.ts';
import type { Exchange } from '../subscriptions/exchange.ts';
import { carriesCandidates } from './media-path.ts';
import type { WrittenBody } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import { targetFields, timerFields } from './sip-fields.ts';
import type { LegContext } from './sip-leg-types.ts';

/** Of INVITE provisional responses above 100, and 2xx that come again. The response is at hand, with its description. */
export interface ChangeHandlers {
  provisional(response: SipResponse): void;
  responded(response: SipResponse, request: SipRequest): void;
  failed(reason: FailureReason): void;
  again(cseq: number): void;
}

/** How long the other side has for a change of ours: as long as a proxy on the way gives it (RFC 3261 §16.6, timer C). */
const DECISION_MS = 180_000;

export class OwnChanges {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  /** Our re-INVITE that has no final response. */
  #pending: Exchange | undefined;

  constructor(ctx: LegContext, dialog: CallDialog) {
    this.#ctx = ctx;
    this.#dialog = dialog;
  }

  send(
    { method, expires, minSe }: Extract<SessionEffect, { readonly kind: 'send' }>,
    written: WrittenBody,
    handlers: ChangeHandlers,
  ): void {
    const { env, agenda, media } = this.#ctx;
    const { secure } = this.#dialog.state;
    const later = (response: SipResponse, act: () => void): void =>
      agenda.input(() => {
        this.#ctx.at = { response, description: this.#ctx.read(response) };
        act();
      });
    const exchange = this.#dialog.request({
      method,
      body: written.body,
      fields: (target) => [
        ...targetFields(env.localFor(target), secure, carriesCandidates(media)),
        ...timerFields(expires, minSe),
        ...written.headers,
      ],
      provisional: (response) => {
        if (method !== 'INVITE' || response.status === 100 || agenda.isFull) return;
        later(response, () => handlers.provisional(response));
      },
      responded: (response, request) => {
        this.#pending = undefined;
        later(response, () => handlers.responded(response, request));
      },
      failed: (reason) => {
        this.#pending = undefined;
        agenda.input(() => handlers.failed(reason));
      },
      again: (response) => {
        const { number } = response.cseq;
        if (!agenda.isFull) later(response, () => handlers.again(number));
      },
    });
    // A transport that failed at once has ended it.
    if (method !== 'INVITE' || this.#dialog.isQuiet) return;
    this.#pending = exchange;
    this.cancelIn(DECISION_MS);
  }

  /** A re-INVITE that rings for ever would keep everything else waiting, and the end of the call too. */
  cancelIn(ms: number): void {
    const exchange = this.#pending;
    if (exchange === undefined) return;
    this.#ctx.timers.set('decision', ms, () => {
      if (this.#pending === exchange) exchange.cancel([]);
    });
  }
}
