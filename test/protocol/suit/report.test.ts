import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import { decodeSign1 } from '../../../protocol/cose/sign1.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_REPORT_BYTES } from '../../../protocol/limits.ts';
import { ownCapabilities } from '../../../protocol/suit/capabilities.ts';
import { digestOfImage, digestValue } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { decodeReport, encodeReport, type SuitRecord, type SuitReport } from '../../../protocol/suit/report.ts';
import { cborValue } from '../../support/cbor-values.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { classId, vendorId } from '../../support/suit.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const digest = digestOfImage(utf8('a manifest'));
const component = [Uint8Array.of(0)];
const record: SuitRecord = {
  manifestId: [],
  section: 20,
  offset: 35,
  componentIndex: 0,
  properties: { imageDigest: digest, imageBytes: 5 },
};

const success: SuitReport = { reference: { uri: '', digest }, records: [], result: true };
const failure: SuitReport = {
  reference: { uri: 'https://example.com/manifest', digest },
  nonce: Uint8Array.of(1, 2, 3),
  records: [record, { component, measured: { vendorId: { form: 'uuid', bytes: vendorId }, classId } }],
  result: { code: 26, record, reason: 'condition-failed' },
  capabilities: ownCapabilities([component]),
};

/** The CBOR of a report with these members changed; undefined takes one away. */
function report(...changes: readonly (readonly [key: CborValue, value: CborValue | undefined])[]): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [99, ['', digestValue(digest)]],
    [3, []],
    [4, true],
  ]);
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return encodeCbor(map);
}

const recordValue: CborValue = [[], 20, 35, 0, new Map()];
const result = (...entries: readonly [CborValue, CborValue][]): Uint8Array => report([4, new Map(entries)]);

