// One subscription as the operator is shown it (`stoxgate presence`), and as it is kept beyond a restart.

import type { Dialog, KeptSubscription, SubscriptionState } from '../../sip/index.ts';
import type { LegIds } from './leg-requests.ts';
import type { LegTimer, LegTimers } from './leg-timers.ts';
import type { LegStatus } from './types.ts';

export type { LegStatus } from './types.ts';

interface LegHistory extends Pick<LegStatus, 'answered' | 'notifiedMs' | 'notifyStatus'> {
  /** 0 before anything was granted. */
  readonly expiresMs: number;
}

/** `wallMs`: now. */
export function legStatus(
  wallMs: number,
  ids: LegIds,
  dialog: Dialog | undefined,
  state: SubscriptionState,
  timers: LegTimers,
  { expiresMs, answered, notifiedMs, notifyStatus }: LegHistory,
): LegStatus {
  const due = (name: LegTimer): number | undefined => {
    const leftMs = timers.leftMs(name);
    return leftMs === undefined ? undefined : wallMs + leftMs;
  };
  const open = state.name === 'terminated' ? undefined : state;
  return {
    callId: ids.callId,
    localTag: ids.localTag,
    remoteTag: dialog?.remoteTag,
    remoteTarget: dialog?.remoteTarget,
    state: state.name,
    sending: open?.sending ?? 'nothing',
    asked: open?.asked ?? 0,
    granted: open?.granted,
    expiresMs: expiresMs === 0 ? undefined : expiresMs,
    refreshMs: due('refresh'),
    notifyByMs: due('N'),
    failures: open?.failures ?? 0,
    answered,
    notifiedMs,
    notifyStatus,
  };
}

/** undefined: it has no dialog, or is about to end. */
export function keptOf(
  dialog: Dialog | undefined,
  state: SubscriptionState,
  expiresMs: number,
): KeptSubscription | undefined {
  if (dialog === undefined || state.name === 'terminated' || state.name === 'notify_wait') return undefined;
  if (state.ending !== 'no') return undefined;
  const { remoteSeq: _, ...rest } = dialog;
  return { dialog: rest, state: state.name, asked: state.asked, expiresMs };
}
