/**
 * A chain of roots, played on a twin of the fleet before any real device sees the newest of them:
 *
 *     for each version of the root: every device that can be reached is attacked, walks the roots it lacks,
 *     takes the new releases, tests them, and confirms: all by the functions that devices run (protocol/trust)
 *
 * Devices in the same state decide the same, so each decision is computed once for each state that occurs and counted for
 * every device that is in it. Behind the newest version everybody comes back, twice.
 */
import type { PublicKey, VerifySignature } from '../../../protocol/cose/algorithms.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { initialTrust, type TrustState } from '../../../protocol/trust/state.ts';
import type { AttackContext } from './attacks.ts';
import { createFleet, type FleetPlan, type TwinDevice } from './fleet.ts';
import { type RehearsalReport, Tally } from './rehearsal-report.ts';
import { createRounds, curedFrom, keysOfChain, stolenAt } from './rounds.ts';
import { TwinSignatures } from './twin-signatures.ts';
import { stateKeyOf, type Visit, visitDevice } from './visit.ts';

export interface RehearseOptions {
  readonly verify: VerifySignature;
  /** For keys that the roots only pin. */
  readonly publicKeys?: readonly PublicKey[];
  /** When the newest root is published; the others were when they say. */
  readonly nowSeconds: number;
  readonly onRound?: (version: number) => void;
}

const HOUR_SECONDS = 3_600;

/** When the operator reaches devices: `back` counts the rounds in which everybody comes back. */
interface Time {
  readonly version: number;
  readonly seconds: number;
  readonly back: number;
}

/**
 * @param chain oldest first, at least one, each verified as the successor of the one before
 * @throws {OperatorError} `invalid-fleet`, `key-pinned`, `unknown-key`
 */
export function rehearse(
  chain: readonly VerifiedRoot[],
  plan: FleetPlan,
  { verify, publicKeys = [], nowSeconds, onRound }: RehearseOptions,
): RehearsalReport {
  const signatures = new TwinSignatures(verify);
  const keys = keysOfChain(chain, publicKeys);
  const classId = chain.at(-1)?.root.floors[0]?.classId ?? new Uint8Array(16);
  const rounds = createRounds(chain, { classId, keys, signatures });
  const fleet = new TwinFleet(
    createFleet(
      plan,
      rounds.map(({ root }) => root.root.version),
    ),
  );
  const tally = new Tally({ plan, chain, curedFrom: curedFrom(chain, plan.stolen) });
  for (const time of timesOf(chain, nowSeconds)) {
    const upToNow = rounds.filter(({ root }) => root.root.version <= time.version);
    const stolen = stolenAt(time.version, plan.stolen, keys);
    const newest = upToNow.at(-1);
    if (newest && time.back === 0) fleet.make(time.version, initialTrust(newest.root, keys));
    const context = { signatures, keys, classId, rounds: upToNow, stolen, verify: signatures.verify };
    const computed = fleet.visit(time, context, (device, visit) => tally.note(device, visit));
    tally.endRound(time.version, { states: fleet.states(), visits: computed });
    onRound?.(time.version);
  }
  return tally.report();
}

function timesOf(chain: readonly VerifiedRoot[], nowSeconds: number): readonly Time[] {
  const times = chain.map(({ root }): Time => {
    return { version: root.version, seconds: root.issuedSeconds + HOUR_SECONDS, back: 0 };
  });
  const last = times.at(-1);
  if (!last) return [];
  const seconds = Math.max(last.seconds, nowSeconds) + HOUR_SECONDS;
  return [...times, { ...last, seconds, back: 1 }, { ...last, seconds: seconds + HOUR_SECONDS, back: 2 }];
}

class TwinFleet {
  readonly #devices: readonly TwinDevice[];
  /** Of each device that is made: which of `#known`. */
  readonly #keys: (string | undefined)[];
  readonly #known = new Map<string, TrustState>();

  constructor(devices: readonly TwinDevice[]) {
    this.#devices = devices;
    this.#keys = devices.map(() => undefined);
  }

  make(version: number, state: TrustState): void {
    const key = stateKeyOf(state);
    this.#known.set(key, state);
    for (const [index, device] of this.#devices.entries()) if (device.madeWith === version) this.#keys[index] = key;
  }

  states(): readonly TrustState[] {
    return this.#keys.flatMap((key) => (key === undefined ? [] : [this.#stateOf(key)]));
  }

  /** @returns how many different visits there were */
  visit(time: Time, context: AttackContext, note: (device: number, visit: Visit) => void): number {
    const visits = new Map<string, Visit>();
    for (const [index, device] of this.#devices.entries()) {
      const key = this.#keys[index];
      const reached = reachedAt(device, time);
      if (key === undefined || !reached) continue;
      const group = `${device.hasClock} ${reached.healthy} ${key}`;
      const nowSeconds = device.hasClock ? time.seconds : undefined;
      const visit = visits.get(group) ?? visitDevice(this.#stateOf(key), { ...context, nowSeconds }, reached.healthy);
      visits.set(group, visit);
      this.#known.set(visit.stateKey, visit.state);
      this.#keys[index] = visit.stateKey;
      note(index, visit);
    }
    return visits.size;
  }

  #stateOf(key: string): TrustState {
    const state = this.#known.get(key);
    if (!state) throw new RangeError('rehearsal: a state that nobody was in');
    return state;
  }
}

/** Of those who come back, an installation may still fail the first time, and none does the second time. */
function reachedAt({ rounds }: TwinDevice, { version, back }: Time): { readonly healthy: boolean } | undefined {
  if (back === 0) return rounds.get(version);
  return { healthy: back > 1 || (rounds.get(version)?.healthy ?? true) };
}
