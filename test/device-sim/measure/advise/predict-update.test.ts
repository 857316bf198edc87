import { describe, expect, it } from 'vitest';
import { predictUpdate, type UpdateChoice } from '../../../../device-sim/measure/advise/predict-update.ts';
import { bytesOnTheWire, sumOf } from '../../../../device-sim/metrics/cost.ts';
import { boardNamed } from '../../../../device-sim/profiles/boards.ts';
import { linkNamed } from '../../../../device-sim/profiles/links.ts';

const CHOICE: UpdateChoice = {
  algorithms: ['ML-DSA-65'],
  imageBytes: 16_384,
  keyForm: 'key-id',
  blockBytes: 4_096,
  requestBytes: 8_192,
  qos: 1,
};
const PLACE = { board: boardNamed('nrf52840')!, link: linkNamed('nb-iot')!, seed: 1 };

describe('a predicted update', () => {
  it('is the agent’s own: it comes to its end, and its exchanges are its bytes, its units and its time', async () => {
    const { code, rows, exchanges, durationMs, authentications } = await predictUpdate(CHOICE, PLACE);
    expect([code, authentications]).toEqual(['ok', 2]);
    const total = (of: (it: (typeof exchanges)[number]) => number): number =>
      exchanges.reduce((sum, it) => sum + of(it), 0);
    expect(bytesOnTheWire(rows)).toBe(total(({ bytes }) => bytes.up + bytes.down));
    expect(sumOf(rows, 'aws-units')).toBe(total(({ units }) => units));
    expect(total(({ ms }) => ms)).toBeLessThanOrEqual(durationMs);
    expect(total(({ ms }) => ms)).toBeGreaterThan(0.9 * durationMs);
    expect(exchanges.map(({ kind }) => kind)).toEqual([
      ...['connect', 'subscribe', 'start-next', 'subscribe', 'get', 'get', 'get'],
      ...['connect', 'subscribe', 'update'],
    ]);
    expect(rows.every(({ how }) => how === 'modelled')).toBe(true);
  });

  it('carries the signature, and the key too where the root only pins it', async () => {
    const [classical, own, pinned] = await Promise.all([
      predictUpdate({ ...CHOICE, algorithms: ['ES256'] }, PLACE),
      predictUpdate(CHOICE, PLACE),
      predictUpdate({ ...CHOICE, keyForm: 'pinned' }, PLACE),
    ]);
    // What replacing ES256 in one COSE_Sign1 adds to every example of the SUIT manifest draft.
    expect(own.envelopeBytes - classical.envelopeBytes).toBe(3_249);
    expect(pinned.envelopeBytes - own.envelopeBytes).toBeGreaterThan(1_952);
    expect(pinned.code).toBe('ok');
  });

  it('has no acknowledgements with QoS 0', async () => {
    const [acknowledged, bare] = await Promise.all([
      predictUpdate(CHOICE, PLACE),
      predictUpdate({ ...CHOICE, qos: 0 }, PLACE),
    ]);
    const messages = acknowledged.exchanges.reduce((sum, it) => sum + it.messages, 0);
    expect(sumOf(acknowledged.rows, 'aws-units') - sumOf(bare.rows, 'aws-units')).toBe(messages);
    expect(bare.code).toBe('ok');
  });

  it('says what is in the way, and does not begin where the image is too large', async () => {
    const { code, detail } = await predictUpdate(CHOICE, { ...PLACE, link: linkNamed('lorawan-dr0')! });
    expect([code, detail]).toEqual(['offline', 'no CONNACK']);
    await expect(predictUpdate({ ...CHOICE, imageBytes: 2_000_000 }, PLACE)).rejects.toThrow(RangeError);
  });
});
