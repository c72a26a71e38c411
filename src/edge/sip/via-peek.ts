// The top Via of a request, read by the transport: for what a connection is good besides this request.

import { latin1Text, type Bytes } from '../../base/index.ts';
import { parseVia } from '../../sip/index.ts';

export interface PeekedVia {
  /** sent-by, in lower case. */
  readonly host: string;
  readonly port: number | undefined;
  /** RFC 5923 §5: the peer takes requests on this connection. */
  readonly alias: boolean;
}

/** Octets in which the top Via has to be. */
const LOOKED_AT = 4096;
const TOP_VIA = /\r\n(?:via|v)[ \t]*:[ \t]*([^\r\n,]+)/i;

/** undefined: a response, or without a readable Via. */
export function peekVia(message: Bytes): PeekedVia | undefined {
  const text = latin1Text(message.subarray(0, LOOKED_AT));
  if (text.startsWith('SIP/2.0 ')) return undefined;
  const value = TOP_VIA.exec(text)?.[1];
  const via = value === undefined ? undefined : parseVia(value);
  if (via?.ok !== true) return undefined;
  const { host, port, params } = via.value;
  return { host: host.toLowerCase(), port, alias: params.has('alias') };
}
