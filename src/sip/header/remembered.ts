// The values of a message that are asked for again and again, remembered with it.

import type { Result } from '../../base/index.ts';
import { StoredMessage, StoredRequest } from '../message/message.ts';
import type { SipMessage, SipRequest } from '../message/types.ts';
import { parseUri, type Uri } from '../uri/uri.ts';
import { readContentType, type MediaType } from './media-type.ts';

/** The Request-URI by the rules of its scheme; the parser lets only good ones through. */
export function requestUri(request: SipRequest): Result<Uri> {
  return request instanceof StoredRequest ? request.uri : parseUri(request.requestUri);
}

/** Content-Type (RFC 3261 §20.15); undefined when there is none. */
export function contentType(message: SipMessage): Result<MediaType | undefined> {
  return message instanceof StoredMessage ? message.contentType : readContentType(message);
}