describe('decodeReport', () => {
  it.each<[name: string, report: SuitReport, bytes: number]>([
    ['a success', success, 45],
    ['a failure with everything', failure, 323],
  ])('reads back %s', (_name, one, bytes) => {
    expect(encodeReport(one)).toHaveLength(bytes);
    expect(decodeReport(encodeReport(one))).toEqual(one);
    expect(encodeReport(decodeReport(encodeReport(one)))).toEqual(encodeReport(one));
  });

  it('writes the bytes of the CDDL', () => {
    // {3: [], 4: true, 99: ["", [-16, h'…']]}
    expect(toHex(encodeReport(success))).toBe(`a3038004f518638260822f5820${toHex(digest.bytes)}`);
  });

  it('reads keys in any order, as other implementations write them', () => {
    const swapped = fromHex(`a318638260822f5820${toHex(digest.bytes)}038004f5`);
    expect(decodeReport(swapped)).toEqual(success);
  });

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'report'],
    ['a byte after it', Uint8Array.of(...report(), 0), 'malformed', 'report'],
    ['more bytes than the limit', new Uint8Array(MAX_REPORT_BYTES + 1), 'too-large', 'report'],
    ['an array', encodeCbor([]), 'wrong-shape', 'report'],
    ['no reference', report([99, undefined]), 'wrong-shape', 'report.reference'],
    ['a reference as a map', report([99, new Map()]), 'wrong-shape', 'report.reference'],
    ['a URI as bytes', report([99, [utf8('x'), digestValue(digest)]]), 'wrong-shape', 'report.reference.uri'],
    [
      'a truncated digest',
      report([99, ['', [-16, new Uint8Array(31)]]]),
      'wrong-shape',
      'report.reference.digest.bytes',
    ],
    ['a nonce as a text', report([2, 'nonce']), 'wrong-shape', 'report.nonce'],
    ['no records', report([3, undefined]), 'wrong-shape', 'report.records'],
    ['a record of four', report([3, [[[], 20, 35, 0]]]), 'wrong-shape', 'report.records[0]'],
    [
      'a record with a manifest id as a number',
      report([3, [[0, 20, 35, 0, new Map()]]]),
      'wrong-shape',
      'report.records[0].manifest-id',
    ],
    [
      'a record with a negative offset',
      report([3, [[[], 20, -1, 0, new Map()]]]),
      'wrong-shape',
      'report.records[0].offset',
    ],
    [
      'a record with bad parameters',
      report([3, [[[], 20, 0, 0, new Map([[14, 'x']])]]]),
      'wrong-shape',
      'report.records[0].properties[14]',
    ],
    ['a claim about no component', report([3, [new Map([[14, 5]])]]), 'wrong-shape', 'report.records[0].component-id'],
    ['a claim of nothing', report([3, [new Map([[0, component]])]]), 'wrong-shape', 'report.records[0]'],
    ['a number among the records', report([3, [recordValue, 1]]), 'wrong-shape', 'report.records[1]'],
    ['no result', report([4, undefined]), 'wrong-shape', 'report.result'],
    ['the result false', report([4, false]), 'wrong-shape', 'report.result'],
    ['a failure without reason', result([5, 1], [6, recordValue]), 'wrong-shape', 'report.result.reason'],
    ['a failure with another reason', result([5, 1], [6, recordValue], [7, 13]), 'wrong-shape', 'report.result.reason'],
    ['a failure without record', result([5, 1], [7, 10]), 'wrong-shape', 'report.result.record'],
    ['a failure without code', result([6, recordValue], [7, 10]), 'wrong-shape', 'report.result.code'],
    ['capabilities as a list', report([8, []]), 'wrong-shape', 'report.capabilities'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeReport(bytes), code, at);
  });

  it('decodes any bytes or refuses them, and never with another error', () => {
    const shaped = fc.tuple(fc.constantFrom(2, 3, 4, 8, 99), cborValue).map(([key, value]) => report([key, value]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), shaped), (bytes) => {
        decodedOrRefused(() => decodeReport(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

/**
 * Reports of libcsuit, about envelopes that we have too. It writes what it measured of a component twice into one map,
 * once per section, and a map whose keys come twice is not valid CBOR (RFC 8949 §5.6): we refuse them as they are, and
 * read them with the second copy taken out.
 */
describeWithVectors('the reports of libcsuit', () => {
  const MAP_OF_FIVE = 0xa5;

  /** One claim, `a9 00 81 41 00` and two copies of four parameters, becomes `a5 00 81 41 00` and one. */
  function withoutCopies(payload: Uint8Array): Uint8Array {
    const start = toHex(payload).indexOf('a900814100') / 2;
    const copyBytes = (payload.length - start - 5 - 2) / 2;
    const once = payload.slice(start + 5, start + 5 + copyBytes);
    const twice = payload.slice(start + 5 + copyBytes, start + 5 + 2 * copyBytes);
    expect(toHex(once)).toBe(toHex(twice));
    return concatBytes(
      payload.slice(0, start),
      Uint8Array.of(MAP_OF_FIVE),
      payload.slice(start + 1, start + 5 + copyBytes),
      payload.slice(-2),
    );
  }

  it.each(['minimal-65', 'text-65'])('%s: a success, and what the device and its image are', (name) => {
    const { payload, headers } = decodeSign1(readVector(`suit-reports/${name}.report.cbor`), { at: 'report' });
    expect(headers.algorithmId).toBe(-9);
    expect(expectRejection(() => decodeReport(payload!), 'malformed', 'report').detail).toContain('duplicate key');
    const decoded = decodeReport(withoutCopies(payload!));
    expect(decoded).toEqual({
      reference: { uri: '', digest: decoded.reference.digest },
      result: true,
      records: [
        {
          component,
          measured: {
            vendorId: { form: 'uuid', bytes: vendorId },
            classId,
            imageBytes: 30_001,
            imageDigest: digestOfImage(readVector('suit-mldsa/fw.bin')),
          },
        },
      ],
    });
  });

  it('minimal-65 is about the manifest of suit-mldsa', () => {
    const { payload } = decodeSign1(readVector('suit-reports/minimal-65.report.cbor'), { at: 'report' });
    const { digest } = decodeEnvelope(readVector('suit-mldsa/positive/minimal-65.suit'));
    expect(decodeReport(withoutCopies(payload!)).reference.digest).toEqual(digest);
  });
});
