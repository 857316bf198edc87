import { crc32 as zlibCrc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../device-sim/agent/crc32.ts';
import { utf8 } from '../../../protocol/bytes.ts';

describe('crc32', () => {
  it('has the check value of its definition', () => {
    expect(crc32(utf8('123456789'))).toBe(0xcbf43926);
  });

  it('is zlib’s, in one piece or two', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
        expect(crc32(second, crc32(first))).toBe(zlibCrc32(second, zlibCrc32(first)));
      }),
    );
  });
});
