// The publications of one resource at a compositor (ESC), as data (RFC 3903 §6 steps 3 to 6; row CSP-19). Steps 1 and 2, whether
// it serves this resource and this event package, are its driver's.

/** What one publisher has published. */
export interface PublishedState<T> {
  readonly tag: string;
  readonly document: T;
  /** By the monotonic clock, in milliseconds. */
  readonly expiresAtMs: number;
}

/** In the order in which they were first published. */
export type PublishedStates<T> = readonly PublishedState<T>[];

export interface PublishRequest<T> {
  /** SIP-If-Match. */
  readonly ifMatch?: string | undefined;
  /** Expires; undefined: absent. */
  readonly expires?: number | undefined;
  /** undefined: no body. */
  readonly document?: T | undefined;
}

export interface CompositorRules {
  /** Seconds: below it 423. */
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
  /** Publications of one resource. */
  readonly maxStates: number;
}

export type PublishAnswer =
  | { readonly status: 200; readonly tag: string; readonly expires: number }
  /** No such tag. */
  | { readonly status: 412 }
  | { readonly status: 423; readonly minExpires: number }
  /** Neither a tag nor a body. */
  | { readonly status: 400 }
  /** The resource has as many publications as it may. */
  | { readonly status: 480 };

export interface PublishOutcome<T> {
  readonly states: PublishedStates<T>;
  readonly answer: PublishAnswer;
  /** A document came, is another one, or is gone. */
  readonly changed: boolean;
}

/** Those that hold at this time. */
export function unexpired<T>(states: PublishedStates<T>, nowMs: number): PublishedStates<T> {
  return states.every(({ expiresAtMs }) => expiresAtMs > nowMs)
    ? states
    : states.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
}

/**
 * One PUBLISH, completely or not at all. `newTag` must be unlike every tag that was ever given for this resource (§6 step 6).
 */
export function receivePublish<T>(
  before: PublishedStates<T>,
  request: PublishRequest<T>,
  at: { readonly nowMs: number; readonly newTag: string; readonly rules: CompositorRules },
): PublishOutcome<T> {
  const { nowMs, newTag, rules } = at;
  const { ifMatch, document } = request;
  const states = unexpired(before, nowMs);
  const lapsed = states !== before;
  const refuse = (answer: PublishAnswer): PublishOutcome<T> => ({ states, answer, changed: lapsed });
  // Step 3.
  const known = ifMatch === undefined ? undefined : states.find(({ tag }) => tag === ifMatch);
  if (ifMatch !== undefined && known === undefined) return refuse({ status: 412 });
  // Step 4: "Only if the requested expiration interval is greater than zero and less than a locally-configured minimum".
  const asked = request.expires ?? rules.defaultExpires;
  if (asked > 0 && asked < rules.minExpires) return refuse({ status: 423, minExpires: rules.minExpires });
  const expires = Math.min(asked, rules.maxExpires);
  // Step 5.
  const content = document ?? known?.document;
  if (content === undefined) return refuse({ status: 400 });
  const answer: PublishAnswer = { status: 200, tag: newTag, expires };
  if (expires === 0) {
    // "The ESC MUST NOT store any event state as a result of such a request."
    const left = known === undefined ? states : states.filter((each) => each !== known);
    return { states: left, answer, changed: lapsed || known !== undefined };
  }
  const next: PublishedState<T> = { tag: newTag, document: content, expiresAtMs: nowMs + expires * 1000 };
  if (known !== undefined) {
    const replaced = states.map((each) => (each === known ? next : each));
    return { states: replaced, answer, changed: lapsed || document !== undefined };
  }
  if (states.length >= rules.maxStates) return refuse({ status: 480 });
  return { states: [...states, next], answer, changed: true };
}
