// One dialog of a call: its requests of both sides, the ACKs and 2xx that may have to be sent again, and what is kept of it.

import { detachText, type Bytes } from '../../base/index.ts';
import {
  afterTargetRefresh,
  afterTheirRefresh,
  buildAckTo2xx,
  buildDialogRequest,
  keyOfDialog,
  parseNameAddr,
  rawHeaderField,
  seenInDialog,
  withFirstHeader,
  type Dialog,
  type HeaderField,
  type LocatedTarget,
  type LocateResult,
  type ResponseOptions,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type Target,
  type FailureReason,
} from '../../sip/index.ts';
import { Exchange } from '../subscriptions/exchange.ts';
import { ownDialog } from '../subscriptions/own-dialog.ts';
import type { SipLegsEnv } from './sip-leg-types.ts';

/** ACKs and 2xx of one dialog that may be wanted again: each is for 64*T1, and changes come one after the other. */
const MAX_REMEMBERED = 8;

export interface OwnRequest {
  readonly method: string;
  fields(target: Target): readonly HeaderField[];
  readonly body?: Bytes | undefined;
  /** The final response; `failed`: there is none. */
  responded(response: SipResponse, request: SipRequest): void;
  failed(reason: FailureReason): void;
  readonly provisional?: (response: SipResponse) => void;
  readonly again?: (response: SipResponse) => void;
}

interface Answered {
  readonly tx: ServerTransaction;
  readonly options: ResponseOptions;
}

interface SentAck {
  readonly request: SipRequest;
  readonly target: Target;
}

export class CallDialog {
  readonly key: string;
  readonly #env: SipLegsEnv;
  readonly #moved: () => void;
  #dialog: Dialog;
  /** Requests of the peer without a final response, by CSeq. */
  readonly #open = new Map<number, ServerTransaction>();
  readonly #answered = new Map<number, Answered>();
  readonly #acks = new Map<number, SentAck>();
  readonly #exchanges = new Set<Exchange>();

  constructor(env: SipLegsEnv, dialog: Dialog, moved: () => void) {
    this.#env = env;
    this.#moved = moved;
    this.#dialog = ownDialog(dialog, {}, dialog.localSeq);
    this.key = detachText(keyOfDialog(dialog));
  }

  get state(): Dialog {
    return this.#dialog;
  }

  get tag(): string {
    return this.#dialog.remoteTag;
  }

  /** No request of ours is under way. */
  get isQuiet(): boolean {
    return this.#exchanges.size === 0;
  }

