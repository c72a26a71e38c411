// One message from SIP on its way to XMPP, and what is remembered of it.

import type { Timer } from '../../base/index.ts';
import { ToXmppState, type ToXmppEvent } from '../../interwork/message/index.ts';
import type { RequestedReports } from '../../mapping/index.ts';
import type { ServerTransaction } from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { domainOf } from '../address-text.ts';
import type { ConfirmedStanza } from '../link-group.ts';

/** Where reports on accepted messages go (IMDN, RFC 5438). */
export interface ReportSink {
  report(status: 'delivered' | 'failed', message: AcceptedMessage): void;
}

/** What is still known of a message whose sender asked for reports. */
export interface AcceptedMessage {
  readonly id: string;
  readonly reports: RequestedReports;
  /** From and To of the MESSAGE, as URIs. */
  readonly senderUri: string;
  readonly recipientUri: string;
}

/** Runs the machine of a message. */
interface MessageOwner {
  step(message: OpenMessage, event: ToXmppEvent): void;
}

/** One message without a final response, or with one of which something may still come. */
export class OpenMessage implements ConfirmedStanza {
  state: ToXmppState = ToXmppState.Written;
  readonly stanza: XmlElement;
  readonly id: string;
  readonly tx: ServerTransaction;
  readonly reports: RequestedReports | undefined;
  readonly owner: MessageOwner;
  deadline: Timer | undefined;
  /** The error stanza at hand while `errorStanza` is being stepped. */
  error: XmlElement | undefined;

  constructor(
    owner: MessageOwner,
    tx: ServerTransaction,
    id: string,
    stanza: XmlElement,
    reports: RequestedReports | undefined,
  ) {
    this.owner = owner;
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
}

/** What a report is made of. */
export function acceptedMessage(message: OpenMessage, reports: RequestedReports): AcceptedMessage {
  return {
    id: message.id,
    reports,
    senderUri: message.tx.request.from.uri,
    recipientUri: message.tx.request.requestUri,
  };
}

/** True when the sender of an error is of the domain that the message went to. */
export function speaksForDomain(error: XmlElement, message: OpenMessage): boolean {
  return domainOf(error.attr('from') ?? '') === domainOf(message.stanza.attr('to') ?? '');
}
