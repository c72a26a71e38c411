// Instant Message Disposition Notification (RFC 5438): the request for one, in CPIM headers, and the XML document.

import { formatDateTime, fault, ok, type Bytes, type Result } from '../base/index.ts';
import { element, parseDocument, serialize, type XmlElement } from '../xml/index.ts';
import { cpimHeaders, cpimText, type CpimHeader, type CpimMessage } from './cpim.ts';
import { cpimTextHeader } from './cpim-format.ts';
import { parseDateTime } from './date-time.ts';

/** The namespace of the CPIM headers (RFC 5438 §6.1). */
export const NS_IMDN_HEADERS = 'urn:ietf:params:imdn';
/** The namespace of the document (RFC 5438 §11). */
export const NS_IMDN = 'urn:ietf:params:xml:ns:imdn';

export const IMDN_TYPE = 'message/imdn+xml';

/** What a sender wants to hear (RFC 5438 §6.2). */
export interface ImdnRequest {
  readonly messageId: string;
  readonly positiveDelivery: boolean;
  readonly negativeDelivery: boolean;
  readonly display: boolean;
}

export type ImdnKind = 'delivery' | 'display' | 'processing';

const STATUSES = {
  delivery: ['delivered', 'failed', 'forbidden', 'error'],
  display: ['displayed', 'forbidden', 'error'],
  processing: ['processed', 'stored', 'forbidden', 'error'],
} as const satisfies Record<ImdnKind, readonly string[]>;

export type ImdnStatus = (typeof STATUSES)[ImdnKind][number];

export interface ImdnReport {
  readonly messageId: string;
  /** When the original was sent, ms; undefined when the document says nothing readable. */
  readonly dateMs?: number;
  readonly kind: ImdnKind;
  readonly status: ImdnStatus;
  readonly recipientUri?: string;
}

/** The request that a CPIM message holds; undefined when it asks for nothing or names no Message-ID. */
export function readImdnRequest(message: CpimMessage): ImdnRequest | undefined {
  const headers = cpimHeaders(message, NS_IMDN_HEADERS);
  const messageId = cpimText(headers.get('Message-ID')?.[0]?.value ?? '');
  // RFC 5438 §10: Message-ID is a Token; what a report gives back must not be anything else.
  if (!/^[!#-'*+\-.^_`|~0-9A-Za-z]{1,255}$/.test(messageId)) return undefined;
  const wanted = new Set<string>();
  for (const { value } of headers.get('Disposition-Notification') ?? []) {
    for (const item of value.split(',')) wanted.add((item.split(';')[0] ?? '').trim().toLowerCase());
  }
  const request: ImdnRequest = {
    messageId,
    positiveDelivery: wanted.has('positive-delivery'),
    negativeDelivery: wanted.has('negative-delivery'),
    display: wanted.has('display'),
  };
  return request.positiveDelivery || request.negativeDelivery || request.display ? request : undefined;
}

/** The headers NS, imdn.Message-ID and, when something is asked for, imdn.Disposition-Notification. */
export function imdnHeaders(request: ImdnRequest): CpimHeader[] {
  const wanted: string[] = [];
  if (request.positiveDelivery) wanted.push('positive-delivery');
  if (request.negativeDelivery) wanted.push('negative-delivery');
  if (request.display) wanted.push('display');
  const headers: CpimHeader[] = [
    { name: 'NS', params: '', value: `imdn <${NS_IMDN_HEADERS}>` },
    cpimTextHeader('imdn.Message-ID', request.messageId),
  ];
  if (wanted.length > 0) headers.push(cpimTextHeader('imdn.Disposition-Notification', wanted.join(', ')));
  return headers;
}

/** Reads a message/imdn+xml document. Faults: ERR_MIME_IMDN, and those of the XML parser. */
export function parseImdn(body: Bytes): Result<ImdnReport> {
  const document = parseDocument(body);
  if (!document.ok) return document;
  const root = document.value;
  if (root.name !== 'imdn' || root.ns !== NS_IMDN) return broken('the root element is not imdn');
  const messageId = root.child('message-id', NS_IMDN)?.text().trim() ?? '';
  if (messageId === '') return broken('no message-id');
  for (const kind of ['delivery', 'display', 'processing'] as const) {
    const status = statusOf(root, kind);
    if (status === undefined) continue;
    const dateMs = parseDateTime(root.child('datetime', NS_IMDN)?.text() ?? '');
    const recipientUri = root.child('recipient-uri', NS_IMDN)?.text().trim();
    return ok({
      messageId,
      kind,
      status,
      ...(dateMs === undefined ? {} : { dateMs }),
      ...(recipientUri === undefined ? {} : { recipientUri }),
    });
  }
  return broken('no notification with a known status');
}

function statusOf(root: XmlElement, kind: ImdnKind): ImdnStatus | undefined {
  const status = root.child(`${kind}-notification`, NS_IMDN)?.child('status', NS_IMDN);
  return STATUSES[kind].find((name) => status?.child(name, NS_IMDN) !== undefined);
}

/** The document (RFC 5438 §11.1), with its XML declaration. */
export function formatImdn(report: ImdnReport & { readonly dateMs: number }): string {
  const recipient =
    report.recipientUri === undefined
      ? []
      : // §11.1.9: the schema wants both or none.
        [
          element('recipient-uri', NS_IMDN, {}, report.recipientUri),
          element('original-recipient-uri', NS_IMDN, {}, report.recipientUri),
        ];
  const document = element(
    'imdn',
    NS_IMDN,
    {},
    element('message-id', NS_IMDN, {}, report.messageId),
    element('datetime', NS_IMDN, {}, formatDateTime(report.dateMs)),
    ...recipient,
    element(
      `${report.kind}-notification`,
      NS_IMDN,
      {},
      element('status', NS_IMDN, {}, element(report.status, NS_IMDN)),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n${serialize(document)}`;
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_IMDN', `message/imdn+xml: ${message}`, 'RFC 5438 §11.1');
}
