import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { encodeSign } from '../../../protocol/cose/sign.ts';
import { diagnose, renderDiagnosis } from '../../../protocol/explain/diagnostic.ts';
import { MAX_ENVELOPE_BYTES } from '../../../protocol/limits.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { FIRST, firstBytes } from '../../support/trust.ts';
import { cborValue } from '../../support/cbor-values.ts';
import { decodedOrRefused } from '../../support/expect-rejection.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const read = (bytes: Uint8Array) => diagnose(bytes, { at: 'file', maxBytes: MAX_ENVELOPE_BYTES });
const textOf = (hex: string) =>
  read(fromHex(hex))
    .lines.map(({ text }) => text)
    .join(' ');

it.each([
  ['integers of any size', '83 00 3903e7 1bffffffffffffffff', '[0, -1000, 18446744073709551615]'],
  ['texts, quoted', '62 2231', '"\\"1"'],
  ['nil and truth', '83 f4 f5 f6', '[false, true, null]'],
  ['an empty map', 'a0', '{}'],
  ['a tag around its content', 'c1 01', '1(1)'],
  ['a map key before its value', 'a1 61 61 41ff', '{ "a": h\'ff\' }'],
])('shows %s', (_name, hex, expected) => {
  expect(textOf(hex.replaceAll(' ', ''))).toBe(expected);
});

it('shows long byte strings by their ends and their length', () => {
  const { lines } = read(encodeCbor(Uint8Array.from({ length: 100 }, (_, i) => i)));
  expect(lines[0]?.text).toBe("h'000102030405060708090a0b…60616263' (100 bytes)");
});

it('gives every line the offset and size of its bytes in the file, for any value', () => {
  fc.assert(
    fc.property(cborValue, (value) => {
      const bytes = encodeCbor(value);
      const { lines } = read(bytes);
      expect(lines[0]).toMatchObject({ offset: 0, bytes: bytes.length });
      for (const line of lines) expect(line.offset + line.bytes).toBeLessThanOrEqual(bytes.length);
      const offsets = lines.map(({ offset }) => offset);
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    }),
  );
});

it('explains any bytes or refuses them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const diagnosis = decodedOrRefused(() => read(bytes));
      if (diagnosis) renderDiagnosis(diagnosis);
    }),
  );
});

it.each([
  ['a signed trust root', firstBytes],
  ['a trust root that is not signed yet', encodeTrustRoot(FIRST)],
])('names the items of %s', (_name, bytes) => {
  const { kind, lines } = read(bytes);
  expect(kind).toBe('trust-root');
  const notes = lines.map(({ note }) => note);
  expect(notes).toEqual(
    expect.arrayContaining(['version', 'hash: SHA-256', 'issued: 2027-01-15T08:00:00Z', 'roles', 'threshold']),
  );
  expect(notes.filter((note) => note === 'alg: ML-DSA-44').length).toBeGreaterThanOrEqual(7);
});

it('takes a COSE_Sign with another payload for what it is', () => {
  const other = encodeSign({ payload: encodeCbor(new Map([[6, 5]])), signatures: [] });
  expect(read(other).kind).toBe('cose');
});

describeWithVectors('the examples of draft-ietf-suit-manifest-37', () => {
  const example = readVector('suit-ietf/example3.envelope-with-cose-authentication-object.suit');
  const { kind, lines } = read(example);
  const named = (note: string) => lines.find((line) => line.note === note);

  it('are envelopes', () => {
    expect(kind).toBe('envelope');
  });

  it.each([
    ['SUIT_Envelope', 0, 396],
    ['SUIT_Digest', 7, 38],
    ['algorithm-id: SHA-256', 10, 1],
    ['alg: ES256', 51, 2],
    ['signature', 55, 66],
    ['manifest', 121, 275],
    ['install', 302, 94],
    ['uri', 319, 31],
  ])('have their %s at byte %i, %i bytes long', (note, offset, bytes) => {
    expect(named(note)).toMatchObject({ offset, bytes });
  });

  it('open every byte string that holds CBOR, sequences inside sequences too', () => {
    expect(lines.filter(({ note }) => note === 'uri').map(({ text }) => text)).toEqual([
      '21: "http://example.com/file1.bin"',
      '21: "http://example.com/file2.bin"',
    ]);
  });

  it('say why a report of another implementation cannot be opened', () => {
    const report = read(readVector('suit-reports/minimal-65.report.cbor'));
    expect(report.lines.find(({ note }) => note?.startsWith('payload'))?.note).toContain('duplicate key');
    expect(toHex(readVector('suit-reports/minimal-65.report.cbor').subarray(0, 2))).toBe('d284');
  });
});
