// Delivery reports to SIP senders who asked for them with CPIM and IMDN headers (RFC 5438; rows RCPT-03 … RCPT-05):
// what was learned, a receipt, a marker or an error from XMPP, becomes a notification of its own.

import {
  formatDateTime,
  utf8Bytes,
  type Clock,
  type Counter,
  type Counters,
  type Random,
} from '../../base/index.ts';
import {
  cpimTextHeader,
  formatCpim,
  formatCpimAddress,
  formatImdn,
  imdnHeaders,
  IMDN_TYPE,
} from '../../mime/index.ts';
import { DEFAULT_MAX_FORWARDS, headerField, type HeaderField } from '../../sip/index.ts';
import { NEW_CALL_ID_CHARS, type Origin } from './delivery-parts.ts';
import type { SipDeliveries } from './sip-deliveries.ts';
import type { ReportSink, ReportSubject } from './open-message.ts';

/** RFC 5438 §6.3: at least 64 bits of randomness. */
const MESSAGE_ID_CHARS = 16;
const CONTENT: readonly HeaderField[] = [headerField('Content-Type', 'message/cpim')];

class ReportOrigin implements Origin {
  readonly cid: string;
  readonly displayName = '';
  readonly #sent: Counter;
  readonly #failed: Counter;

  constructor(cid: string, sent: Counter, failed: Counter) {
    this.cid = cid;
    this.#sent = sent;
    this.#failed = failed;
  }

  delivered(): void {
    this.#sent.add();
  }

  /** An IMDN is never reported about (RCPT-08). */
  refused(): void {
    this.#failed.add();
  }
}

export class ImdnReports implements ReportSink {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #deliveries: SipDeliveries;
  readonly #sent: Counter;
  readonly #failed: Counter;

  constructor(
    env: { readonly clock: Clock; readonly random: Random; readonly counters: Counters },
    deliveries: SipDeliveries,
  ) {
    this.#clock = env.clock;
    this.#random = env.random;
    this.#deliveries = deliveries;
    const of = (outcome: string): Counter =>
      env.counters.counter('stoxgate_imdn_total', 'Disposition notifications to SIP senders.', { outcome });
    this.#sent = of('delivered');
    this.#failed = of('refused');
  }

  report(status: 'delivered' | 'displayed' | 'failed', message: ReportSubject): void {
    const dateMs = this.#clock.wall();
    const document = utf8Bytes(
      formatImdn({
        messageId: message.reports.messageId,
        dateMs,
        kind: status === 'displayed' ? 'display' : 'delivery',
        status,
        recipientUri: message.recipientUri,
      }),
    );
    const body = formatCpim({
      headers: [
        {
          name: 'From',
          params: '',
          value: formatCpimAddress({ displayName: '', uri: message.recipientUri }),
        },
        { name: 'To', params: '', value: formatCpimAddress({ displayName: '', uri: message.senderUri }) },
        cpimTextHeader('DateTime', formatDateTime(dateMs)),
        ...imdnHeaders({
          messageId: this.#random.base32(MESSAGE_ID_CHARS),
          positiveDelivery: false,
          negativeDelivery: false,
          display: false,
        }),
      ],
      contentHeaders: [
        { name: 'Content-Type', value: IMDN_TYPE },
        { name: 'Content-Disposition', value: 'notification' },
        { name: 'Content-Length', value: String(document.length) },
      ],
      body: document,
    });
    this.#deliveries.send({
      origin: new ReportOrigin(message.id, this.#sent, this.#failed),
      from: message.recipientUri,
      requestUri: message.senderUri,
      callId: this.#random.base32(NEW_CALL_ID_CHARS),
      maxForwards: DEFAULT_MAX_FORWARDS,
      headers: CONTENT,
      body,
    });
  }
}
