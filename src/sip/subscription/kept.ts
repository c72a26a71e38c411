// A subscription as it is kept beyond a restart (RFC 6665 §4.4.1): plain data, read with suspicion.

import type { Dialog } from '../dialog/dialog.ts';
import { isDialog } from '../dialog/kept.ts';
import type { OpenSubscription } from './subscription.ts';

export interface KeptSubscription {
  /** Without `remoteSeq`: what the peer sent last is not worth a write for each notification. */
  readonly dialog: Dialog;
  readonly state: 'pending' | 'active';
  /** Seconds that each SUBSCRIBE asks for. */
  readonly asked: number;
  /** When it ends, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresMs: number;
}

/** The state of its machine to go on with. */
export function keptState({ state, asked }: KeptSubscription): OpenSubscription {
  return { name: state, asked, sending: 'nothing', ending: 'no', again: false, raised: 0, failures: 0 };
}

/** True for what `JSON.parse` made of one. */
export function isKeptSubscription(value: unknown): value is KeptSubscription {
  if (!isObject(value)) return false;
  const { dialog, state, asked, expiresMs } = value;
  return (
    (state === 'pending' || state === 'active') &&
    typeof asked === 'number' &&
    typeof expiresMs === 'number' &&
    isDialog(dialog)
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
