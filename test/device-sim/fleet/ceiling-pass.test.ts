import { describe, expect, it } from 'vitest';
import { bareBytes } from '../../../device-sim/fleet/ceiling-pass.ts';
import { SETTINGS } from '../../support/fleet-findings.ts';

describe('what a connection of the ceiling asks for', () => {
  it.each([
    ['as much as a device does', { devices: 1_000, imageBytes: 65_536 }, 65_536],
    [
      'that too with ten thousand: with less, most of the ceiling would be connecting',
      { devices: 10_000, imageBytes: 65_536 },
      65_536,
    ],
    ['whole blocks', { devices: 10, imageBytes: 10_000 }, 8_192],
    ['one block at least', { devices: 10, imageBytes: 100 }, 4_096],
    ['less of a large image, so that a pass takes seconds', { devices: 1_000, imageBytes: 1_048_576 }, 253_952],
    ['64 KiB of a large image, however many there are', { devices: 10_000, imageBytes: 1_048_576 }, 65_536],
  ])('is %s', (_name, run, bytes) => {
    expect(bareBytes({ ...SETTINGS, blockBytes: 4_096, ...run })).toBe(bytes);
  });
});
