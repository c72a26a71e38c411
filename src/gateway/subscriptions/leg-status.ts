// One subscription as the operator is shown it (`stoxgate presence`), and as it is kept beyond a restart.

import { fromTicks, type Clock } from '../../base/index.ts';
import type { Dialog, KeptSubscription, SubscriptionState } from '../../sip/index.ts';
import type { LegIds } from './leg-requests.ts';
import type { LegTimer, LegTimers } from './leg-timers.ts';
import type { LegStatus } from './types.ts';

export type { LegStatus } from './types.ts';

/** Times by the monotonic clock, in ticks. */
interface LegHistory extends Pick<LegStatus, 'answered' | 'notifyStatus'> {
  /** When what was granted ends; undefined before anything was. */
  readonly ends: number | undefined;
  readonly notified: number | undefined;
}

export function legStatus(
  clock: Clock,
  ids: LegIds,
  dialog: Dialog | undefined,
  state: SubscriptionState,
  timers: LegTimers,
  { ends, answered, notified, notifyStatus }: LegHistory,
): LegStatus {
  const due = (name: LegTimer): number | undefined => {
    const leftMs = timers.leftMs(name);
    return leftMs === undefined ? undefined : clock.wall() + leftMs;
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
    expiresMs: wallMsOf(clock, ends),
    refreshMs: due('refresh'),
    notifyByMs: due('N'),
    failures: open?.failures ?? 0,
    answered,
    notifiedMs: wallMsOf(clock, notified),
    notifyStatus,
  };
}

/** undefined: it has no dialog, or is about to end. */
export function keptOf(
  clock: Clock,
  dialog: Dialog | undefined,
  state: SubscriptionState,
  ends: number | undefined,
): KeptSubscription | undefined {
  if (dialog === undefined || state.name === 'terminated' || state.name === 'notify_wait') return undefined;
  if (state.ending !== 'no') return undefined;
  const { remoteSeq: _, ...rest } = dialog;
  return { dialog: rest, state: state.name, asked: state.asked, expiresMs: wallMsOf(clock, ends) ?? 0 };
}

function wallMsOf(clock: Clock, ticks: number | undefined): number | undefined {
  return ticks === undefined ? undefined : Math.round(clock.wall() + fromTicks(ticks) - clock.now());
}
