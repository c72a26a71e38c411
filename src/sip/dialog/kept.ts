// A dialog as it comes back from a store: plain data, read with suspicion.

import type { Dialog } from './dialog.ts';

const TEXTS = ['callId', 'localTag', 'remoteTag', 'localUri', 'remoteUri', 'remoteTarget'];

/** True for what `JSON.parse` made of one. */
export function isDialog(value: unknown): value is Dialog {
  if (!isObject(value)) return false;
  const { localSeq, remoteSeq, secure, routeSet } = value;
  return (
    TEXTS.every((name) => typeof value[name] === 'string') &&
    typeof localSeq === 'number' &&
    (remoteSeq === undefined || typeof remoteSeq === 'number') &&
    typeof secure === 'boolean' &&
    Array.isArray(routeSet) &&
    routeSet.every((route) => typeof route === 'string')
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
