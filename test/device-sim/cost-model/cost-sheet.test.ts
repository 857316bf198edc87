import { describe, expect, it } from 'vitest';
import { AWS_PRICES } from '../../../device-sim/cost-model/aws-bill.ts';
import { costSheet, type SheetInput } from '../../../device-sim/cost-model/cost-sheet.ts';
import type { LinkUse } from '../../../device-sim/cost-model/link-values.ts';
import { type CostValue, measured } from '../../../device-sim/cost-model/value.ts';
import { canVerify } from '../../../device-sim/cost-model/verify-cost.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';
import { boardFacts } from '../../../device-sim/profiles/boards-facts.ts';
import { boardNamed } from '../../../device-sim/profiles/boards.ts';
import { CELLS } from '../../../device-sim/profiles/cells.ts';
import { linkNamed } from '../../../device-sim/profiles/links.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';

const row = (phase: CostRow['phase'], quantity: string, value: number, unit = 'B'): CostRow => ({
  ...{ run: 'r', seed: '', commit: '', profile: 'nrf52840', link: '', algorithm: 'ML-DSA-65', blockBytes: 4_096 },
  ...{ phase, quantity, unit, value, how: 'measured', n: 1 },
});

const ROWS: readonly CostRow[] = [
  row('envelope', 'sent', 300),
  row('image', 'sent', 700),
  row('image', 'aws-units', 520, '1'),
  row('install', 'flash-erases', 40, '1'),
  row('envelope', 'ram-peak', 5_000),
  row('image', 'ram-peak', 9_000),
  row('all', 'flash-wear-max', 3, '1'),
];

const USE: LinkUse = {
  durationMs: 120_000,
  traffic: {
    up: { packetBytes: 6_000, frames: 60, frameBytes: 7_000, airMs: 10_000 },
    down: { packetBytes: 44_000, frames: 540, frameBytes: 46_000, airMs: 20_000 },
  },
  mqttBytes: { up: 2_000, down: 40_000 },
  phases: new Map(),
};

function input(board: string, algorithms: readonly AlgorithmName[], more: Partial<SheetInput> = {}): SheetInput {
  const facts = boardFacts(board)!;
  const verifications = algorithms.map((algorithm) => {
    const verdict = canVerify(facts, algorithm);
    if (!verdict.ok) throw new Error(verdict.detail);
    return { cost: verdict.cost, times: 2 };
  });
  const [cell] = CELLS;
  return {
    rows: ROWS,
    board: boardNamed(board)!,
    facts,
    verifications,
    hashed: measured({ quantity: 'hashed', value: 100_000, unit: 'B', source: 'counted in this run' }),
    cell: cell!,
    prices: AWS_PRICES,
    ...more,
  };
}

const overBle = { link: { profile: linkNamed('ble')!, use: USE } };

const valueOf = (values: readonly CostValue[], quantity: string): CostValue => {
  const found = values.find((value) => value.quantity === quantity);
  if (!found) throw new Error(`no ${quantity}`);
  return found;
};

/** The leaves of everything it was computed from. */
const leavesOf = (value: CostValue): readonly CostValue[] =>
  value.inputs.length === 0 ? [value] : value.inputs.flatMap(leavesOf);

