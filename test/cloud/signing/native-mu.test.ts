import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeMu, nativeMu } from '../../../cloud/signing/native-mu.ts';
import { createMu, externalMu } from '../../../protocol/mldsa/mu.ts';
import { testSigner } from '../../support/signers.ts';

const { publicKey } = testSigner('ML-DSA-44').anchor;

describe('mu by OpenSSL', () => {
  it('is the mu of noble, for any message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (message) => {
        expect(nativeMu(publicKey, message)).toEqual(externalMu(publicKey, message));
      }),
    );
  });

  it('is the same for any context and any pieces', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });
    fc.assert(
      fc.property(pieces, fc.uint8Array({ maxLength: 255 }), (parts, context) => {
        const [native, noble] = [createNativeMu(publicKey, context), createMu(publicKey, context)];
        for (const part of parts) {
          native.update(part);
          noble.update(part);
        }
        expect(new Uint8Array(native.digest())).toEqual(noble.digest());
      }),
    );
  });

  it('refuses a context of 256 bytes', () => {
    expect(() => createNativeMu(publicKey, new Uint8Array(256))).toThrow(RangeError);
  });
});
