import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binaryTicks,
  decimalTicks,
  linearScale,
  logScale,
  powers,
} from '../../../../device-sim/measure/report/axes.ts';
import { chart, Plot, spread } from '../../../../device-sim/measure/report/chart.ts';

describe('spread', () => {
  it('leaves alone what does not touch', () => {
    expect(spread([0, 50, 20], 14)).toEqual([0, 50, 20]);
  });

  it('moves apart around the middle, and keeps the order', () => {
    expect(spread([10, 10, 10], 14)).toEqual([-4, 10, 24]);
  });

  it('keeps every gap, whatever the places are', () => {
    const place = fc.double({ min: 0, max: 300, noNaN: true });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), (places) => {
        const sorted = spread(places, 14).toSorted((a, b) => a - b);
        const gaps = sorted.slice(1).map((it, index) => it - sorted[index]!);
        expect(gaps.every((gap) => gap >= 14 - 1e-6)).toBe(true);
      }),
    );
  });
});

describe('scales and ticks', () => {
  it.each([
    ['linear', linearScale({ least: 0, most: 40 }, 200)],
    ['logarithmic', logScale({ least: 1, most: 1_000 }, 200)],
  ])('a %s place is that of its value', (_name, scale) => {
    expect(scale.valueAt(scale.place(7))).toBeCloseTo(7);
    expect(scale.place(1)).toBeGreaterThan(scale.place(2));
  });

  it('are round numbers', () => {
    expect(powers(10, { least: 0.05, most: 120 })).toEqual([0.1, 1, 10, 100]);
    expect(binaryTicks(4_868, 6)).toEqual([0, 1_024, 2_048, 3_072, 4_096]);
    expect(decimalTicks(90.5, 5)).toEqual([0, 20, 40, 60, 80]);
  });
});

describe('chart', () => {
  const canvas = { width: 300, isNarrow: true, alternative: { id: 'x', title: '<b>', text: 'what "it" shows' } };
  const { text } = chart(canvas, { marks: [Plot.dot([{ x: 1 / 3, y: 2 }], { x: 'x', y: 'y', fill: 'var(--ink)' })] });

  it('is one image with a name and a description', () => {
    const flat = text.replaceAll(/\s+/g, ' ');
    expect(flat).toMatch(/^<svg class="plot" role="img" aria-labelledby="x-title x-desc" viewBox="0 0 300 \d+"/);
    expect(flat).toMatch(/<title id="x-title">\s?&lt;b&gt;\s?<\/title>/);
    expect(flat).toMatch(/<desc id="x-desc">\s?what &quot;it&quot; shows\s?<\/desc>/);
    expect(flat).not.toMatch(/aria-label\b|aria-hidden|aria-desc/);
  });

  it('takes its colours from the page, and brings no style sheet', () => {
    expect(text).toContain('fill="var(--ink)"');
    expect(text).not.toContain('<style');
  });
});
