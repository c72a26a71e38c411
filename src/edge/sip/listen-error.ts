// The one failure that stops the start: a listener that cannot be bound.

import { StoxgateError } from '../../base/index.ts';
import { listenText, type ListenConfig } from './listen-config.ts';
import { systemCode } from './transport-error.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'ports below 1024 need a privilege',
  EAFNOSUPPORT: 'this machine does not speak this family of addresses',
};

/** `ERR_SIP_LISTEN` with the listener and the reason. */
export function listenError(config: ListenConfig, cause: unknown): StoxgateError {
  const code = systemCode(cause);
  const reason = (code === undefined ? undefined : REMEDIES[code]) ?? code ?? String(cause);
  return new StoxgateError('ERR_SIP_LISTEN', `cannot listen on ${listenText(config)}: ${reason}`, { cause });
}
