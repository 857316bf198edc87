import { describe, expect, it } from 'vitest';
import { TwinSignatures } from '../../../../cloud/roots/rehearsal/twin-signatures.ts';
import { utf8 } from '../../../../protocol/bytes.ts';
import { signer, verify } from '../../../support/trust.ts';

const mine = signer('ML-DSA-44', 1);
const other = signer('ML-DSA-44', 2);
const message = utf8('what was signed');

describe('TwinSignatures', () => {
  it('verifies what the twin of the key signed, and that only', () => {
    const signatures = new TwinSignatures(verify);
    const signature = signatures.sign(mine.anchor, message);
    expect(signature).toHaveLength(2420);
    expect(signatures.verify(mine.anchor, message, signature)).toBe(true);
    expect(signatures.verify(other.anchor, message, signature)).toBe(false);
    expect(signatures.verify(mine.anchor, utf8('another'), signature)).toBe(false);
    expect(signatures.verify(mine.anchor, message, signature.with(0, signature[0]! ^ 1))).toBe(false);
    expect(new TwinSignatures(verify).verify(mine.anchor, message, signature)).toBe(false);
  });

  it('verifies real signatures for real, each once', () => {
    let verified = 0;
    const signatures = new TwinSignatures((...claim) => {
      verified += 1;
      return verify(...claim);
    });
    const real = mine.sign(message);
    expect(signatures.verify(mine.anchor, message, real)).toBe(true);
    expect(signatures.verify(mine.anchor, message, real)).toBe(true);
    expect(signatures.verify(other.anchor, message, real)).toBe(false);
    expect(verified).toBe(2);
  });
});
