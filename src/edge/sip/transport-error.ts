// The ways in which handing a message to the network can fail, as codes that the transaction layer decides by.

import { StoxgateError } from '../../base/index.ts';

export type TransportErrorCode =
  /** No listener of this transport and family, so that no answer could come back. */
  | 'ERR_SIP_TRANSPORT_NONE'
  /** The system refused a datagram: too large, no route, … */
  | 'ERR_SIP_TRANSPORT_SEND'
  /** Nobody listens there (RST): RFC 3261 §18.1.1 lets a request that is large go by UDP then. */
  | 'ERR_SIP_TRANSPORT_REFUSED'
  | 'ERR_SIP_TRANSPORT_TIMEOUT'
  /** Another failure to connect: no route, … */
  | 'ERR_SIP_TRANSPORT_CONNECT'
  /** The connection went away before the message was handed over. */
  | 'ERR_SIP_TRANSPORT_CLOSED'
  /** The peer does not read: too much waits already. */
  | 'ERR_SIP_TRANSPORT_QUEUE'
  /** The TLS handshake failed, or the peer is not whom it has to be. */
  | 'ERR_SIP_TRANSPORT_TLS'
  | 'ERR_SIP_TRANSPORT_CERTIFICATE'
  /** More connections than configured. */
  | 'ERR_SIP_TRANSPORT_CONNECTIONS';

/** An error that says what was attempted, and with whom. */
export function transportError(code: TransportErrorCode, message: string, cause?: unknown): StoxgateError {
  return new StoxgateError(code, message, cause === undefined ? undefined : { cause });
}

/** The code of a system error such as "ECONNREFUSED"; undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** The transport error for a connection that could not be opened. */
export function connectError(where: string, cause: unknown): StoxgateError {
  const code = systemCode(cause);
  if (code === 'ECONNREFUSED')
    return transportError('ERR_SIP_TRANSPORT_REFUSED', `${where} refused the connection`, cause);
  if (code === 'ETIMEDOUT')
    return transportError('ERR_SIP_TRANSPORT_TIMEOUT', `no connection to ${where} in time`, cause);
  return transportError(
    'ERR_SIP_TRANSPORT_CONNECT',
    `cannot connect to ${where} (${code ?? 'unknown'})`,
    cause,
  );
}
