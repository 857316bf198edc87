/** How often each operation may be asked for, over all devices, as AWS IoT throttles an account. */
import type { ProvisioningOperation } from '../../protocol/aws-iot/provisioning-topics.ts';

/** Requests per second by operation; an operation that is left out is not limited. */
export type RateLimits = Readonly<Partial<Record<ProvisioningOperation, number>>>;

/** AWS IoT Core, service quotas by default: a million devices take more than a day. */
export const AWS_RATE_LIMITS: RateLimits = { 'create-keys': 10, 'create-from-csr': 20, 'register-thing': 10 };

/** A second's worth may come at once. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #levels = new Map<ProvisioningOperation, { readonly tokens: number; readonly atMs: number }>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** @returns whether it may be carried out now */
  take(operation: ProvisioningOperation, nowMs: number): boolean {
    const perSecond = this.#limits[operation];
    if (perSecond === undefined) return true;
    const last = this.#levels.get(operation) ?? { tokens: perSecond, atMs: nowMs };
    const refilled = last.tokens + (Math.max(0, nowMs - last.atMs) * perSecond) / 1_000;
    const tokens = Math.min(perSecond, refilled);
    const taken = tokens >= 1;
    this.#levels.set(operation, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
    return taken;
  }
}
