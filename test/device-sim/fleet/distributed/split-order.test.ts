import { assert, integer, nat, property } from 'fast-check';
import { expect, it } from 'vitest';
import { splitOrder } from '../../../../device-sim/fleet/distributed/split-order.ts';
import { standInOrder } from '../../../support/stand-in-fleet.ts';

it('splits devices and arrivals into ranges that follow each other and differ by one device at the most', () => {
  assert(
    property(nat(50), integer({ min: 1, max: 2_000 }), integer({ min: 1, max: 64 }), (first, count, parts) => {
      const split = splitOrder(standInOrder({ first, count }), parts);
      expect(split.length).toBe(Math.min(parts, count));
      let next = first;
      for (const { things } of split) {
        expect(things.first).toBe(next);
        next += things.count;
      }
      expect(next).toBe(first + count);
      const counts = split.map(({ things }) => things.count);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(split.reduce((sum, { arrivalsPerSecond }) => sum + arrivalsPerSecond, 0)).toBeCloseTo(100);
    }),
  );
});
