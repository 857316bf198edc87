import { describe, expect, it } from 'vitest';
import { differential } from '../bench/differential.ts';

/** A small run of what `npm run bench` does with a million and more. */
describe('the strict reader against cbor2, over mutated CBOR', () => {
  const result = differential({ mutations: 20_000, seed: 1 });

  it('never crashes', () => {
    expect(result.crashes).toEqual([]);
  });

  it('disagrees by no rule but those that are explained', () => {
    expect(result.disagreements).toEqual([]);
  });

  it('had enough of every kind to tell', () => {
    const { bothRead, bothRefused, explained } = result;
    const ours = Object.values(explained);

    expect(bothRead + bothRefused + ours.reduce((sum, count) => sum + count, 0)).toBe(20_000);
    expect(bothRead).toBeGreaterThan(2_000);
    expect(bothRefused).toBeGreaterThan(10_000);
    expect(ours).toHaveLength(4);
    expect(Math.min(...ours)).toBeGreaterThan(0);
  });

  it('is the same run again for the same seed', () => {
    const [one, same, other] = [7, 7, 8].map((seed) => ({ ...differential({ mutations: 500, seed }), perSecond: 0 }));
    expect(one).toEqual(same);
    expect(one?.bothRead).not.toBe(other?.bothRead);
  });
});
