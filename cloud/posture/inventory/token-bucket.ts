/**
 * A token bucket, so that an inventory leaves the request quotas of an account to those who sign with it: KMS counts
 * DescribeKey, ListKeys and the rest per account and Region, for everybody together.
 */
export interface Clock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export class TokenBucket {
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  /** When the next token is there, if nobody takes one before. */
  #freeAtMs = Number.NEGATIVE_INFINITY;

  /** @throws {RangeError} where the rate or the burst is not above 0 */
  constructor({ perSecond, burst, clock }: { perSecond: number; burst: number; clock: Clock }) {
    if (!(perSecond > 0) || !(burst >= 1))
      throw new RangeError('token bucket: expected a rate above 0 and a burst of 1');
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn; callers go in the order in which they came. */
  async take(): Promise<void> {
    const now = this.#clock.nowMs();
    // Tokens that nobody took are kept, up to the burst.
    const at = Math.max(this.#freeAtMs, now - (this.#burst - 1) * this.#intervalMs);
    this.#freeAtMs = at + this.#intervalMs;
    if (at > now) await this.#clock.sleep(at - now);
  }
}