describe('a cost sheet', () => {
  const sheet = costSheet(input('nrf52840', ['ML-DSA-65'], overBle));
  const value = (quantity: string): number => valueOf(sheet.values, quantity).value;

  it('adds up what was counted, and takes the largest of what was held at once', () => {
    expect([value('sent'), value('aws-units'), value('ram-peak')]).toEqual([1_000, 520, 9_000]);
    expect(valueOf(sheet.values, 'sent')).toMatchObject({
      how: 'measured',
      source: 'counted in this run: envelope 300, image 700',
    });
  });

  it('has the time of all verifications, and the stack of one', () => {
    expect(value('verify-time ML-DSA-65')).toBeCloseTo((2 * 2_415_944) / 64_000, 6);
    expect(value('verify-stack ML-DSA-65')).toBe(9_888);
    expect(value('hash-time')).toBeCloseTo((92.2 * 100_000) / 64_000, 6);
  });

  it('has energy and the share of a battery by current, voltage and time', () => {
    const core = (value('verify-time ML-DSA-65') + value('hash-time')) * 3.3 * 3 * 1e-3;
    const radio = (10 * 6.4 + 20 * 6.26) * 3;
    expect(value('core-energy')).toBeCloseTo(core, 6);
    expect(value('radio-energy')).toBeCloseTo(radio, 6);
    expect(value('energy')).toBeCloseTo(core + radio, 6);
    expect(value('battery-share')).toBeCloseTo((100 * (core + radio)) / (2_500 * 3_600 * 3), 9);
  });

  it('splits bytes into layers that add up to the frames', () => {
    expect(value('mqtt-bytes') + value('tls-tcp-ip-bytes') + value('frame-overhead')).toBe(value('frame-bytes'));
    expect([value('link-time'), value('connected')]).toEqual([120, 2]);
  });

  it('has wear as a share of endurance, and the time of erasing', () => {
    expect(value('flash-wear')).toBeCloseTo(0.03, 9);
    expect(value('erase-time')).toBeCloseTo(3.4, 9);
  });

  it('has the bill of a million devices, minutes of the link included', () => {
    expect(value('aws-bill')).toBeCloseTo(520 + 0.16 + 3_000, 6);
  });

  it('leads each modelled value back to counts and citations', () => {
    const modelled = sheet.values.filter(({ how }) => how === 'modelled');
    expect(modelled.length).toBeGreaterThan(15);
    for (const leaf of modelled.flatMap(leavesOf)) {
      expect(leaf.source.length).toBeGreaterThan(10);
      expect(leaf.source).not.toBe('computed');
    }
    const sources = leavesOf(valueOf(sheet.values, 'battery-share')).map(({ source }) => source);
    expect(sources.some((source) => source.includes('mupq/pqm4@cc2c1b992b60'))).toBe(true);
    expect(sources.some((source) => source.includes('nRF52840 Product Specification'))).toBe(true);
  });

  it('calls nothing measured that was not counted', () => {
    const countedOnly = sheet.values.filter(({ how }) => how === 'measured').map(({ quantity }) => quantity);
    expect(countedOnly).toEqual([
      ...['sent', 'aws-units', 'flash-erases', 'ram-peak', 'flash-wear-max', 'hashed', 'mqtt-bytes'],
    ]);
  });

  it('is the same for the same run', () => {
    expect(costSheet(input('nrf52840', ['ML-DSA-65'], overBle))).toEqual(sheet);
  });

  it('knows both signatures of a hybrid', () => {
    const hybrid = costSheet(input('nrf52840', ['ES256', 'ML-DSA-65']));
    expect(hybrid.algorithms).toEqual(['ES256', 'ML-DSA-65']);
    expect(hybrid.values.filter(({ quantity }) => quantity.startsWith('verify-time'))).toHaveLength(2);
  });
});

describe('what a cost sheet cannot say', () => {
  it('is said, with the reason, and guessed nowhere', () => {
    const { values, unavailable } = costSheet(input('stm32h743', ['ML-DSA-87']));
    expect(unavailable.map(({ quantity }) => quantity).toSorted()).toEqual([
      'battery-share',
      'core-energy',
      'energy',
      'erase-time',
      'link-time',
      'verify-stack ML-DSA-87',
    ]);
    for (const { quantity, why } of unavailable) {
      expect(why.length).toBeGreaterThan(10);
      expect(values.map((value) => value.quantity)).not.toContain(quantity);
    }
  });

  it('is the time of an implementation that nobody timed on that core', () => {
    const { unavailable } = costSheet(input('stm32f070rb', ['ML-DSA-65']));
    expect(unavailable.map(({ quantity }) => quantity)).toContain('verify-time ML-DSA-65');
  });

  it('is the time to erase two parts, of which one count says nothing', () => {
    const { unavailable } = costSheet(input('stm32f070rb', ['ES256']));
    expect(unavailable.find(({ quantity }) => quantity === 'erase-time')?.why).toContain('two parts');
  });

  it('is the radio’s energy where no document gives it, nor a sum without it; the rest is still there', () => {
    const { values, unavailable } = costSheet(
      input('rp2040', ['ML-DSA-44'], { link: { profile: linkNamed('nb-iot')!, use: USE } }),
    );
    const missing = unavailable.map(({ quantity }) => quantity);
    expect(missing).toEqual(expect.arrayContaining(['radio-energy', 'energy', 'battery-share']));
    // 24 mA at 3.3 V: what the authors of the figure themselves compute.
    expect(valueOf(values, 'core-energy').value).toBeCloseTo((2 * 43.977 + (134.2 * 100_000) / 133_000) * 0.0792, 2);
  });
});
