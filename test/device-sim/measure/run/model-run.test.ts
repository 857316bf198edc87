import { describe, expect, it } from 'vitest';
import { modelAgain, modelRun } from '../../../../device-sim/measure/run/model-run.ts';
import type { ModelInput } from '../../../../device-sim/measure/run/model-input.ts';
import type { CaseSpec } from '../../../../device-sim/measure/results/results.ts';
import type { Trace } from '../../../../device-sim/links/trace.ts';
import type { CostRow } from '../../../../device-sim/metrics/cost.ts';

const spec = (changes: Partial<CaseSpec> = {}): CaseSpec => ({
  ...{ id: 'x', algorithm: 'ES256+ML-DSA-65', signature: 'verified', signatureBytes: 3_373, publicKeyBytes: 2_017 },
  ...{ image: { name: 'i', imageBytes: 4_096 }, blockBytes: 4_096, qos: 1, encoding: 'cbor', mqttVersion: 5 },
  ...{ security: 'plain', transport: 'mqttjs', broker: 'embedded' },
  ...changes,
});

const row = (phase: CostRow['phase'], quantity: string, value: number): CostRow => ({
  ...{ run: 'r#0', seed: '3', commit: 'c', profile: 'esp32-c3', link: 'unshaped', algorithm: 'ES256+ML-DSA-65' },
  ...{ blockBytes: 4_096, phase, quantity, unit: 'B', value, how: 'measured', n: 1 },
});

const trace: Trace = [
  [
    { direction: 'up', bytes: 60, phase: 'connect', packet: 'connect' },
    { direction: 'down', bytes: 20, phase: 'connect', packet: 'connack' },
    { direction: 'up', bytes: 200, phase: 'image', packet: 'publish' },
    { direction: 'down', bytes: 4_200, phase: 'image', packet: 'publish' },
  ],
];

const input = (changes: Partial<ModelInput> = {}): ModelInput => ({
  spec: spec(),
  rows: [
    row('image', 'received-payload', 4_100),
    row('image', 'aws-units', 3),
    row('boot', 'starts', 2),
    row('boot', 'hashed', 8_192),
  ],
  trace,
  links: ['nb-iot', 'lorawan-dr5'],
  boards: ['nrf52840', 'stm32f070rb'],
  seed: 3,
  ...changes,
});

describe('what a run would have cost elsewhere', () => {
  const { rows, notKnown, sources } = modelRun(input());
  const valueOf = (quantity: string, where: Partial<CostRow>): number | undefined =>
    rows.find(
      (it) =>
        it.quantity === quantity &&
        Object.entries(where).every(([name, value]) => Object.entries(it).some(([n, v]) => n === name && v === value)),
    )?.value;

  it('is modelled, every row, and says of which run', () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(new Set(rows.map(({ how }) => how))).toEqual(new Set(['modelled']));
    expect(new Set(rows.map(({ run, seed, commit }) => `${run} ${seed} ${commit}`))).toEqual(new Set(['r#0 3 c']));
  });

  it('has each quantity once in each place', () => {
    const keys = rows.map(({ link, profile, phase, quantity }) => [link, profile, phase, quantity].join(' '));

    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('has time and layers of each link, which add up', () => {
    for (const link of ['nb-iot', 'lorawan-dr5']) {
      const layers = ['layer-payload', 'layer-mqtt', 'layer-tls', 'layer-tcp-ip', 'layer-frames'];
      const sum = rows
        .filter((it) => it.link === link && layers.includes(it.quantity))
        .reduce((a, { value }) => a + value, 0);
      expect(sum).toBe(valueOf('frame-bytes', { link }));
      expect(valueOf('link-time', { link })).toBeGreaterThan(0);
    }
  });

  it('has one verification of each algorithm on each board, and says where it is from', () => {
    expect(valueOf('verify-time ML-DSA-65', { profile: 'nrf52840', link: '' })).toBeCloseTo(37.7, 1);
    expect(valueOf('verify-stack ML-DSA-65', { profile: 'nrf52840' })).toBe(9_888);
    expect(valueOf('verify-time ES256', { profile: 'nrf52840' })).toBeGreaterThan(0);
    expect(sources['verify-time ML-DSA-65 on nrf52840']).toContain('pqm4');
  });

  it('has energy where core and radio are known, and the bill of a million', () => {
    const core = valueOf('core-energy', { profile: 'nrf52840' }) ?? Number.NaN;
    const radio = valueOf('radio-energy', { link: 'lorawan-dr5' }) ?? Number.NaN;
    expect(valueOf('energy', { profile: 'nrf52840', link: 'lorawan-dr5' })).toBe(core + radio);
    expect(valueOf('energy', { profile: 'nrf52840', link: 'nb-iot' })).toBeUndefined();
    expect(valueOf('aws-messages', { link: '', profile: '' })).toBe(3);
    expect(valueOf('aws-bill', { link: '', profile: '' })).toBe(3_003);
    expect(valueOf('aws-connection', { link: 'nb-iot' })).toBeGreaterThan(0);
  });

  it('says what nobody has published', () => {
    expect(notKnown).toContainEqual(
      expect.objectContaining({
        profile: 'stm32f070rb',
        quantity: 'core-energy',
        why: expect.stringContaining('which is not known'),
      }),
    );
    expect(notKnown).toContainEqual(expect.objectContaining({ link: 'nb-iot', quantity: 'radio-energy' }));
  });

  it('takes no board any time, where nobody verified', () => {
    const sized = modelRun(input({ spec: spec({ algorithm: 'FN-DSA-512', signature: 'size-only' }) }));

    expect(sized.rows.filter(({ profile }) => profile !== '')).toEqual([]);
    expect(sized.rows.some(({ link }) => link === 'nb-iot')).toBe(true);
  });

  it('is the same again, but for the time that losses and jitter change', () => {
    const again = modelAgain(input({ seed: 4 }));

    expect(again.map(({ quantity, link }) => [quantity, link])).toEqual([
      ['link-time', 'nb-iot'],
      ['link-time', 'lorawan-dr5'],
    ]);
  });
});
