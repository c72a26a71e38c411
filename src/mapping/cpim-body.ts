// A message/cpim body (row IM-42; RFC 3862): unwrapped, with what its headers add to the text.

import type { Bytes } from '../base/index.ts';
import {
  cpimContentHeader,
  cpimHeaders,
  cpimText,
  decodeTransfer,
  NS_CPIM,
  parseCpim,
  parseCpimAddress,
  parseDateTime,
  parseMediaType,
  readImdnRequest,
  type CpimHeader,
  type CpimMessage,
} from '../mime/index.ts';
import { MALFORMED, UNSUPPORTED, type BodyPlace, type RequestedReports, type SipBody } from './sip-body.ts';
import { decodeContent } from './content-coding.ts';
import { languageForXml } from './languages.ts';
import { cleanText } from './text.ts';
import { uriToJid } from './uri-to-jid.ts';

export function readCpimBody(body: Bytes, place: BodyPlace): SipBody {
  const parsed = parseCpim(body);
  if (!parsed.ok) return MALFORMED;
  const message = parsed.value;
  const headers = cpimHeaders(message, NS_CPIM);
  // RFC 3862 §3.5: what must be understood, and is not, makes the rest meaningless.
  if (!(headers.get('Require') ?? []).every((header) => isUnderstood(header, message))) return UNSUPPORTED;
  const transferred = decodeTransfer(cpimContentHeader(message, 'content-transfer-encoding'), message.body);
  if (transferred === undefined) return UNSUPPORTED;
  // RFC 3862 §2.4 wants a Content-Type; without one it is text.
  const type = parseMediaType(cpimContentHeader(message, 'content-type') ?? 'text/plain');
  if (type === undefined) return MALFORMED;
  const content = decodeContent(type, cpimContentHeader(message, 'content-encoding'), transferred);
  if (content === 'coded') return UNSUPPORTED;
  if (content === 'broken') return MALFORMED;
  const inner = place.read(type, content, place);
  return inner.kind === 'text' ? { ...inner, ...additions(message, headers, place) } : inner;
}

type Headers = ReadonlyMap<string, readonly CpimHeader[]>;

function additions(message: CpimMessage, headers: Headers, place: BodyPlace): object {
  const subject = cleanText(cpimText(headers.get('Subject')?.[0]?.value ?? ''));
  const dateMs = parseDateTime(headers.get('DateTime')?.[0]?.value ?? '');
  const lang = languageForXml(cpimContentHeader(message, 'content-language') ?? '');
  const imdn = requestedReports(message);
  return {
    ...(subject === '' ? {} : { subject }),
    ...(dateMs === undefined ? {} : { dateMs }),
    ...(lang === undefined ? {} : { lang }),
    ...(imdn === undefined ? {} : { imdn }),
    ...(agrees(headers, place) ? {} : { disagrees: true }),
  };
}

function requestedReports(message: CpimMessage): RequestedReports | undefined {
  const request = readImdnRequest(message);
  if (request === undefined) return undefined;
  const { messageId, positiveDelivery, negativeDelivery, display } = request;
  return { messageId, positive: positiveDelivery, negative: negativeDelivery, display };
}

/** The core headers, and the namespaces that this gateway knows. */
const UNDERSTOOD: ReadonlySet<string> = new Set(['From', 'To', 'cc', 'DateTime', 'Subject', 'NS', 'Require']);

function isUnderstood(require: CpimHeader, message: CpimMessage): boolean {
  return require.value.split(',').every((name) => {
    const wanted = name.trim();
    if (wanted === '' || UNDERSTOOD.has(wanted)) return true;
    const dot = wanted.indexOf('.');
    const declaration = `${wanted.slice(0, Math.max(dot, 0))} <urn:ietf:params:imdn>`;
    return dot > 0 && message.headers.some((header) => header.name === 'NS' && header.value === declaration);
  });
}

/** False when From or To name another user than the request does; what cannot be compared says nothing. */
function agrees(headers: Headers, place: BodyPlace): boolean {
  return (
    sameUser(headers.get('From')?.[0], place.input.from) && sameUser(headers.get('To')?.[0], place.input.to)
  );
}

function sameUser(header: CpimHeader | undefined, uri: string | undefined): boolean {
  const address = header === undefined ? undefined : parseCpimAddress(header.value);
  if (address === undefined || uri === undefined) return true;
  const inside = uriToJid(address.uri);
  const outside = uriToJid(uri);
  if (!inside.ok || !outside.ok) return true;
  return inside.value.local === outside.value.local && inside.value.domain === outside.value.domain;
}
