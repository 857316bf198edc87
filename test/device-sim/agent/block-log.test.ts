import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockRecord, decodeBlockRecord, encodeBlockRecord } from '../../../device-sim/agent/block-log.ts';

const anyRecord: fc.Arbitrary<BlockRecord> = fc.record({
  kind: fc.constantFrom<BlockRecord['kind'][]>('begin', 'block', 'erase-begin', 'erase-end'),
  index: fc.nat(2 ** 18 - 1),
  value: fc.nat(2 ** 32 - 1),
});

describe('a record of the block log', () => {
  it('is read as it was written, in 8 bytes', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const bytes = encodeBlockRecord(record);
        expect(bytes).toHaveLength(8);
        expect(decodeBlockRecord(bytes)).toEqual(record);
      }),
    );
  });

  it('is none where one bit of it differs', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(63), (record, bit) => {
        const bytes = encodeBlockRecord(record);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(decodeBlockRecord(bytes)).toBeUndefined();
      }),
    );
  });

  it('is none where its second word was never written', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const torn = encodeBlockRecord(record).fill(0xff, 4);
        fc.pre(record.value !== 0xffffffff);
        expect(decodeBlockRecord(torn)).toBeUndefined();
      }),
      // Twelve bits of check: one torn record in 4,096 would pass, and then its content would still have to match.
      { seed: 7, numRuns: 200 },
    );
  });

  it('is none where nothing or zeros were written', () => {
    expect(decodeBlockRecord(new Uint8Array(8).fill(0xff))).toBeUndefined();
    expect(decodeBlockRecord(new Uint8Array(8))).toBeUndefined();
  });

  it('does not hold an index of 19 bits', () => {
    expect(() => encodeBlockRecord({ kind: 'block', index: 2 ** 18, value: 0 })).toThrow(RangeError);
  });
});
