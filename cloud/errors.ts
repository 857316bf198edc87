/**
 * Whose turn it is when the cloud side cannot go on. `Rejection` (protocol/errors.ts) is for refused bytes; these two
 * are for our surroundings and for what a person asked.
 */

/** Our surroundings are not ready: the same call may succeed later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** When to try again. */
  readonly retryAfterMs: number;

  /** @param what is not there, as a sentence that a person can act on */
  constructor(what: string, { retryAfterMs = 1_000, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(what, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** What was asked cannot be done as it stands; a person must change the request, the key or the permissions. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  /** Stable and in kebab-case, for programs: add, never rename. */
  readonly code: string;

  /** @param message what is wrong and what to do next */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