  /** RFC 3261 §13.2.2.4: the 2xx says anew what route set and remote target are. */
  settle(dialog: Dialog): void {
    const { localSeq, remoteSeq } = this.#dialog;
    const next = ownDialog(dialog, this.#dialog, Math.max(localSeq, dialog.localSeq));
    this.#set(remoteSeq === undefined ? next : { ...next, remoteSeq });
  }

  /** False: it is out of order, and is answered (RFC 3261 §12.2.2). */
  receive(tx: ServerTransaction): boolean {
    const seen = seenInDialog(this.#dialog, tx.request);
    if (!seen.ok) {
      this.#env.log.debug('call.outOfOrder', { code: seen.error.code, error: seen.error.message });
      tx.respond(500);
      return false;
    }
    this.#set(seen.value);
    this.#open.set(tx.request.cseq.number, tx);
    return true;
  }

  pending(cseq: number): ServerTransaction | undefined {
    return this.#open.get(cseq);
  }

  /** The final response to a request of the peer; a 2xx to a target refresh moves the remote target. */
  reply(cseq: number, status: number, options: ResponseOptions = {}): void {
    const tx = this.#open.get(cseq);
    if (tx === undefined) return;
    this.#open.delete(cseq);
    const { method } = tx.request;
    if (status < 300 && (method === 'INVITE' || method === 'UPDATE')) this.theirRefresh(tx.request);
    if (status < 300 && method === 'INVITE') this.answered(tx, options);
    tx.respond(status, options);
  }

  /** A 2xx to INVITE has left, and is said again until the ACK is there. */
  answered(tx: ServerTransaction, options: ResponseOptions): void {
    remember(this.#answered, tx.request.cseq.number, { tx, options });
  }

  replyAgain(cseq: number): void {
    const answered = this.#answered.get(cseq);
    answered?.tx.respond(200, answered.options);
  }

  acknowledged(cseq: number): void {
    this.#answered.delete(cseq);
  }

  theirRefresh(request: SipRequest): void {
    this.#retarget(afterTheirRefresh(this.#dialog, request));
  }

  ourRefresh(response: SipResponse): void {
    this.#retarget(afterTargetRefresh(this.#dialog, response));
  }

  request(parts: OwnRequest): Exchange {
    const dialog = this.#dialog;
    const { nextHop } = buildDialogRequest(dialog, { method: parts.method });
    this.#set({ ...dialog, localSeq: dialog.localSeq + 1 });
    const done = (): void => void this.#exchanges.delete(exchange);
    const exchange: Exchange = new Exchange(this.#env, {
      name: 'call',
      nextHop,
      fallback: this.#fallback(),
      routed: dialog.routeSet.length > 0,
      build: (target, challenges) =>
        buildDialogRequest(
          { ...dialog, localSeq: dialog.localSeq + challenges },
          { method: parts.method, headers: parts.fields(target), body: parts.body },
        ).request,
      sent: (request) => this.#used(request.cseq.number),
      responded: (response, request) => {
        done();
        parts.responded(response, request);
      },
      failed: (reason) => {
        done();
        parts.failed(reason);
      },
      ...(parts.provisional === undefined ? {} : { provisional: parts.provisional }),
      ...(parts.again === undefined ? {} : { again: parts.again }),
    });
    this.#exchanges.add(exchange);
    exchange.start();
    return exchange;
  }

  /** ACK to a 2xx to `invite`, as sent (RFC 3261 §13.2.2.4). */
  acknowledge(invite: SipRequest): void {
    const { request, nextHop } = buildAckTo2xx(this.#dialog, invite);
    const routed = this.#dialog.routeSet.length > 0;
    this.#locate(nextHop, (target) => {
      const routes = target.route !== undefined && !routed;
      const ack = routes ? withFirstHeader(request, rawHeaderField('Route', target.route ?? '')) : request;
      remember(this.#acks, invite.cseq.number, { request: ack, target });
      this.#send(ack, target);
    });
  }

  acknowledgeAgain(cseq: number): void {
    const ack = this.#acks.get(cseq);
    if (ack !== undefined) this.#send(ack.request, ack.target);
  }

  stop(): void {
    for (const exchange of this.#exchanges) exchange.abandon();
    this.#exchanges.clear();
    this.#open.clear();
    this.#answered.clear();
    this.#acks.clear();
  }

  #send(request: SipRequest, target: Target): void {
    this.#env.transactions.send(request, target, (error) =>
      this.#env.log.debug('call.ack.failed', { error: error.message }),
    );
  }

  /** The servers of the remote address, if the operator named them: see `ExchangeParts.fallback`. */
  #fallback(): string | undefined {
    const uri = parseNameAddr(this.#dialog.remoteUri);
    return uri.ok ? uri.value.uri : undefined;
  }

  #locate(uri: string, found: (target: LocatedTarget) => void): void {
    const { locator } = this.#env.live;
    const fallback = this.#fallback();
    const other = fallback !== undefined && locator.isNamed(fallback) ? fallback : undefined;
    const take = (result: LocateResult, next: string | undefined): void => {
      const [target] = result.ok ? result.value : [];
      if (target !== undefined) found(target);
      else if (next !== undefined) ask(next, undefined);
      else this.#env.log.debug('call.ack.unlocatable', { uri });
    };
    const ask = (asked: string, next: string | undefined): void => {
      const answer = locator.locate(asked);
      if (answer instanceof Promise) void answer.then((result) => take(result, next));
      else take(answer, next);
    };
    ask(uri, other);
  }

  #used(cseq: number): void {
    if (cseq > this.#dialog.localSeq) this.#set({ ...this.#dialog, localSeq: cseq });
  }

  #retarget(next: Dialog): void {
    if (next.remoteTarget !== this.#dialog.remoteTarget) {
      this.#set({ ...this.#dialog, remoteTarget: detachText(next.remoteTarget) });
    }
  }

  #set(dialog: Dialog): void {
    this.#dialog = dialog;
    this.#moved();
  }
}

/** Keeps the newest ones. */
function remember<T>(kept: Map<number, T>, cseq: number, value: T): void {
  kept.delete(cseq);
  kept.set(cseq, value);
  for (const [oldest] of kept) {
    if (kept.size <= MAX_REMEMBERED) return;
    kept.delete(oldest);
  }
}
