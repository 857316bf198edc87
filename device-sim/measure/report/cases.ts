/** The runs of an experiment by case, and what they counted: one number for each quantity, over all repetitions. */
import type { CostRow } from '../../metrics/cost.ts';
import type { CaseRun, CaseSpec, MeasureResults } from '../results/results.ts';

export interface MeasuredCase {
  /** From 1, as the list at the end of the report counts them. */
  readonly number: number;
  readonly spec: CaseSpec;
  readonly runs: readonly CaseRun[];
}

export function casesOf(results: MeasureResults): readonly MeasuredCase[] {
  const byId = Map.groupBy(results.runs, (run) => run.spec.id);
  return [...byId.values()].flatMap((runs, index) =>
    runs[0] ? [{ number: index + 1, spec: runs[0].spec, runs }] : [],
  );
}

/** What a row must be to count; what is left out may be anything. */
export interface Wanted {
  /** One name, or several that add up. */
  readonly quantity: string | readonly string[];
  readonly phase?: string;
  /** Empty: of no link in particular. */
  readonly link?: string;
  readonly board?: string;
}

export interface Amount {
  /** Mean of the runs. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly n: number;
}

/** @returns undefined where no run has such a row */
export const measuredOf = (it: MeasuredCase, wanted: Wanted): Amount | undefined =>
  amountOf(it.runs.map(({ rows }) => sumOf(rows, wanted)));

/** @returns undefined where no run has such a row */
export const modelledOf = (it: MeasuredCase, wanted: Wanted): Amount | undefined =>
  amountOf(it.runs.map(({ modelled }) => sumOf(modelled, { link: '', board: '', ...wanted })));

function sumOf(rows: readonly CostRow[], { quantity, phase, link, board }: Wanted): number | undefined {
  const names = typeof quantity === 'string' ? [quantity] : quantity;
  const found = rows.filter(
    (row) =>
      names.includes(row.quantity) &&
      (phase === undefined || row.phase === phase) &&
      (link === undefined || row.link === link) &&
      (board === undefined || row.profile === board),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

function amountOf(sums: readonly (number | undefined)[]): Amount | undefined {
  const values = sums.filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  return {
    value: values.reduce((sum, value) => sum + value, 0) / values.length,
    least: Math.min(...values),
    most: Math.max(...values),
    n: values.length,
  };
}

// oxfmt-ignore
const WIRE = [
  'sent', 'received', 'cut-short',
  'tls-handshake-sent', 'tls-handshake-received', 'tls-records-sent', 'tls-records-received',
];

/** bytes. Both directions, all phases, at the socket: MQTT, and TLS where there was any. */
export const wireBytesOf = (it: MeasuredCase): number | undefined => measuredOf(it, { quantity: WIRE })?.value;

/** The largest of any phase. */
export function ramPeakOf({ runs }: MeasuredCase): number | undefined {
  const peaks = runs.flatMap(({ rows }) => rows.filter(({ quantity }) => quantity === 'ram-peak'));
  return peaks.length === 0 ? undefined : Math.max(...peaks.map(({ value }) => value));
}

/** Algorithms of these cases and the bytes of their signatures, in the order of the cases. */
export const algorithmsOf = (cases: readonly MeasuredCase[]): ReadonlyMap<string, number> =>
  new Map(cases.map(({ spec }) => [spec.algorithm, spec.signatureBytes]));
