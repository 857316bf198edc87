/**
 * A cost as something a reader can check: what it is, how it was had, and what it was computed from, down to the row that
 * somebody published. `--explain-cost` prints that tree.
 */
export interface CostValue {
  /** Kebab-case, and for one of several what it is of: `verify-time ML-DSA-65`. */
  readonly quantity: string;
  readonly value: number;
  readonly unit: string;
  /** `measured`: counted here. `modelled`: published by others, or computed from what is. */
  readonly how: 'measured' | 'modelled';
  /** In the names of its inputs; empty where it has none. */
  readonly formula: string;
  /** Where it was counted, or the citation. */
  readonly source: string;
  readonly inputs: readonly CostValue[];
  /** Of what is modelled, where anything is known of its error. */
  readonly errorPercent?: number;
}

/** What cannot be said, and why not. Nothing is guessed. */
export interface Unavailable {
  readonly quantity: string;
  readonly why: string;
}

type Leaf = Pick<CostValue, 'quantity' | 'value' | 'unit' | 'source'>;

/** Counted in this run. */
export const measured = (leaf: Leaf): CostValue => ({ ...leaf, how: 'measured', formula: '', inputs: [] });

/** As somebody published it, or as the user set it. */
export const given = (leaf: Leaf): CostValue => ({ ...leaf, how: 'modelled', formula: '', inputs: [] });

interface Computation extends Pick<CostValue, 'quantity' | 'value' | 'unit' | 'formula' | 'inputs'> {
  readonly errorPercent?: number;
}

/** Computed from `inputs`. One that is only arithmetic on what was counted is still modelled if any input is. */
export function computed({ inputs, ...computation }: Computation): CostValue {
  const how = inputs.every((input) => input.how === 'measured') ? 'measured' : 'modelled';
  return { ...computation, how, source: 'computed', inputs };
}

/** One line for each value, its inputs indented below it. */
export function explainValue(value: CostValue, depth = 0): string {
  const indent = '  '.repeat(depth);
  const error = value.errorPercent === undefined ? '' : ` ± ${value.errorPercent.toFixed(1)} %`;
  const amount = value.unit === '1' ? formatNumber(value.value) : `${formatNumber(value.value)} ${value.unit}`;
  const head = `${indent}${value.quantity} = ${amount}${error} (${value.how})`;
  const origin = value.formula === '' ? value.source : `= ${value.formula}`;
  const below = value.inputs.map((input) => explainValue(input, depth + 1));
  return [head, `${indent}    ${origin}`, ...below].join('\n');
}

/** Four significant digits, and every digit of a whole number. */
export const formatNumber = (value: number): string =>
  Number.isInteger(value)
    ? value.toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
