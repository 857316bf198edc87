import { describe, expect, it } from 'vitest';
import { CostSummary } from '../../../device-sim/metrics/cost-summary.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';

const row = (quantity: string, value: number, phase: CostRow['phase'] = 'provision'): CostRow => ({
  ...{ run: `device-${value}`, seed: '', commit: '', profile: 'nrf52840', link: 'unshaped', algorithm: 'P-256' },
  ...{ blockBytes: 0, phase, quantity, unit: 'B', value, how: 'measured', n: 1 },
});

describe('a summary of cost records', () => {
  it('is the mean over the devices, with the least and the most where they differ', () => {
    const summary = new CostSummary({ run: 'all' });
    summary.add([row('sent', 10), row('flash-written', 5)]);
    summary.add([row('sent', 40), row('flash-written', 5)]);
    summary.add([row('sent', 25), row('flash-written', 5)]);
    expect(summary.rows).toEqual([
      { ...row('sent', 25), run: 'all', n: 3 },
      { ...row('sent-min', 10), run: 'all', n: 3 },
      { ...row('sent-max', 40), run: 'all', n: 3 },
      { ...row('flash-written', 5), run: 'all', n: 3 },
    ]);
  });

  it('keeps phases and algorithms apart, and adds the phases up on demand', () => {
    const summary = new CostSummary({});
    summary.add([row('sent', 10), row('sent', 1, 'connect')]);
    summary.add([row('sent', 20), row('sent', 3, 'connect')]);
    summary.add([{ ...row('sent', 100), algorithm: 'ML-DSA-44' }]);
    expect(summary.rows.filter(({ quantity }) => quantity === 'sent').map(({ value, n }) => [value, n])).toEqual([
      [15, 2],
      [2, 2],
      [100, 1],
    ]);
    expect(summary.mean('sent')).toBe(117);
    expect(summary.mean('received')).toBe(0);
  });

  it('of nothing is empty', () => {
    expect(new CostSummary({}).rows).toEqual([]);
  });
});
