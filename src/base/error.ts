// Failures of our own surroundings (timeout, transport, DNS, files): exceptions with a stable, documented code.

/**
 * An environment failure. `code` is `ERR_<AREA>_<WHAT>`, listed in docs/errors.md; the message says what was
 * attempted and with whom; `cause` holds the underlying error.
 */
export class StoxgateError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoxgateError';
    this.code = code;
  }
}
