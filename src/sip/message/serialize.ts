// The only writer of SIP messages (RFC 3261 §7).

import { joinHeadAndBody, toByteString, type Bytes } from '../../base/index.ts';
import { URI, isToken, skipClass } from '../header/chars.ts';
import { CheckedField, checkedField } from './field.ts';
import type { SipMessage } from './types.ts';

/**
 * The message in one block. Throws TypeError, a fault of ours, when method, Request-URI, status or a header field
 * could not be read back as what they are: nothing that a peer supplied can add a line.
 */
export function serializeMessage(message: SipMessage): Bytes {
  return joinHeadAndBody(serializeHead(message), message.body);
}

/** Start line, header fields and blank line as a byte string. */
export function serializeHead(message: SipMessage): string {
  let head =
    message.kind === 'request'
      ? requestLine(message.method, message.requestUri)
      : statusLine(message.status, message.reason);
  const headers = message.headers;
  for (let i = 0; i < headers.length; i++) {
    let field = headers[i];
    if (field === undefined) continue;
    // Fields made by the parser and by `headerField` were checked once; any other object is looked through here.
    if (!(field instanceof CheckedField)) field = checkedField(field);
    head += `${field.name}: ${field.value}\r\n`;
  }
  return `${head}\r\n`;
}

function requestLine(method: string, requestUri: string): string {
  if (!isToken(method)) throw new TypeError('a method that is no token');
  if (requestUri === '' || skipClass(requestUri, 0, requestUri.length, URI) !== requestUri.length) {
    throw new TypeError('a Request-URI with characters that it cannot hold');
  }
  return `${method} ${requestUri} SIP/2.0\r\n`;
}

function statusLine(status: number, reason: string): string {
  if (!Number.isInteger(status) || status < 100 || status > 699)
    throw new TypeError('a status outside 100 … 699');
  return `SIP/2.0 ${status} ${cleanReason(reason)}\r\n`;
}

/** RFC 3261 §7.2: no CR or LF in the Reason-Phrase. Text of peers comes through here, so they become spaces. */
function cleanReason(reason: string): string {
  const line = reason.includes('\r') || reason.includes('\n') ? reason.replaceAll(/[\r\n]+/g, ' ') : reason;
  return toByteString(line);
}
