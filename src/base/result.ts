// Values for "what a peer sent is wrong or refused": never an exception (docs/architecture.md, "Errors").

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

/** Either a value or the reason why there is none. Parsers and checks of network input return it. */
export type Result<T, E = Fault> = Ok<T> | Err<E>;

/** What is wrong with something a peer sent: a registered code, a sentence, and the clause that was broken. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  /** For example "RFC 3261 §8.1.1.7". */
  readonly clause?: string;
}

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/** Shorthand for an `Err` that holds a `Fault`. */
export function fault(code: string, message: string, clause?: string): Err<Fault> {
  return { ok: false, error: clause === undefined ? { code, message } : { code, message, clause } };
}
