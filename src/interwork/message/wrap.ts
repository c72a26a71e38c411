// A MESSAGE that asks for reports: its text inside message/cpim, with IMDN headers (rows RCPT-01, RCPT-02; RFC 5438 §6,
// RFC 3862). Pure. What belongs to the content goes inside, what belongs to the message (Subject, Date) stays outside,
// where agents that know no CPIM headers look for it.

import { formatDateTime, type Bytes } from '../../base/index.ts';
import {
  cpimTextHeader,
  formatCpim,
  formatCpimAddress,
  imdnHeaders,
  type MimeHeader,
} from '../../mime/index.ts';
import { headerField, type HeaderField } from '../../sip/index.ts';

export interface WrapInput {
  /** URIs of From and To. */
  readonly from: string;
  readonly to: string;
  /** When it was written, ms. */
  readonly dateMs: number;
  readonly messageId: string;
  /** Ask for `display` as well (RCPT-02). */
  readonly display: boolean;
  /** The plain form. */
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
}

const MESSAGE_CPIM = headerField('Content-Type', 'message/cpim');

/** Headers and body of the wrapped form. */
export function wrapForReports(input: WrapInput): {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
} {
  const outer: HeaderField[] = [MESSAGE_CPIM];
  const inner: MimeHeader[] = [];
  for (const field of input.headers) {
    if (/^content-/i.test(field.name)) inner.push({ name: field.name, value: field.value });
    else outer.push(field);
  }
  inner.push({ name: 'Content-Length', value: String(input.body.length) });
  const address = (uri: string): string => formatCpimAddress({ displayName: '', uri });
  return {
    headers: outer,
    body: formatCpim({
      headers: [
        { name: 'From', params: '', value: address(input.from) },
        { name: 'To', params: '', value: address(input.to) },
        // Whole seconds: octets are few (IM-30).
        cpimTextHeader('DateTime', formatDateTime(Math.floor(input.dateMs / 1000) * 1000)),
        ...imdnHeaders({
          messageId: input.messageId,
          positiveDelivery: true,
          negativeDelivery: true,
          display: input.display,
        }),
      ],
      contentHeaders: inner,
      body: input.body,
    }),
  };
}
