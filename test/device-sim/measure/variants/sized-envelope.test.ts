import { describe, expect, it } from 'vitest';
import { createSizedEnvelope } from '../../../../device-sim/measure/variants/sized-envelope.ts';
import { measureEnvelope } from '../../../../device-sim/metrics/envelope-parts.ts';
import { decodeEnvelope } from '../../../../protocol/suit/envelope.ts';
import { deflateRawSync } from 'node:zlib';
import { releaseOf } from '../../../support/device-world.ts';

const { envelope } = releaseOf();

describe('an envelope by the size of its signature', () => {
  it.each([[[]], [[1]], [[64]], [[666]], [[7_856]], [[17_088]], [[64, 7_856]]])(
    'has signatures of %j bytes, and the manifest of the real one',
    (signatureBytes) => {
      const sized = createSizedEnvelope(envelope, { signatureBytes, seed: 1 });
      const sum = signatureBytes.reduce((total, bytes) => total + bytes, 0);
      expect(measureEnvelope(sized)).toMatchObject({ signatureBytes: sum, envelopeBytes: sized.length });
      expect(decodeEnvelope(sized).blocks).toHaveLength(signatureBytes.length);
      expect(decodeEnvelope(sized).manifestBytes).toEqual(decodeEnvelope(envelope).manifestBytes);
    },
  );

  it('is the same for the same seed, and cannot be compressed', () => {
    const [one, again, other] = [1, 1, 2].map((seed) =>
      createSizedEnvelope(envelope, { signatureBytes: [7_856], seed }),
    );
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    expect(deflateRawSync(one!).length).toBeGreaterThan(7_856);
  });

  it('says so where no device would read it', () => {
    const tooLarge = { signatureBytes: [60_000], seed: 1 };
    expect(() => createSizedEnvelope(envelope, tooLarge)).toThrow('which devices read, got 60000');
  });
});
