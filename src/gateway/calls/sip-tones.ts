// Tones of a call (CALL-38): those of the XMPP side leave as INFO, one after the other, and each iq hears what the phone says;
// those of the phone wait for the answer of the client.

import { rawHeaderField, type SipResponse } from '../../sip/index.ts';
import type { Dtmf } from '../../xmpp/index.ts';
import type { CallDialog } from './sip-dialog.ts';
import { retryAfterField } from './sip-fields.ts';
import type { LegContext } from './sip-leg-types.ts';
import type { SipSession } from './sip-session.ts';
import { PLAIN_TYPE, RELAY_TYPE, writeTone } from './sip-tone-bodies.ts';

interface Waiting {
  readonly id: string;
  readonly tones: readonly Dtmf[];
}

/** More keys than that at once are no person's. Each iq has more than one at most by its own bound. */
const MAX_TONES = 64;
/** INFO requests of the peer that wait for the client at the same time. */
const MAX_OF_PEER = 8;
const UNSUPPORTED_TYPE = 415;
/** INFO itself, or what it says, is not known: so it will be with the next one. */
const REFUSES_ALL: ReadonlySet<number> = new Set([405, 415, 469, 489, 501]);

export class OwnTones {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  readonly #session: SipSession;
  #waiting: Waiting[] = [];
  #busy = false;
  #type = RELAY_TYPE;
  /** The phone takes none, and said so by this. */
  #refusal: number | undefined;

  constructor(ctx: LegContext, dialog: CallDialog, session: SipSession) {
    this.#ctx = ctx;
    this.#dialog = dialog;
    this.#session = session;
  }

  send(id: string, tones: readonly Dtmf[]): void {
    if (this.#refusal !== undefined) return this.#told(id, this.#refusal);
    const waiting = this.#waiting.reduce((sum, each) => sum + each.tones.length, 0);
    if (waiting + tones.length > MAX_TONES) return this.#told(id, 500);
    this.#waiting.push({ id, tones });
    this.#next();
  }

  #next(): void {
    const [first] = this.#waiting;
    const [tone, ...rest] = first?.tones ?? [];
    if (this.#busy || !this.#session.isOpen || first === undefined || tone === undefined) return;
    this.#busy = true;
    this.#request(tone, (status) => {
      this.#busy = false;
      if (status === undefined && rest.length > 0) this.#waiting[0] = { id: first.id, tones: rest };
      else {
        // What stands behind a tone that was refused is no number any more.
        this.#waiting.shift();
        this.#told(first.id, status);
      }
      if (status !== undefined && REFUSES_ALL.has(status)) {
        this.#refusal = status;
        for (const { id } of this.#waiting.splice(0)) this.#told(id, status);
      }
      this.#next();
    });
  }

  #request(tone: Dtmf, done: (status: number | undefined) => void): void {
    const { agenda } = this.#ctx;
    const type = this.#type;
    const responded = ({ status }: SipResponse): void => {
      // RFC 3261 §12.2.1.2: the dialog is no more.
      if (status === 481) return this.#session.lose({ cause: 'lost', why: status });
      if (status !== UNSUPPORTED_TYPE || type === PLAIN_TYPE) {
        return done(status < 300 ? undefined : status);
      }
      this.#type = PLAIN_TYPE;
      this.#request(tone, done);
    };
    this.#dialog.request({
      method: 'INFO',
      fields: () => [rawHeaderField('Content-Type', type)],
      body: writeTone(type, tone),
      responded: (response) => agenda.input(() => responded(response)),
      failed: (reason) => agenda.input(() => done(reason === 'timeout' ? 408 : 503)),
    });
  }

  #told(id: string, status: number | undefined): void {
    this.#ctx.host.take({ kind: 'toned', id, ...(status === undefined ? {} : { status }) });
  }
}

/** Those of the phone. */
export class PeerTones {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  readonly #open = new Set<number>();

  constructor(ctx: LegContext, dialog: CallDialog) {
    this.#ctx = ctx;
    this.#dialog = dialog;
  }

  take(cseq: number, tone: Dtmf): void {
    if (this.#open.size >= MAX_OF_PEER) {
      return this.#dialog.reply(cseq, 500, { headers: [retryAfterField(this.#ctx.env.random.unit())] });
    }
    this.#open.add(cseq);
    this.#ctx.host.take({ kind: 'tone', cseq, tone });
  }

  answer(cseq: number, status: number): void {
    if (!this.#open.delete(cseq)) return;
    const headers = status === UNSUPPORTED_TYPE ? [rawHeaderField('Accept', '')] : [];
    this.#dialog.reply(cseq, status, { headers });
  }

  /** RFC 3261 §15.1.2: "any pending requests … 487". */
  end(): void {
    for (const cseq of this.#open) this.#dialog.reply(cseq, 487);
    this.#open.clear();
  }
}
