/** The fleet of a rehearsal: how many devices, which root each was made with, and in which rounds it can be reached. */
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { OperatorError } from '../../errors.ts';
import { seededChance } from './chance.ts';

/** A round is the time in which one version of the root is the newest. */
export interface FleetPlan {
  readonly devices: number;
  readonly seed: string;
  /** Share of the devices that were made with each version of the root. Left out: evenly over all but the newest. */
  readonly madeWith?: ReadonlyMap<number, number>;
  /** Share that cannot be reached at any one time. A device stays away for 5 rounds on average. */
  readonly offline: number;
  /** Share without a clock. */
  readonly clockless: number;
  /** Share of the installations that fail the device's own tests. */
  readonly unhealthy: number;
  /** Private keys that an attacker has, from a version of the root on. */
  readonly stolen: readonly StolenKeys[];
}

/** One key by the beginning of its id in hex, or every key of an algorithm that somebody can break. */
export type StolenKeys = { readonly fromVersion: number } & (
  | { readonly keyId: string }
  | { readonly algorithm: AlgorithmName }
);

export const DEFAULT_PLAN: FleetPlan = {
  devices: 10_000,
  seed: '1',
  offline: 0.2,
  clockless: 0.5,
  unhealthy: 0.01,
  stolen: [],
};

/** One device: everything that its rehearsal does not compute. */
export interface TwinDevice {
  readonly madeWith: number;
  readonly hasClock: boolean;
  /** Versions at which it can be reached, and whether what it installs then is healthy. */
  readonly rounds: ReadonlyMap<number, { readonly healthy: boolean }>;
}

/** A device that is away comes back with this chance each round. */
const RETURN_CHANCE = 1 / 5;

/**
 * @param versions of the chain, ascending; behind the last one everybody comes back
 * @throws {OperatorError} `invalid-fleet`
 */
export function createFleet(plan: FleetPlan, versions: readonly number[]): readonly TwinDevice[] {
  const shares = madeWithShares(plan, versions);
  const chance = seededChance(plan.seed);
  return Array.from({ length: plan.devices }, (_, index) => {
    const madeWith = pick(shares, (index + 0.5) / plan.devices);
    const rounds = new Map<number, { readonly healthy: boolean }>();
    let away = chance('away', index) < plan.offline;
    for (const version of versions.filter((it) => it >= madeWith)) {
      if (!away) rounds.set(version, { healthy: chance('healthy', index, version) >= plan.unhealthy });
      away = chance('turn', index, version) < (away ? 1 - RETURN_CHANCE : leaveChance(plan.offline));
    }
    return { madeWith, hasClock: chance('clock', index) >= plan.clockless, rounds };
  });
}

/** That which keeps the share of those who are away where it is. */
const leaveChance = (offline: number): number => (RETURN_CHANCE * offline) / (1 - offline);

function madeWithShares({ madeWith }: FleetPlan, versions: readonly number[]): readonly (readonly [number, number])[] {
  if (!madeWith) {
    const older = versions.length > 1 ? versions.slice(0, -1) : versions;
    return older.map((version) => [version, 1 / older.length]);
  }
  const total = [...madeWith.values()].reduce((sum, share) => sum + share, 0);
  const unknown = [...madeWith.keys()].find((version) => !versions.includes(version));
  if (unknown !== undefined) {
    const detail = `expected versions of the chain (${versions[0]} to ${versions.at(-1)}), got ${unknown}`;
    throw new OperatorError('invalid-fleet', `made with: ${detail}.`);
  }
  if (!(total > 0)) throw new OperatorError('invalid-fleet', 'made with: expected at least one device, got none.');
  return [...madeWith].map(([version, share]) => [version, share / total]);
}

/** The version whose part of [0, 1) `point` falls into. */
function pick(shares: readonly (readonly [number, number])[], point: number): number {
  let upTo = 0;
  for (const [version, share] of shares) {
    upTo += share;
    if (point < upTo) return version;
  }
  return shares.at(-1)?.[0] ?? 1;
}
