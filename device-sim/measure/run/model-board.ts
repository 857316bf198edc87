/**
 * A measured run on a board: what verifying one signature takes of its time and stack, hashing, and the energy of both.
 * What the board's flash would take is not here: erases were counted on the board that ran.
 */
import { type AlgorithmName, ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { coreEnergy, hashValues, verifyValues } from '../../cost-model/core-values.ts';
import { computed, type CostValue, measured } from '../../cost-model/value.ts';
import { canVerify } from '../../cost-model/verify-cost.ts';
import { type CostRow, sumOf } from '../../metrics/cost.ts';
import { boardFacts, type BoardFacts } from '../../profiles/boards-facts.ts';
import { partsOf } from '../experiment/schemes.ts';
import type { NotKnown } from '../results/results.ts';
import type { ModelInput } from './model-input.ts';

export interface BoardModel {
  readonly board: string;
  readonly values: readonly CostValue[];
  readonly notKnown: readonly NotKnown[];
  readonly sources: Readonly<Record<string, string>>;
}

/** @throws {RangeError} where there is no such board */
export function modelBoard(board: string, { rows, spec }: ModelInput): BoardModel {
  const facts = boardFacts(board);
  if (!facts) throw new RangeError(`experiment: no board ${board}`);
  const parts = partsOf(spec.algorithm);
  const verified = ALGORITHMS.filter(({ name }) => parts.includes(name)).map(({ name }) => verification(name, facts));
  const hash = hashValues(hashedBytes(rows, spec.image.imageBytes), facts);
  const once = verified.flatMap(({ values }) => values);
  const isWhole = verified.every(({ values }) => values.some(isTime)) && hash.values.length > 0;
  const times = [...once.filter(isTime).map((value) => timesStarts(value, rows)), ...hash.values];
  // Without one of its parts it would say too little, and look whole.
  const energy = isWhole ? coreEnergy(times, facts) : NO_ENERGY;
  const values = [...once, ...hash.values, ...energy.values];
  const unavailable = [...verified, hash, energy].flatMap((it) => it.unavailable);
  return {
    board,
    values,
    notKnown: unavailable.map((it) => ({ link: '', profile: board, algorithm: spec.algorithm, ...it })),
    sources: Object.fromEntries(values.map((value) => [`${value.quantity} on ${board}`, sourceOf(value)])),
  };
}

const NO_ENERGY = {
  values: [],
  unavailable: [
    { quantity: 'core-energy', why: 'the time of verifying or hashing, which is not known, would be part of it' },
  ],
};

const isTime = ({ unit }: CostValue): boolean => unit === 'ms';

function verification(algorithm: AlgorithmName, facts: BoardFacts) {
  const verdict = canVerify(facts, algorithm);
  return verdict.ok
    ? verifyValues(verdict.cost, facts)
    : { values: [], unavailable: [{ quantity: `verify-time ${algorithm}`, why: verdict.detail }] };
}

/** An envelope is verified before its image is asked for, and after the reboot again: once for each start. */
function timesStarts(time: CostValue, rows: readonly CostRow[]): CostValue {
  const starts = measured({
    quantity: 'starts',
    value: sumOf(rows, 'starts'),
    unit: '1',
    source: 'counted in this run',
  });
  return computed({
    ...{ quantity: `${time.quantity} in all`, value: time.value * starts.value, unit: 'ms' },
    ...{ formula: `${time.quantity} × starts`, inputs: [time, starts] },
  });
}

/** As the image arrives, and by the boot loader at each start. */
const hashedBytes = (rows: readonly CostRow[], imageBytes: number): CostValue =>
  measured({
    ...{ quantity: 'hashed', value: imageBytes + sumOf(rows, 'hashed'), unit: 'B' },
    source: 'the image, and what the boot loader was counted to hash',
  });

/** What is at the ends of its computation: the documents behind it. */
function sourceOf(value: CostValue): string {
  const leaves = (it: CostValue): readonly CostValue[] => (it.inputs.length === 0 ? [it] : it.inputs.flatMap(leaves));
  return [...new Set(leaves(value).map(({ source }) => source))].join('; ');
}
