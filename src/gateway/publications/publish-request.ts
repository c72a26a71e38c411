// PUBLISH as the gateway sends it for a user of the XMPP side (RFC 3903 §4): outside of dialogs, each with a Call-ID of its own.

import type { Bytes, Random } from '../../base/index.ts';
import { PIDF_TYPE } from '../../mime/index.ts';
import {
  buildRequest,
  formatNameAddr,
  rawHeaderField,
  type HeaderField,
  type PublicationEffect,
} from '../../sip/index.ts';
import { PRESENCE_EVENT } from '../presence/watch-parts.ts';
import type { ExchangeParts } from '../subscriptions/exchange.ts';

/** 130 random bits for a Call-ID, 80 for a tag, in characters of base32 (RFC 3261 §8.1.1.4, §19.3). */
const CALL_ID_CHARS = 26;
const TAG_CHARS = 16;

/** `uri`: the user's, for Request-URI, From and To. `document`: left out for a refresh and a removal (§4.3, §4.5). */
export function publishRequest(
  uri: string,
  { tag, expires }: Extract<PublicationEffect, { kind: 'send' }>,
  document: Bytes | undefined,
  random: Random,
): Pick<ExchangeParts, 'build'> {
  const callId = random.base32(CALL_ID_CHARS);
  const localTag = random.base32(TAG_CHARS);
  const headers: HeaderField[] = [
    rawHeaderField('Event', PRESENCE_EVENT),
    rawHeaderField('Expires', String(expires)),
  ];
  if (tag !== undefined) headers.push(rawHeaderField('SIP-If-Match', tag));
  if (document !== undefined) headers.push(rawHeaderField('Content-Type', PIDF_TYPE));
  return {
    build: (_, challenges) =>
      buildRequest({
        method: 'PUBLISH',
        requestUri: uri,
        from: formatNameAddr({ uri, params: new Map([['tag', localTag]]) }),
        to: formatNameAddr({ uri }),
        callId,
        cseq: 1 + challenges,
        headers,
        body: document,
      }),
  };
}
