import { describe, expect, it } from 'vitest';
import { parseCell, readPrices } from '../../../device-sim/cli/cost-options.ts';
import { type RunCosts, RunCounter, sheetOfRun } from '../../../device-sim/cli/run-costs.ts';
import { replay } from '../../../device-sim/links/replay.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';
import { boardNamed } from '../../../device-sim/profiles/boards.ts';
import { LINKS } from '../../../device-sim/profiles/links.ts';

const row = (algorithm: string): CostRow => ({
  ...{ run: 'hub-1', seed: '', commit: '', profile: 'nrf52840', link: 'unshaped', algorithm, blockBytes: 4_096 },
  ...{ phase: 'image', quantity: 'aws-units', unit: '1', value: 30, how: 'measured', n: 1 },
});

function counter(): RunCounter {
  const made = new RunCounter();
  made.note({ kind: 'started', slot: 0, hashedBytes: 90_000, swappedBytes: 0 });
  made.note({ kind: 'envelope', envelopeBytes: 3_500 });
  made.note({ kind: 'block', fileId: 0, storedBytes: 3_500, fileBytes: 3_500 });
  made.note({ kind: 'block', fileId: 1, storedBytes: 4_096, fileBytes: 100_000 });
  made.note({ kind: 'block', fileId: 1, storedBytes: 100_000, fileBytes: 100_000 });
  made.note({ kind: 'block', fileId: 2, storedBytes: 5_000, fileBytes: 5_000 });
  made.note({ kind: 'block', fileId: 130, storedBytes: 9_000, fileBytes: 9_000 });
  made.note({ kind: 'started', slot: 1, hashedBytes: 120_000, swappedBytes: 0 });
  made.note({ kind: 'envelope', envelopeBytes: 3_500 });
  return made;
}

const sheet = (algorithm: string, variant?: string, more: Partial<RunCosts> = {}) =>
  sheetOfRun({
    outcome: {
      ...{ thing: 'hub-1', result: 'succeeded', code: 'ok', at: '', detail: '', reported: true, boots: 2 },
      ...{ sequenceNumber: 2, slot: 1, root: { proven: 1, newest: 1 }, costs: [row(algorithm)] },
    },
    board: boardNamed('nrf52840')!,
    counter: counter(),
    choices: {
      variants: variant === undefined ? [] : [variant],
      cell: parseCell(undefined),
      prices: readPrices(undefined),
    },
    ...more,
  });

describe('RunCounter', () => {
  it('counts authentications, and images once; neither envelopes nor roots are images', () => {
    expect([counter().authentications, counter().imageBytes]).toEqual([2, 105_000]);
  });
});

describe('sheetOfRun', () => {
  it('verifies each signature of the envelope as often as it was authenticated', () => {
    const { algorithms, values } = sheet('ES256+ML-DSA-65');
    expect(algorithms).toEqual(['ES256', 'ML-DSA-65']);
    const time = values.find(({ quantity }) => quantity === 'verify-time ML-DSA-65');
    expect(time?.value).toBeCloseTo((2 * 2_415_944) / 64_000, 6);
  });

  it('hashes an image as it arrives, and at each start', () => {
    const hashed = sheet('ML-DSA-65').values.find(({ quantity }) => quantity === 'hashed');
    expect(hashed).toMatchObject({ value: 315_000, how: 'measured' });
  });

  it('is one of the variant that was asked for', () => {
    const stack = sheet('ML-DSA-65', 'm4fstack').values.find(({ quantity }) => quantity === 'verify-stack ML-DSA-65');
    expect(stack?.value).toBe(2_712);
  });

  it('says what the board could not verify: the device has ended its run by then', () => {
    const { algorithms, unavailable } = sheet('ES256+ML-DSA-87', 'clean');
    expect(algorithms).toEqual(['ES256']);
    expect(unavailable.find(({ quantity }) => quantity === 'verify-time ML-DSA-87')?.why).toContain('--variant m4f');
  });

  it.each([
    ['nb-iot', true],
    ['ble', false],
  ])('says over %s that TLS is missing, where it would go over the link: %s', (name, isMissing) => {
    const profile = LINKS.find((link) => link.name.startsWith(name))!;
    const { unavailable } = sheet('ML-DSA-65', undefined, { link: { profile, use: replay([], { link: profile }) } });
    expect(unavailable.some(({ quantity }) => quantity === 'tls')).toBe(isMissing);
  });

  it('has no verification where no envelope came', () => {
    const { algorithms, values } = sheet('');
    expect(algorithms).toEqual([]);
    expect(values.some(({ quantity }) => quantity.startsWith('verify'))).toBe(false);
  });
});
