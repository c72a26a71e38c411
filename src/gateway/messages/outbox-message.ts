// One message from XMPP with its record in the outbox: what the store writes of it, and what hears of its outcome.

import type { DurableState, OutboxRecord } from '../../interwork/message/index.ts';
import { formatSipDate, headerField, rawHeaderField, type HeaderField } from '../../sip/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import type { DeliveryParts, Origin, Tried } from './delivery-parts.ts';
import type { Attempt } from './kept-queue.ts';
import type { ToSipFacts } from './outcomes.ts';

/** The sender's side of a message: tells him, under his id, and counts. */
export interface Sender extends Origin {
  /** Attributes of the stanza, names and values by turns. */
  readonly stanza: readonly string[];
  /** As `refused`; `reported` is called when the XMPP server has the error, or when nobody can be told any more. */
  report(
    error: StanzaError,
    reported: () => void,
    tried?: Tried,
    /** Sends it anew, to this SIP URI. */
    again?: (requestUri: string) => void,
  ): void;
}

/** Runs the machine of a message. */
interface Owner {
  readonly node: string;
  delivered(message: OutboxMessage): void;
  refused(message: OutboxMessage, error: StanzaError, status: number | undefined, cseq: number): void;
}

/** After these nobody knows whether the request arrived: it is sent again as the same one. */
const UNKNOWN_OUTCOME: ReadonlySet<number | undefined> = new Set([408, 504, undefined]);

/** What `DeliveryParts` are made of, with the sender in the place of the origin. */
export type Letter = Omit<DeliveryParts, 'origin'> & {
  readonly sender: Sender;
  readonly recipient: string;
  readonly mayKeep: boolean;
  readonly fromTag: string;
  /** Of a message that was read from the store, whose stanza is gone. */
  readonly displayName?: string;
};

/** What is known of a message beside what it says. */
export interface Standing {
  readonly state: DurableState;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly acceptedMs: number;
  /** See `KeptKey`. */
  readonly order: number;
  readonly sinceMs: number;
  readonly attempt: Attempt;
}

export class OutboxMessage implements OutboxRecord, Origin {
  state: DurableState;
  error: StanzaError | undefined;
  /** How far the last attempt came. */
  tried: Tried | undefined;
  /** The Date that was added is on the request that is under way. */
  dated = false;
  /** It waited in the queue of its recipient, and holds the head of it while it is being sent. */
  readonly wasKept: boolean;
  readonly acceptedMs: number;
  readonly order: number;
  readonly sinceMs: number;
  readonly attempt: Attempt;
  /** The last attempt in vain has changed the CSeq. */
  renumbered = false;
  readonly #owner: Owner;
  readonly #letter: Letter;

  constructor(owner: Owner, letter: Letter, standing: Standing) {
    this.#owner = owner;
    this.#letter = letter;
    this.acceptedMs = standing.acceptedMs;
    this.order = standing.order;
    this.sinceMs = standing.sinceMs;
    this.attempt = standing.attempt;
    this.state = standing.state;
    this.wasKept = standing.state === 'kept';
  }

  /** The tag is of 80 random bits, and no other message has it. */
  get key(): string {
    return this.#letter.fromTag;
  }

  get letter(): Letter {
    return this.#letter;
  }

  get cid(): string {
    return this.#letter.sender.cid;
  }

  get displayName(): string {
    return this.#letter.displayName ?? this.#letter.sender.displayName;
  }

  get node(): string {
    return this.#owner.node;
  }

  get recipient(): string {
    return this.#letter.recipient;
  }

  get from(): string {
    return this.#letter.from;
  }

  get requestUri(): string {
    return this.#letter.requestUri;
  }

  get callId(): string {
    return this.#letter.callId;
  }

  get fromTag(): string {
    return this.#letter.fromTag;
  }

  get cseq(): number {
    return this.attempt.cseq;
  }

  get maxForwards(): number {
    return this.#letter.maxForwards;
  }

  get headerList(): readonly string[] {
    return pairsOf(this.#letter.headers);
  }

  get body(): Uint8Array {
    return this.#letter.body;
  }

  get wrappedForm(): OutboxRecord['wrappedForm'] {
    const { wrapped } = this.#letter;
    return wrapped === undefined ? undefined : { headerList: pairsOf(wrapped.headers), body: wrapped.body };
  }

  get stanza(): readonly string[] {
    return this.#letter.sender.stanza;
  }

  get mayKeep(): boolean {
    return this.#letter.mayKeep;
  }

  /**
   * What an attempt in vain means for the next one. A request that was refused is not sent again as the same one: its
   * receiver may still have the transaction and answer 482, which would look as if he had the message (RFC 3261
   * §8.2.2.2); the number after it makes it another (§8.1.3.5). `cseq`: the highest that was sent; 0: none was.
   */
  attempted(status: number | undefined, cseq: number): void {
    if (cseq === 0) return;
    const { attempt } = this;
    attempt.restored = false;
    attempt.asked = UNKNOWN_OUTCOME.has(status);
    this.renumbered = !attempt.asked;
    if (this.renumbered) attempt.cseq = cseq + 1;
  }

  /**
   * With the same branch it is no new request but a retransmission (RFC 3261 §17.2.3): whoever has had it repeats his answer,
   * whatever that was. For what this process has seen time out there is no more to be had so.
   */
  get branch(): string | undefined {
    const { asked, restored, cseq } = this.attempt;
    return asked && !restored ? undefined : `${this.fromTag}${cseq.toString(36)}`;
  }

  settle(): void {
    this.#letter.sender.settle?.();
  }

  facts(): ToSipFacts {
    return { ...this.#letter.sender.facts?.(), acceptedMs: this.acceptedMs };
  }

  delivered(tried: Tried): void {
    this.tried = tried;
    this.#owner.delivered(this);
  }

  refused(error: StanzaError, status: number | undefined, cseq: number, tried?: Tried): void {
    this.tried = tried;
    this.#owner.refused(this, error, status, cseq);
  }
}

/** The letter that a record was made of. `refused` is called when the receiver does not take the form that asks for reports. */
export function letterOf(record: OutboxRecord, sender: Sender, refused: () => void): Letter {
  const { from, requestUri, callId, fromTag, maxForwards, body, recipient, mayKeep, wrappedForm } = record;
  const headers = fieldsOf(record.headerList);
  const wrapped =
    wrappedForm === undefined
      ? undefined
      : { headers: fieldsOf(wrappedForm.headerList), body: wrappedForm.body, refused };
  return {
    displayName: record.displayName,
    from,
    requestUri,
    callId,
    fromTag,
    maxForwards,
    headers,
    body,
    wrapped,
    recipient,
    mayKeep,
    sender,
  };
}

function pairsOf(fields: readonly HeaderField[]): string[] {
  return fields.flatMap(({ name, value }) => [name, value]);
}

function fieldsOf(list: readonly string[]): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) fields.push(rawHeaderField(list[i] ?? '', list[i + 1] ?? ''));
  return fields;
}

/** When it was written, for whoever reads it late (IM-12); a time that the sender's side gave stays. */
export function withDate(headers: readonly HeaderField[], acceptedMs: number): readonly HeaderField[] {
  if (headers.some(({ id }) => id === 'date')) return headers;
  return [...headers, headerField('Date', formatSipDate(acceptedMs))];
}
