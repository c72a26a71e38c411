// What a reload cannot change.

import { isDeepStrictEqual } from 'node:util';
import { StoxgateError } from '../base/index.ts';
import type { Config } from './config/schema.ts';

/** Throws `ERR_GATEWAY_RELOAD` when `next` differs from the running configuration in what only a restart changes. */
export function mustBeReloadable(running: Config, next: Config): void {
  const fixed = ({ sip, xmpp, store, durability }: Config): unknown => [
    sip.listen,
    sip.advertise,
    xmpp.server?.listen,
    store,
    durability,
  ];
  if (isDeepStrictEqual(fixed(running), fixed(next))) return;
  const keys = 'sip.listen, sip.advertise, xmpp.server.listen, store and durability';
  throw new StoxgateError('ERR_GATEWAY_RELOAD', `${keys} change only by a restart`);
}
