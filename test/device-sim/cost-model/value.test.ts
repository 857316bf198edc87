import { describe, expect, it } from 'vitest';
import { computed, explainValue, formatNumber, given, measured } from '../../../device-sim/cost-model/value.ts';

const counted = measured({ quantity: 'blocks', value: 4, unit: '1', source: 'counted in this run' });
const cited = given({ quantity: 'price', value: 0.25, unit: 'USD', source: 'list price' });

describe('a cost', () => {
  it('is measured only where everything it comes from is', () => {
    const twice = { quantity: 'twice', value: 8, unit: '1', formula: '2 × blocks' };
    expect(computed({ ...twice, inputs: [counted] }).how).toBe('measured');
    expect(computed({ ...twice, inputs: [counted, cited] }).how).toBe('modelled');
  });

  it('is explained down to its sources', () => {
    const bill = computed({
      quantity: 'bill',
      value: 1,
      unit: 'USD',
      formula: 'blocks × price',
      inputs: [counted, cited],
      errorPercent: 9.01,
    });
    expect(explainValue(bill)).toBe(
      [
        'bill = 1 USD ± 9.0 % (modelled)',
        '    = blocks × price',
        '  blocks = 4 (measured)',
        '      counted in this run',
        '  price = 0.25 USD (modelled)',
        '      list price',
      ].join('\n'),
    );
  });
});

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [1_234_567, '1,234,567'],
    [37.7491, '37.75'],
    [0.000_123_456, '0.0001235'],
    [12_345.678, '12,350'],
  ])('writes %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
