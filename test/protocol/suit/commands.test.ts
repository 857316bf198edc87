import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_SEQUENCE_DEPTH } from '../../../protocol/limits.ts';
import { decodeSequence, encodeSequence, type Sequence } from '../../../protocol/suit/commands.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { anySequence } from '../../support/suit-arbitraries.ts';

const nested = (...items: CborValue[]): Uint8Array => encodeCbor(items);
const ok = nested(3, 0);

/** A sequence in a sequence in …, `depth` deep. */
function deep(depth: number): Uint8Array {
  return depth === 0 ? ok : nested(32, deep(depth - 1));
}

describe('decodeSequence', () => {
  it('reads back what encodeSequence writes, and writes it again to the same bytes', () => {
    fc.assert(
      fc.property(anySequence, (sequence) => {
        const bytes = encodeSequence(sequence);
        const decoded = decodeSequence(bytes, 's');
        expect(decoded).toMatchObject(sequence);
        expect(encodeSequence(decoded)).toEqual(bytes);
      }),
    );
  });

  it('says at which byte of the section each command begins, in nested sequences too', () => {
    fc.assert(
      fc.property(anySequence, (sequence) => {
        const bytes = encodeSequence(sequence);
        const check = (commands: Sequence): void => {
          for (const command of commands) {
            const alone = encodeSequence([command]).subarray(1);
            expect(bytes.subarray(command.offset, command.offset! + alone.length)).toEqual(alone);
            if (command.name === 'run-sequence') check(command.sequence);
            if (command.name === 'try-each') command.alternatives.forEach(check);
          }
        };
        check(decodeSequence(bytes, 's'));
      }),
    );
  });

  it('keeps commands of extension drafts, and custom ones, as they came', () => {
    const items: CborValue[] = [26, 15, 19, new Map([[14, 1]]), -300, 'custom', -1, null, 2n ** 60n, 0];
    const sequence = decodeSequence(encodeCbor(items), 's');
    expect(sequence.map((command) => command.name)).toEqual(Array.from({ length: 5 }, () => 'unsupported'));
    expect(encodeSequence(sequence)).toEqual(encodeCbor(items));
  });

  it(`takes sequences ${MAX_SEQUENCE_DEPTH} deep in each other`, () => {
    expect(decodeSequence(deep(MAX_SEQUENCE_DEPTH), 's')).toHaveLength(1);
    expectRejection(() => decodeSequence(deep(MAX_SEQUENCE_DEPTH + 1), 's'), 'limit-exceeded');
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 's'],
    ['a byte after it', Uint8Array.of(...ok, 0), 'malformed', 's'],
    ['more bytes than the limit', new Uint8Array(16_385), 'too-large', 's'],
    ['a map', encodeCbor(new Map([[3, 0]])), 'wrong-shape', 's'],
    ['an empty array', nested(), 'wrong-shape', 's'],
    ['a command without argument', nested(3, 0, 3), 'wrong-shape', 's'],
    ['a command by name', nested('image-match', 0), 'wrong-shape', 's[0]'],
    ['a reporting policy of five bits', nested(3, 0, 3, 16), 'wrong-shape', 's[1]'],
    ['a negative reporting policy', nested(3, -1), 'wrong-shape', 's[0]'],
    ['a directive with nil', nested(21, null), 'wrong-shape', 's[0]'],
    ['component index false', nested(12, false), 'wrong-shape', 's[0]'],
    ['component index -1', nested(12, -1), 'wrong-shape', 's[0]'],
    ['no component indices', nested(12, []), 'wrong-shape', 's[0]'],
    ['component index true in a list', nested(12, [true]), 'wrong-shape', 's[0]'],
    [
      '17 component indices',
      nested(
        12,
        Array.from({ length: 17 }, () => 0),
      ),
      'wrong-shape',
      's[0]',
    ],
    ['no parameters', nested(20, new Map()), 'wrong-shape', 's[0]'],
    ['parameters as an array', nested(20, [14, 1]), 'wrong-shape', 's[0]'],
    ['a parameter of the wrong type', nested(20, new Map([[14, 'x']])), 'wrong-shape', 's[0][14]'],
    ['no alternatives', nested(15, []), 'wrong-shape', 's[0]'],
    ['one alternative', nested(15, [ok]), 'wrong-shape', 's[0]'],
    ['one alternative or nothing', nested(15, [ok, null]), 'wrong-shape', 's[0]'],
    ['nothing as the first alternative', nested(15, [null, ok, ok]), 'wrong-shape', 's[0][0]'],
    [
      'an alternative that is not wrapped',
      nested(15, [
        [3, 0],
        [3, 0],
      ]),
      'wrong-shape',
      's[0][0]',
    ],
    ['an empty alternative', nested(15, [ok, nested()]), 'wrong-shape', 's[0][1]'],
    ['a truncated alternative', nested(15, [ok, ok.slice(0, -1)]), 'malformed', 's[0][1]'],
    ['a bad command in an alternative', nested(15, [ok, nested(3, 0, 3, 99)]), 'wrong-shape', 's[0][1][1]'],
    ['a sequence that is not wrapped', nested(32, [3, 0]), 'wrong-shape', 's[0]'],
    ['a bad command in a sequence', nested(32, nested(3, 99)), 'wrong-shape', 's[0][0]'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeSequence(bytes, 's'), code, at);
  });

  it('decodes any bytes or refuses them, and never with another error', () => {
    const items = fc.array(fc.oneof(fc.nat(35), fc.uint8Array({ maxLength: 9 }), fc.constant(null)), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          items.map((list) => encodeCbor(list)),
        ),
        (bytes) => {
          decodedOrRefused(() => decodeSequence(bytes, 's'));
        },
      ),
      { numRuns: 500 },
    );
  });
});
