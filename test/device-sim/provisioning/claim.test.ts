import { describe, expect, it } from 'vitest';
import { decodeClaim, encodeClaim } from '../../../device-sim/provisioning/claim.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

describe('a claim credential in flash', () => {
  it('comes back as it was', () => {
    const claim = { certificate: Uint8Array.of(48, 1), privateKey: Uint8Array.of(48, 2) };
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim);
  });

  it.each([
    ['no bytes', [], 'malformed', 'claim'],
    ['an array', [0x80], 'wrong-shape', 'claim'],
    ['an empty map', [0xa0], 'wrong-shape', 'claim.certificate'],
    ['a certificate alone', [0xa1, 0x01, 0x40], 'wrong-shape', 'claim.privateKey'],
  ] as const)('is refused: %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeClaim(Uint8Array.from(bytes)), code, at);
  });
});
