// The stanzas that a disposition notification becomes (rows RCPT-06, RCPT-07).

import type { ImdnReport } from '../../mime/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import {
  displayedElement,
  errorElement,
  hintElement,
  receiptElement,
  stanzaError,
  type StanzaCondition,
} from '../../xmpp/index.ts';
import type { ReportEvent } from './machine-report.ts';
import type { AskedMessage } from './report-token.ts';

/**
 * What a notification says of its message. `processing`: that some server has it, which XMPP has no word for.
 * `withheld`: that the recipient does not tell whether he has read it (RFC 5438 §7.2.1.2), which is no failure.
 */
export function reportEvent(report: ImdnReport): ReportEvent | 'processing' | 'withheld' {
  if (report.kind === 'processing') return 'processing';
  if (report.kind === 'display') return report.status === 'displayed' ? 'displayed' : 'withheld';
  return report.status === 'delivered' ? 'delivered' : 'failed';
}

/** Where a report goes, and under which id. */
export interface ReportAddress {
  readonly to: string;
  /** Of the report itself. */
  readonly id: string;
}

/** `event` as a stanza about `asked`; `report` says why it failed. */
export function reportStanza(
  asked: AskedMessage,
  event: ReportEvent,
  report: ImdnReport,
  { to, id }: ReportAddress,
): XmlElement {
  if (event === 'failed') {
    // RFC 6120 §8.3.1: an error has the id of the stanza that it is about.
    const attributes = ['from', asked.address, 'to', to, 'id', asked.id, 'type', 'error'];
    const error = stanzaError(conditionOf(report), { text: 'The SIP side could not deliver it', lang: 'en' });
    return new XmlElement('message', NS_CLIENT, attributes, [errorElement(error, NS_CLIENT)]);
  }
  const attributes = ['from', asked.address, 'to', to, 'id', id];
  if (asked.chat) attributes.push('type', 'chat');
  // Without a body servers would not keep it for whoever is away (XEP-0334 §4.4).
  const said = event === 'delivered' ? receiptElement(asked.id) : displayedElement(asked.id);
  return new XmlElement('message', NS_CLIENT, attributes, [said, hintElement('store')]);
}

/** RCPT-07. */
function conditionOf(report: ImdnReport): StanzaCondition {
  switch (report.status) {
    case 'failed':
      return 'recipient-unavailable';
    case 'forbidden':
      return 'forbidden';
    default:
      return 'undefined-condition';
  }
}
