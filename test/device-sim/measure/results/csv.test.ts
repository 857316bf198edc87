import { describe, expect, it } from 'vitest';
import { csvOf } from '../../../../device-sim/measure/results/csv.ts';
import { resultsOf } from '../../../support/compare-results.ts';

describe('results as CSV', () => {
  const { runs } = resultsOf([
    { received: 100, blockMs: 1 },
    { received: 101, blockMs: 1 },
  ]);
  const lines = [...csvOf(runs)].join('').split('\r\n');

  it('has a line for each row of each run, under a head, and ends its last', () => {
    const rows = runs.reduce((sum, run) => sum + run.rows.length + run.modelled.length, 0);

    expect(rows).toBeGreaterThan(1);
    expect(lines).toHaveLength(1 + rows + 1);
    expect(lines.at(-1)).toBe('');
  });

  it('has as many fields in each line as in its head, the case beside the cost', () => {
    const [head = '', first = ''] = lines;

    expect(head).toMatch(/^image,imageBytes,id,.*,repetition,position,run,seed,.*,how,n$/);
    expect(first.split(',')).toHaveLength(head.split(',').length);
    expect(first).toContain('a case');
  });
});
