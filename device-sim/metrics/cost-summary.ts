/**
 * The cost records of many devices as one: the mean of each quantity, over so many devices, and its smallest and largest
 * value where they differ. It takes no more memory for a million devices than for one.
 */
import type { CostContext, CostRow } from './cost.ts';

interface Tally {
  /** Of the first device: what it has in common with the others. */
  readonly row: CostRow;
  sum: number;
  least: number;
  most: number;
  devices: number;
}

export class CostSummary {
  readonly #context: Partial<CostContext>;
  readonly #tallies = new Map<string, Tally>();

  /** @param context instead of that of the devices: they all have the same one then */
  constructor(context: Partial<CostContext>) {
    this.#context = context;
  }

  /** The record of one device: each quantity at most once. */
  add(rows: readonly CostRow[]): void {
    for (const row of rows) {
      const key = [row.profile, row.link, row.algorithm, row.phase, row.quantity, row.unit].join(' ');
      const known = this.#tallies.get(key);
      if (known) count(known, row.value);
      else this.#tallies.set(key, { row, sum: row.value, least: row.value, most: row.value, devices: 1 });
    }
  }

  get rows(): readonly CostRow[] {
    return [...this.#tallies.values()].flatMap(({ row, sum, least, most, devices }) => {
      const common = { ...row, ...this.#context, n: devices };
      const mean = { ...common, value: sum / devices };
      if (least === most) return [mean];
      return [
        mean,
        { ...common, quantity: `${row.quantity}-min`, value: least },
        { ...common, quantity: `${row.quantity}-max`, value: most },
      ];
    });
  }

  /** Of a quantity, over all phases, for one device: 0 where none has it. */
  mean(quantity: string): number {
    const tallies = [...this.#tallies.values()].filter(({ row }) => row.quantity === quantity);
    return tallies.reduce((total, { sum, devices }) => total + sum / devices, 0);
  }
}

function count(tally: Tally, value: number): void {
  tally.sum += value;
  tally.least = Math.min(tally.least, value);
  tally.most = Math.max(tally.most, value);
  tally.devices += 1;
}
