import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runEncoder } from '../../../protocol/aws-iot/data-blocks.ts';
import { decodeDataBlock, encodeDataBlock } from '../../../protocol/aws-iot/streams.ts';

/** Around each length of a CBOR head. */
const blockIds = fc.oneof(fc.nat(98_304), fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536));
const runs = fc.record({
  clientToken: fc.option(fc.string({ maxLength: 64 }), { nil: undefined }),
  fileId: fc.nat(255),
  blockId: blockIds,
  blockBytes: fc.integer({ min: 1, max: 300 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 1_000 }),
});

describe.each(['cbor', 'json'] as const)('a run of blocks in %s', (format) => {
  it('is byte for byte the messages of its blocks', () => {
    fc.assert(
      fc.property(runs, ({ clientToken, fileId, blockId, blockBytes, bytes }) => {
        const messages = runEncoder({ clientToken, fileId }, format)({ blockId, blockBytes, bytes });
        const expected = Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, index) => {
          const payload = bytes.slice(index * blockBytes, (index + 1) * blockBytes);
          return encodeDataBlock({ clientToken, fileId, blockId: blockId + index, payload }, format);
        });
        expect(messages.map((it) => it.slice())).toEqual(expected);
      }),
    );
  });

  it('fits with the largest block and the largest numbers', () => {
    const bytes = new Uint8Array(131_072).fill(7);
    const shared = { clientToken: 'ü'.repeat(32), fileId: 255 };
    const [message] = runEncoder(shared, format)({ blockId: 2 ** 31, blockBytes: 131_072, bytes });
    expect(message && decodeDataBlock(message, format)).toEqual({ ...shared, blockId: 2 ** 31, payload: bytes });
  });
});
