import { describe, expect, it } from 'vitest';
import { measureEnvelope } from '../../../device-sim/metrics/envelope-parts.ts';
import { encodeManifest } from '../../../protocol/suit/manifest.ts';
import { es256, mlDsa44, mlDsa65, mlDsa87, sealed, updateManifest } from '../../support/suit.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const manifestBytes = encodeManifest(updateManifest).length;

describe('measureEnvelope', () => {
  it.each([
    ['ES256', [es256], 64, 32],
    ['ML-DSA-44', [mlDsa44], 2_420, 32],
    ['ML-DSA-65', [mlDsa65], 3_309, 32],
    ['ML-DSA-87', [mlDsa87], 4_627, 32],
    ['a hybrid', [es256, mlDsa65], 64 + 3_309, 64],
  ])('knows what %s takes', (_name, signers, signatureBytes, keyIdBytes) => {
    const envelope = sealed(updateManifest, signers);
    expect(measureEnvelope(envelope)).toEqual({
      envelopeBytes: envelope.length,
      manifestBytes,
      signatureBytes,
      keyIdBytes,
      algorithms: signers.map(({ anchor }) => anchor.algorithm.name),
    });
  });

  it('finds no signature where there is none', () => {
    expect(measureEnvelope(sealed(updateManifest, []))).toMatchObject({ signatureBytes: 0, algorithms: [] });
  });

  it('refuses what is no envelope', () => {
    expectRejection(() => measureEnvelope(new Uint8Array(9)), 'malformed');
  });
});
