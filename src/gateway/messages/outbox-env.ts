// What the outbox needs of its surroundings.

import type { Clock, Collection, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { OutboxRecord } from '../../interwork/message/index.ts';
import type { Live } from '../live.ts';
import type { Sender } from './outbox-message.ts';
import type { SipDeliveries } from './sip-deliveries.ts';

export interface OutboxEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'offline' | 'routes'>;
  readonly node: string;
  readonly deliveries: Pick<SipDeliveries, 'send'>;
  readonly records: Collection<OutboxRecord>;
  /** Other gateways write there too: only what is of this node is its own. */
  readonly shared: boolean;
  /** False with `durability: none`: only kept messages are written. */
  readonly durable: boolean;
  /** The sender's side of a message that was read from the store; undefined: no link speaks for its domain any more. */
  senderOf(record: OutboxRecord): Sender | undefined;
  /** The user's agent does not take message/cpim (RCPT-01). Bare JID. */
  cpimRefused(recipient: string): void;
  /** Stops and starts the reading of all XMPP links. */
  pauseReading(pause: boolean): void;
  /** Messages wait for this SIP user, or no longer: whoever can, tells `seen` when he comes. Bare JID. */
  awaited(recipient: string, waits: boolean): void;
}
