// Where the NOTIFY of a served subscription is, as the operator is shown it (`stoxgate presence`).

import type { NotifierState } from '../../sip/index.ts';
import type { ServedStatus } from './notifier-types.ts';

/** The last NOTIFY of one that ends counts as any other. */
export function notifyStatus(state: NotifierState): Pick<ServedStatus, 'notify' | 'owed' | 'failures'> {
  if (state.name === 'pending' || state.name === 'active') {
    return { notify: state.notify, owed: state.owed !== 'no', failures: state.failures };
  }
  const idle = { notify: 'idle', owed: false, failures: 0 } as const;
  if (state.name !== 'ending') return idle;
  return state.final === 'waiting'
    ? { ...idle, notify: 'sending', owed: true }
    : { ...idle, notify: state.final };
}
