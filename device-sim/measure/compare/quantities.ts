/** What two experiments are compared by: each quantity of each case, with one value for each repetition. */
import { median } from 'simple-statistics';
import type { CaseRun, MeasureResults } from '../results/results.ts';

export interface Quantity {
  /** Of the case. */
  readonly id: string;
  readonly phase: string;
  readonly quantity: string;
  readonly unit: string;
  /** Empty where it is no quantity of a link, or of a board. */
  readonly link: string;
  readonly profile: string;
  /** `timed`: how fast this machine simulates, which depends on the machine. */
  readonly how: 'measured' | 'modelled' | 'timed';
}

/** One value for each repetition, in the order of repetitions. */
export interface Values extends Quantity {
  readonly values: readonly number[];
}

const keyOf = ({ id, phase, quantity, unit, link, profile, how }: Quantity): string =>
  [id, phase, quantity, unit, link, profile, how].join('\n');

export function quantitiesOf({ runs }: MeasureResults): ReadonlyMap<string, Values> {
  const all = new Map<string, Quantity & { readonly values: number[] }>();
  const inOrder = runs.toSorted((a, b) => a.repetition - b.repetition);
  for (const [quantity, value] of inOrder.flatMap(valuesOf)) {
    const key = keyOf(quantity);
    const known = all.get(key);
    if (known) known.values.push(value);
    else all.set(key, { ...quantity, values: [value] });
  }
  return all;
}

function valuesOf(run: CaseRun): readonly (readonly [Quantity, number])[] {
  const { id } = run.spec;
  const counted = [...run.rows, ...run.modelled].map(
    ({ phase, quantity, unit, link, profile, how, value }) =>
      [{ id, phase, quantity, unit, link, profile, how }, value] as const,
  );
  const timed = (quantity: string): Quantity => ({
    ...{ id, phase: 'all', quantity, unit: 'ms', link: '', profile: '', how: 'timed' },
  });
  // Repetitions are independent of each other; the blocks of one are not, so each repetition is one value.
  const blocks = run.blockMs.length > 0 ? [[timed('block-median'), median([...run.blockMs])] as const] : [];
  return [...counted, [timed('run'), run.wallMs], ...blocks];
}
