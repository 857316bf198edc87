import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boardFor, rogueNumbers, thingsOf } from '../../../device-sim/fleet/prepare.ts';

describe('the things of workers', () => {
  it('are each in exactly one of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 9 }), (devices, workers) => {
        const ranges = Array.from({ length: workers }, (_, index) => thingsOf(index, { devices, workers }));
        const numbers = ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, n) => first + n));
        expect(numbers).toEqual(Array.from({ length: devices }, (_, n) => n + 1));
      }),
    );
  });
});

describe('rogues', () => {
  it('are as many as the share says, each a device of the fleet, and spread over it', () => {
    const rogues = rogueNumbers({ devices: 1_000, rogueShare: 0.01 });
    expect(rogues).toEqual([51, 151, 251, 351, 451, 551, 651, 751, 851, 951]);
  });

  it.each([
    [0, 0],
    [0.0001, 1],
    [1, 40],
  ])('with a share of %d in a fleet of 40 are %d', (rogueShare, count) => {
    const rogues = rogueNumbers({ devices: 40, rogueShare });
    expect([rogues.length, new Set(rogues).size]).toEqual([count, count]);
    expect(rogues.every((number) => number >= 1 && number <= 40)).toBe(true);
  });
});

describe('the board of a fleet', () => {
  it.each([
    [65_536, 'nrf52840'],
    [1_048_576, 'esp32-c3'],
    [4_194_304, undefined],
  ])('for an image of %d bytes is %s', (imageBytes, board) => {
    expect(boardFor(imageBytes)).toBe(board);
  });
});
