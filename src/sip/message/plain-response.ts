// Nearly every response of the gateway: a status, its registered phrase, and what RFC 3261 §8.2.6 copies from the
// request. It is written from the request's own lines at once, without a message object in between, which no one would
// ever look at. It says the same octets as `serializeMessage(buildResponse(…))`, and a test keeps it so.

import { latin1Bytes, type Bytes } from '../../base/index.ts';
import { CheckedField, checkedField } from './field.ts';
import { reasonPhrase } from './reason-phrases.ts';
import type { SipRequest } from './types.ts';

const statusLines = new Map<number, string>();

/** The response in one block; `toTag` is added to To when the request had none there and the status is not 100. */
export function plainResponse(request: SipRequest, status: number, toTag: string | undefined): Bytes {
  let head = statusLines.get(status);
  if (head === undefined) {
    head = `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`;
    statusLines.set(status, head);
  }
  const tag = toTag !== undefined && status !== 100 && request.to.tag === undefined ? `;tag=${toTag}` : '';
  const fields = request.headers;
  for (let i = 0; i < fields.length; i++) {
    let field = fields[i];
    if (field === undefined) continue;
    if (!(field instanceof CheckedField)) field = checkedField(field);
    const { id } = field;
    if (id === 'to') head += `${field.name}: ${field.value}${tag}\r\n`;
    else if (
      id === 'via' ||
      id === 'from' ||
      id === 'call-id' ||
      id === 'cseq' ||
      (id === 'timestamp' && status === 100)
    )
      head += `${field.name}: ${field.value}\r\n`;
  }
  return latin1Bytes(`${head}Content-Length: 0\r\n\r\n`);
}
