/**
 * Which cases a sweep runs, and what comes of them. Single faults are all that there are: every flash operation and every
 * message of the run without faults, in every way. Double faults are drawn: the n-th of a seed is the same everywhere.
 */
import { seededRandom } from '../links/seeded-random.ts';
import { describeCase, describeScenario, type Fault, type FaultCase, FAULTS_AT, type Place, PLACES } from './fault.ts';
import type { Scenario } from './fault.ts';
import type { Counts, Tap } from './fault-world.ts';
import type { InvariantName } from './invariants.ts';
import { countsOf, runCase } from './run-case.ts';

/** A part of a sweep, small enough to say how far it is. */
export type Batch =
  | { readonly kind: 'single'; readonly scenario: Scenario }
  | {
      readonly kind: 'double';
      readonly seed: number;
      readonly from: number;
      readonly count: number;
      /** Of which each case draws one. */
      readonly scenarios: readonly Scenario[];
    };

export interface Failure {
  /** As `--trace` takes it. */
  readonly case: string;
  readonly invariant: InvariantName;
  readonly detail: string;
}

export interface ScenarioTally {
  readonly cases: number;
  /** Times that the power went. */
  readonly powerCuts: number;
  /** Faults that happened: of two that were drawn, the second may come too late. */
  readonly faults: number;
}

export interface Tally {
  readonly single: Map<string, ScenarioTally>;
  readonly double: Map<string, ScenarioTally>;
  readonly failures: Failure[];
}

export const emptyTally = (): Tally => ({ single: new Map(), double: new Map(), failures: [] });

/** Into the first. */
export function addTally(sum: Tally, { single, double, failures }: Tally): void {
  for (const [name, tally] of single) addTo(sum.single, name, tally);
  for (const [name, tally] of double) addTo(sum.double, name, tally);
  sum.failures.push(...failures);
}

function addTo(sums: Map<string, ScenarioTally>, name: string, { cases, powerCuts, faults }: ScenarioTally): void {
  const sum = sums.get(name) ?? { cases: 0, powerCuts: 0, faults: 0 };
  sums.set(name, { cases: sum.cases + cases, powerCuts: sum.powerCuts + powerCuts, faults: sum.faults + faults });
}

const SEED_OF_SINGLES = 1;

/** Every fault that can happen in a run of so many operations and messages. */
export const faultsIn = (counts: Counts): readonly Fault[] =>
  PLACES.flatMap((place) => Array.from({ length: counts[place] }, (_, at) => faultsAt(place, at)).flat());

function faultsAt(place: Place, at: number): readonly Fault[] {
  if (place === 'flash') return FAULTS_AT[place].map((how) => ({ place, at, how }));
  if (place === 'clock') return FAULTS_AT[place].map((how) => ({ place, at, how }));
  return FAULTS_AT[place].map((how) => ({ place, at, how }));
}

/** How often each place is drawn, of 20. */
const WEIGHTS: Readonly<Record<Place, number>> = { flash: 10, up: 4, down: 5, clock: 1 };
const DRAWN: readonly Place[] = PLACES.flatMap((place) => Array.from({ length: WEIGHTS[place] }, () => place));
/** What a fault makes longer is looked at too. */
const LONGER = 1.2;

/** The n-th double fault of a seed. */
export async function doubleFault(
  n: number,
  { seed, scenarios }: { readonly seed: number; readonly scenarios: readonly Scenario[] },
): Promise<FaultCase> {
  const random = seededRandom(Math.imul(seed, 1_000_003) + n);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const scenario = pick(scenarios);
  const { counts } = await countsOf(scenario);
  const faults = [1, LONGER].map((share) => {
    const place = pick(DRAWN);
    return pick(faultsAt(place, Math.floor(random() * counts[place] * share)));
  });
  return { seed: n, scenario, faults };
}

/** @param tap breaks the device on purpose: what a sweep would find */
export async function runBatch(batch: Batch, tap: Tap = {}): Promise<Tally> {
  const tally = emptyTally();
  if (batch.kind === 'single') {
    const { scenario } = batch;
    const { counts, violation } = await countsOf(scenario);
    if (violation) throw new Error(`without a fault, ${describeScenario(scenario)}: ${violation.message}`);
    for (const fault of faultsIn(counts)) {
      await runInto(tally, { faultCase: { seed: SEED_OF_SINGLES, scenario, faults: [fault] }, tap });
    }
    return tally;
  }
  for (let n = batch.from; n < batch.from + batch.count; n++) {
    await runInto(tally, { faultCase: await doubleFault(n, batch), tap });
  }
  return tally;
}

async function runInto(tally: Tally, { faultCase, tap }: { faultCase: FaultCase; tap: Tap }): Promise<void> {
  const { violation, powerCuts, faults } = await runCase(faultCase, tap);
  const sums = faultCase.faults.length === 1 ? tally.single : tally.double;
  addTo(sums, describeScenario(faultCase.scenario), { cases: 1, powerCuts, faults });
  if (!violation) return;
  const { invariant, message: detail } = violation;
  tally.failures.push({ case: describeCase(faultCase), invariant, detail });
}

const DOUBLES_OF_A_BATCH = 200;

export interface SweepPlan {
  readonly scenarios: readonly Scenario[];
  readonly isSingle: boolean;
  /** How many double faults. */
  readonly doubles: number;
  readonly seed: number;
}

export function batchesOf({ scenarios, isSingle, doubles, seed }: SweepPlan): readonly Batch[] {
  const singles = isSingle ? scenarios.map((scenario): Batch => ({ kind: 'single', scenario })) : [];
  const parts = Array.from({ length: Math.ceil(doubles / DOUBLES_OF_A_BATCH) }, (_, i): Batch => {
    const from = i * DOUBLES_OF_A_BATCH;
    return { kind: 'double', seed, from, count: Math.min(DOUBLES_OF_A_BATCH, doubles - from), scenarios };
  });
  return [...singles, ...parts];
}

/** Cases of a whole sweep. */
export async function casesIn({ scenarios, isSingle, doubles }: SweepPlan): Promise<number> {
  let cases = doubles;
  for (const scenario of isSingle ? scenarios : []) cases += faultsIn((await countsOf(scenario)).counts).length;
  return cases;
}
