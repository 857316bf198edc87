/** When to try again: exponential back-off, with jitter so that a fleet does not return in step. */

export interface Backoff {
  readonly first: number;
  readonly longest: number;
}

/**
 * @param attempt how many have failed: 1 after the first
 * @param random in [0, 1)
 * @returns ms: between half of the delay and all of it
 */
export function retryDelayMs(attempt: number, { first, longest }: Backoff, random: number): number {
  const delay = Math.min(longest, first * 2 ** (attempt - 1));
  return Math.round(delay / 2 + (delay / 2) * random);
}
