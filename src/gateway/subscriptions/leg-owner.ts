// What a leg needs of the subscriber that it belongs to.

import type { End } from '../../sip/index.ts';
import type { Leg } from './leg.ts';
import type { SubscribeParts, SubscriptionUsage } from './types.ts';

export interface LegOwner {
  readonly parts: SubscribeParts;
  readonly usage: SubscriptionUsage;
  /** The owner unsubscribed: the usage hears nothing more. */
  readonly muted: boolean;
  /** The dialog key under which it is found from now on. */
  bound(leg: Leg, key: string): void;
  unbound(key: string): void;
  /** `lastedMs`: how long it was pending or active. */
  ended(leg: Leg, end: End, lastedMs: number): void;
}
