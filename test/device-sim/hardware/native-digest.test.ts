import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeDigest } from '../../../device-sim/hardware/native-digest.ts';
import { createSuitDigest, DIGEST_ALGORITHMS } from '../../../protocol/suit/digest.ts';

describe('a native digest', () => {
  it.each(DIGEST_ALGORITHMS)('of $name is the one made in software, in one piece or more', ({ algorithmId }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
        const native = createNativeDigest(algorithmId).update(first).update(second).digest();
        expect(native).toEqual(createSuitDigest(algorithmId).update(first).update(second).digest());
      }),
      { numRuns: 20 },
    );
  });

  it('of an algorithm that is none is refused', () => {
    expect(() => createNativeDigest(1)).toThrow(RangeError);
  });
});
