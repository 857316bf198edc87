/** What a rehearsal counts, and what it says in the end. */
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { roleOf, RELEASE_ROLE, ROOT_ROLE, type TrustRoot } from '../../../protocol/trust/root.ts';
import { newestRoot, type TrustState } from '../../../protocol/trust/state.ts';
import type { AttackName } from './attacks.ts';
import type { FleetPlan } from './fleet.ts';
import type { Visit } from './visit.ts';

export interface RoundReport {
  readonly version: number;
  /** `2 ES256 + 2 ML-DSA-65`. */
  readonly rootPolicy: string;
  readonly releasePolicy: string;
  /** Made so far. */
  readonly devices: number;
  readonly reached: number;
  /** Have this root. */
  readonly atVersion: number;
  /** And burned the one before. */
  readonly proven: number;
}

export interface AttackReport {
  readonly name: AttackName;
  readonly tried: number;
  readonly accepted: number;
  /** How often each device refused with which code. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface RehearsalReport {
  readonly devices: number;
  readonly seed: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  /** What the attacker had, and from which version on. */
  readonly stolen: FleetPlan['stolen'];
  readonly rounds: readonly RoundReport[];
  readonly attacks: readonly AttackReport[];
  /** Devices that cannot get the newest root or a release under it any more, by the code of the refusal. */
  readonly bricked: number;
  readonly brickedBy: Readonly<Record<string, number>>;
  /** Devices that took something of the attacker's. */
  readonly rogue: number;
  /** Of these: before the root that drops the stolen keys had reached them. No root can undo that, only shorten it. */
  readonly rogueBeforeCure: number;
  readonly reachedNewest: number;
  readonly longestWalk: number;
  /** Devices whose root had expired when they were reached. */
  readonly expired: number;
  /** Visits of a device by the operator, and how many different ones were computed. */
  readonly visits: number;
  readonly computedVisits: number;
  /** Nobody bricked, nothing of the attacker's accepted. */
  readonly safe: boolean;
}

export class Tally {
  readonly #of: { readonly plan: FleetPlan; readonly chain: readonly VerifiedRoot[]; readonly curedFrom: number };
  readonly #rounds: RoundReport[] = [];
  readonly #attacks = new Map<AttackName, { tried: number; accepted: number; refused: Map<string, number> }>();
  readonly #last = new Map<number, Visit>();
  readonly #rogue = new Set<number>();
  readonly #rogueAfterCure = new Set<number>();
  readonly #expired = new Set<number>();
  #longestWalk = 0;
  #visits = 0;
  #computed = 0;
  #reached = 0;

  constructor(of: { plan: FleetPlan; chain: readonly VerifiedRoot[]; curedFrom: number }) {
    this.#of = of;
  }

  note(device: number, visit: Visit): void {
    this.#reached += 1;
    this.#last.set(device, visit);
    this.#longestWalk = Math.max(this.#longestWalk, visit.steps);
    if (visit.expired) this.#expired.add(device);
    for (const { name, refusal } of visit.attempts) {
      const counts = this.#attacks.get(name) ?? { tried: 0, accepted: 0, refused: new Map<string, number>() };
      this.#attacks.set(name, counts);
      counts.tried += 1;
      if (refusal) counts.refused.set(refusal.code, (counts.refused.get(refusal.code) ?? 0) + 1);
      else {
        counts.accepted += 1;
        this.#rogue.add(device);
        if (visit.versionBefore >= this.#of.curedFrom) this.#rogueAfterCure.add(device);
      }
    }
  }

  /** @param now `states` of all devices, undefined for those that are not made yet; `visits` that were computed */
  endRound(version: number, now: { states: readonly (TrustState | undefined)[]; visits: number }): void {
    const states = now.states.filter((state) => state !== undefined);
    const here = states.filter((state) => newestRoot(state).root.version === version);
    const root = this.#of.chain.find((it) => it.root.version === version)?.root;
    const report = {
      version,
      rootPolicy: root ? policyText(root, ROOT_ROLE) : '',
      releasePolicy: root ? policyText(root, RELEASE_ROLE) : '',
      devices: states.length,
      reached: this.#reached,
      atVersion: here.length,
      proven: here.filter((state) => !state.next).length,
    };
    this.#visits += this.#reached;
    this.#computed += now.visits;
    this.#reached = 0;
    this.#rounds.push(report);
  }

  report(): RehearsalReport {
    const { plan, chain } = this.#of;
    const versions = chain.map(({ root }) => root.version);
    const toVersion = versions.at(-1) ?? 0;
    const visits = [...this.#last.values()];
    const reached = visits.filter(({ state }) => newestRoot(state).root.version === toVersion);
    const bricked = visits.filter((visit) => !reached.includes(visit) || !visit.upToDate);
    return {
      devices: plan.devices,
      seed: plan.seed,
      fromVersion: versions[0] ?? 0,
      toVersion,
      stolen: plan.stolen,
      rounds: this.#rounds,
      attacks: [...this.#attacks].map(([name, { refused, ...counts }]) => ({
        name,
        ...counts,
        refused: Object.fromEntries([...refused].toSorted(([a], [b]) => a.localeCompare(b))),
      })),
      bricked: bricked.length,
      brickedBy: Object.fromEntries(countBy(bricked.map(({ refusal }) => refusal?.code ?? 'not-confirmed'))),
      rogue: this.#rogue.size,
      rogueBeforeCure: this.#rogue.size - this.#rogueAfterCure.size,
      reachedNewest: reached.length,
      longestWalk: this.#longestWalk,
      expired: this.#expired.size,
      visits: this.#visits,
      computedVisits: this.#computed,
      safe: bricked.length === 0 && this.#rogue.size === 0,
    };
  }
}

/** For one line: what an operator must know before the root goes out. */
export function summaryOf(report: RehearsalReport): string {
  const { devices, bricked, rogue, rogueBeforeCure, reachedNewest, toVersion } = report;
  const late =
    rogueBeforeCure > 0
      ? ` (${countText(rogueBeforeCure)} of them before the root that drops the stolen keys reached them)`
      : '';
  return `rehearsed on ${countText(devices)} simulated devices: ${countText(bricked)} bricked, ${countText(rogue)} took something of an attacker's${late}, ${countText(reachedNewest)} reach version ${toVersion}`;
}

const countText = (count: number): string => count.toLocaleString('en');

const policyText = (root: TrustRoot, role: string): string =>
  roleOf(root, role)
    .policy.all.map(({ algorithm, threshold }) => `${threshold} ${algorithm}`)
    .join(' + ');

function countBy(items: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
