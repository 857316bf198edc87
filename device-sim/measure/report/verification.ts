/** What verifying one signature takes of each board, as the cost model had it for the runs. */
import type { MeasureResults } from '../results/results.ts';
import { casesOf, type MeasuredCase, modelledOf } from './cases.ts';

export interface Verification {
  readonly board: string;
  /** One primitive: those of a hybrid are rows of their own. */
  readonly algorithm: string;
  readonly milliseconds: number | undefined;
  readonly stackBytes: number | undefined;
  readonly of: MeasuredCase;
}

const TIME = 'verify-time ';
const STACK = 'verify-stack ';

export function verificationsOf(results: MeasureResults): readonly Verification[] {
  const cases = casesOf(results);
  const found = new Map<string, Verification>();
  for (const of of cases) {
    const names = new Set(
      of.runs.flatMap(({ modelled }) => modelled.flatMap(({ quantity }) => primitiveOf(quantity) ?? [])),
    );
    for (const board of results.experiment.boards) {
      for (const algorithm of names) {
        const key = JSON.stringify([board, algorithm]);
        const known = found.get(key) ?? verificationOf(of, board, algorithm);
        if (known) found.set(key, known);
      }
    }
  }
  return [...found.values()];
}

const primitiveOf = (quantity: string): string | undefined =>
  [TIME, STACK].flatMap((prefix) => (quantity.startsWith(prefix) ? [quantity.slice(prefix.length)] : []))[0];

function verificationOf(of: MeasuredCase, board: string, algorithm: string): Verification | undefined {
  const milliseconds = modelledOf(of, { quantity: TIME + algorithm, board })?.value;
  const stackBytes = modelledOf(of, { quantity: STACK + algorithm, board })?.value;
  if (milliseconds === undefined && stackBytes === undefined) return undefined;
  return { board, algorithm, milliseconds, stackBytes, of };
}
