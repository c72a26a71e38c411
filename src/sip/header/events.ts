// Header fields of SIP events as a subscriber needs them (RFC 6665 §8.2).

import { ok, type Result } from '../../base/index.ts';
import { parseDeltaSeconds } from './time.ts';
import { parseTokenWithParams } from './tokens.ts';
import { listValues, readSingle, type FieldSource } from './single.ts';

/** Event as it is compared: package and `id` byte by byte, and nothing else (RFC 6665 §8.2.1). */
export interface EventName {
  /** As written, with its template packages: "presence", "presence.winfo". */
  readonly package: string;
  readonly id?: string;
}

/** Event; undefined when there is none. */
export function eventName(source: FieldSource): Result<EventName | undefined> {
  return readSingle(source, 'event', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const id = read.value.params.get('id');
    return ok<EventName>(
      id === undefined ? { package: read.value.token } : { package: read.value.token, id },
    );
  });
}

/** RFC 6665 §8.2.1: one with an id "never matches" one without. */
export function equalEvents(left: EventName, right: EventName): boolean {
  return left.package === right.package && left.id === right.id;
}

/** The value of Event. */
export function formatEvent(event: EventName): string {
  return event.id === undefined ? event.package : `${event.package};id=${event.id}`;
}

/** Packages of Allow-Events, as written: what the sender can be a notifier for (RFC 6665 §4.4.4). */
export function allowEvents(source: FieldSource): readonly string[] {
  return listValues(source, 'allow-events');
}

/** Subscription-State (RFC 6665 §8.2.3) with what its parameters mean; numbers that cannot be read are absent. */
export interface StateOfSubscription {
  /** Lower case: "active", "pending", "terminated", or what a later document defines. */
  readonly state: string;
  /** Lower case. */
  readonly reason?: string;
  readonly expiresSeconds?: number;
  readonly retryAfterSeconds?: number;
}

/** Reads Subscription-State; undefined when there is none. Codes ERR_SIP_HEADER_TOKEN, ERR_SIP_HEADER_REPEATED. */
export function stateOfSubscription(source: FieldSource): Result<StateOfSubscription | undefined> {
  return readSingle(source, 'subscription-state', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const { token, params } = read.value;
    const reason = params.get('reason')?.toLowerCase();
    const expiresSeconds = seconds(params.get('expires'));
    const retryAfterSeconds = seconds(params.get('retry-after'));
    return ok<StateOfSubscription>({
      state: token.toLowerCase(),
      ...(reason === undefined ? {} : { reason }),
      ...(expiresSeconds === undefined ? {} : { expiresSeconds }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  });
}

function seconds(raw: string | undefined): number | undefined {
  const read = raw === undefined ? undefined : parseDeltaSeconds(raw);
  return read?.ok === true ? read.value : undefined;
}
