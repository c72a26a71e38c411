// An established session as it is kept beyond a restart: plain data, read with suspicion. What was under way is not in it:
// after a restart our open requests count as failed, which leaves what was agreed (RFC 3261 §14.1), and the session timer
// goes on where the clock stands.

import type { Dialog } from '../dialog/dialog.ts';
import { isDialog } from '../dialog/kept.ts';
import { beginChanges } from './changes.ts';
import { beginSession } from './session.ts';
import type { OpenSession, SessionEffect, SessionTransition } from './session-state.ts';
import { endDelayMs, refreshDelayOf, type SessionTimer } from './session-timer.ts';

/** Version 1. */
export interface KeptSession {
  readonly version: 1;
  readonly dialog: Dialog;
  /** We made the Call-ID. */
  readonly owner: boolean;
  /** The peer takes UPDATE. */
  readonly update: boolean;
  readonly timer?: SessionTimer;
  readonly minSe?: number;
  /** When the last 2xx to a session refresh went by, in milliseconds since 1970-01-01T00:00:00Z; with `timer`. */
  readonly refreshedMs?: number;
}

/** What is kept of a session. `refreshedMs` is that of its last "schedule" effect. */
export function keptSession(state: OpenSession, dialog: Dialog, refreshedMs: number): KeptSession {
  const { timer, minSe, update, changes } = state;
  return {
    version: 1,
    dialog,
    owner: changes.owner,
    update,
    ...(timer === undefined ? {} : { timer, refreshedMs }),
    ...(minSe === undefined ? {} : { minSe }),
  };
}

/** The session to go on with, and its timers from now; one that expired meanwhile ends at once, with BYE. */
export function restoredSession(kept: KeptSession, nowMs: number): SessionTransition {
  const { owner, timer, minSe, update, refreshedMs = nowMs } = kept;
  const changes = beginChanges('confirmed', owner, 'agreed');
  const begun = beginSession({ changes, timer, minSe, update });
  if (timer === undefined) return begun;
  const passed = Math.max(0, nowMs - refreshedMs);
  const endMs = Math.max(0, endDelayMs(timer) - passed);
  const refresh = timer.refresher === 'us' ? refreshDelayOf(timer, 0) : undefined;
  const schedule: SessionEffect =
    refresh === undefined
      ? { kind: 'schedule', endMs }
      : { kind: 'schedule', endMs, refreshMs: Math.max(0, refresh - passed) };
  return { ...begun, effects: [schedule] };
}

/** True for what `JSON.parse` made of one. */
export function isKeptSession(value: unknown): value is KeptSession {
  if (!isObject(value)) return false;
  const { version, dialog, owner, update, timer, minSe, refreshedMs } = value;
  return (
    version === 1 &&
    isDialog(dialog) &&
    typeof owner === 'boolean' &&
    typeof update === 'boolean' &&
    (timer === undefined ? refreshedMs === undefined : isTimer(timer) && isNumber(refreshedMs)) &&
    (minSe === undefined || isNumber(minSe))
  );
}

function isTimer(value: unknown): value is SessionTimer {
  if (!isObject(value)) return false;
  const { interval, refresher } = value;
  return isNumber(interval) && interval > 0 && (refresher === 'us' || refresher === 'peer');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
