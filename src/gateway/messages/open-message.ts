// One message from SIP on its way to XMPP, and what is remembered of it.

import { detachText, type Timer } from '../../base/index.ts';
import { ToXmppState, type ToXmppEvent } from '../../interwork/message/index.ts';
import type { RequestedReports } from '../../mapping/index.ts';
import type { ServerTransaction } from '../../sip/index.ts';
import { XmlElement } from '../../xml/index.ts';
import { bareOf, domainOf } from '../address-text.ts';
import type { ConfirmedStanza } from '../link-group.ts';
import type { ToXmppFacts } from './outcomes.ts';

/** Where reports on accepted messages go (IMDN, RFC 5438). */
export interface ReportSink {
  report(status: 'delivered' | 'displayed' | 'failed', message: ReportSubject): void;
}

/** What a report is made of. */
export interface ReportSubject {
  readonly id: string;
  readonly reports: RequestedReports;
  /** From and To of the MESSAGE, as URIs. */
  readonly senderUri: string;
  readonly recipientUri: string;
}

/** What is still known of a message whose sender asked for reports. */
export interface AcceptedMessage extends ReportSubject {
  /** Their bare JIDs. */
  readonly sender: string;
  readonly recipient: string;
}

/** What a row of the ledger says besides the request: the people of the stanza, and why it ended so. */
export type Why = Pick<ToXmppFacts, 'from' | 'to' | 'condition' | 'text' | 'clause'>;

/** Runs the machine of a message. */
interface MessageOwner {
  step(message: OpenMessage, event: ToXmppEvent): void;
}

/** One message without a final response, or with one of which something may still come. */
export class OpenMessage implements ConfirmedStanza {
  state: ToXmppState = ToXmppState.Written;
  stanza: XmlElement;
  readonly id: string;
  /** undefined when it has ended and is only remembered. */
  tx: ServerTransaction | undefined;
  reports: RequestedReports | undefined;
  readonly owner: MessageOwner;
  deadline: Timer | undefined;
  /** When it came, and when it entered its state: milliseconds since 1970-01-01T00:00:00Z. */
  readonly acceptedMs: number;
  sinceMs: number;
  /** Number of its row in the ledger, once it has one. */
  row = -1;
  /** The error stanza at hand while `errorStanza` is being stepped. */
  error: XmlElement | undefined;
  constructor(
    owner: MessageOwner,
    tx: ServerTransaction,
    id: string,
    stanza: XmlElement,
    reports: RequestedReports | undefined,
    acceptedMs: number,
  ) {
    this.owner = owner;
    this.acceptedMs = acceptedMs;
    this.sinceMs = acceptedMs;
    this.tx = tx;
    this.id = id;
    this.stanza = stanza;
    this.reports = reports;
  }

  get open(): boolean {
    return this.state === ToXmppState.Written || this.state === ToXmppState.Parked;
  }

  confirmed(): void {
    this.owner.step(this, 'confirmed');
  }

  parked(): void {
    this.owner.step(this, 'linkDown');
  }

  writtenAgain(): void {
    this.owner.step(this, 'writtenAgain');
  }

  /** What its row in the ledger is made of; undefined when it is only remembered. */
  facts(status: number | undefined, why: Why | undefined): ToXmppFacts | undefined {
    if (this.tx === undefined) return undefined;
    return {
      request: this.tx.request,
      acceptedMs: this.acceptedMs,
      id: this.id,
      from: this.stanza.attr('from'),
      to: this.stanza.attr('to'),
      messageId: this.reports?.messageId,
      status,
      condition: why?.condition,
      text: why?.text,
      clause: why?.clause,
    };
  }

  /** undefined when no report was asked for, or when it is only remembered. */
  get accepted(): AcceptedMessage | undefined {
    if (this.reports === undefined || this.tx === undefined) return undefined;
    const { from, requestUri } = this.tx.request;
    return {
      id: this.id,
      reports: this.reports,
      senderUri: from.uri,
      recipientUri: requestUri,
      sender: bareOf(this.stanza.attr('from') ?? ''),
      recipient: bareOf(this.stanza.attr('to') ?? ''),
    };
  }

  /**
   * It has ended: keeps what a late error needs to be known for one about it, and lets go of request and stanza, which
   * are some kilobytes each of many thousands that are remembered.
   */
  shrink(): void {
    const { name, ns } = this.stanza;
    this.stanza = new XmlElement(name, ns, ['to', detachText(this.stanza.attr('to') ?? '')], []);
    this.reports = undefined;
    this.tx = undefined;
  }
}

/** True when the sender of an error is of the domain that the message went to. */
export function speaksForDomain(error: XmlElement, message: OpenMessage): boolean {
  return domainOf(error.attr('from') ?? '') === domainOf(message.stanza.attr('to') ?? '');
}

/** True for what may hold a disposition notification (IM-44). */
export function mayHoldReport(tx: ServerTransaction): boolean {
  return /^\s*message\//i.test(tx.request.header('content-type') ?? '');
}

/** The people of a stanza, for its row in the ledger. */
export function peopleOf(stanza: XmlElement): Why {
  return { from: stanza.attr('from'), to: stanza.attr('to') };
}
