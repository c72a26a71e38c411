// What is known of one user's registration: the usage of his subscription (RFC 3680 §4.8, §5.2).

import { ok, type Result } from '../../base/index.ts';
import {
  isRegistered,
  mergeRegInfo,
  parseRegInfo,
  type RegInfoTable,
  type Registration,
} from '../../mime/index.ts';
import { equalSipUri, parseSipUri, type End } from '../../sip/index.ts';
import type { Notification, SubscriberHandle, SubscriptionUsage } from '../subscriptions/types.ts';

export interface WatchListener {
  registered(): void;
  over(end: End): void;
}

export class Watch implements SubscriptionUsage {
  handle: SubscriberHandle | undefined;
  readonly #resource: string;
  readonly #listener: WatchListener;
  #table: RegInfoTable | undefined;

  constructor(resource: string, listener: WatchListener) {
    this.#resource = resource;
    this.#listener = listener;
  }

  notified(notification: Notification): Result<'taken' | 'refresh'> {
    // Nothing is known yet, or nothing is told with the end (RFC 6665 §4.1.2.3).
    if (notification.contentType === undefined) return ok('taken');
    const document = parseRegInfo(notification.body);
    if (!document.ok) return document;
    const merged = mergeRegInfo(this.#table, document.value);
    if (!merged.ok) return merged;
    const { table, taken, gap } = merged.value;
    this.#table = table;
    if (taken && this.#own(table.registrations).some(isRegistered)) this.#listener.registered();
    return ok(gap ? 'refresh' : 'taken');
  }

  /** §5.1: "Versions are scoped within a subscription". */
  dialogEnded(): void {
    this.#table = undefined;
  }

  over(end: End): void {
    this.#listener.over(end);
  }

  /** Those of the user himself; all when the registrar writes his address in another way. */
  #own(registrations: readonly Registration[]): readonly Registration[] {
    const resource = parseSipUri(this.#resource);
    const own = registrations.filter(({ aor }) => {
      const uri = parseSipUri(aor);
      return resource.ok && uri.ok && equalSipUri(uri.value, resource.value);
    });
    return own.length === 0 ? registrations : own;
  }
}
