import { OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Extension } from '@peculiar/asn1-x509';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  decodeDer,
  encodeDer,
  expectSignatureIdentifier,
  signatureIdentifier,
} from '../../../cloud/formats/der.ts';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const bounds = { at: 'it', maxBytes: 20_000 };

describe('decodeDer', () => {
  it('reads what it would write', () => {
    expect(bytesOf(decodeDer(fromHex('0403010203'), OctetString, bounds))).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each<[name: string, hex: string, code: RejectionCode]>([
    ['nothing', '', 'not-der'],
    ['another type', '020101', 'not-der'],
    ['a length beyond the end', '040501', 'not-der'],
    ['a byte after it', '040101ff', 'not-der'],
    ['a length in two bytes where one will do', '04810101', 'not-der'],
    ['a string in pieces, as BER has it', '24800401010000', 'not-der'],
    ['a string in pieces of known length', '2406040101040102', 'not-der'],
    ['20 KB and one byte', '00'.repeat(20_001), 'too-large'],
    ['a nest of 5,000', '3080'.repeat(5_000), 'not-der'],
  ])('refuses %s', (_name, hex, code) => {
    expectRejection(() => decodeDer(fromHex(hex), OctetString, bounds), code, 'it');
  });

  it('refuses a default that is spelled out', () => {
    expect(decodeDer(fromHex('300506012a0400'), Extension, bounds).critical).toBe(false);
    expectRejection(() => decodeDer(fromHex('300806012a0101000400'), Extension, bounds), 'not-der');
    expectRejection(() => decodeDer(fromHex('300806012a0101010400'), Extension, bounds), 'not-der');
  });
});

describe('a signature algorithm', () => {
  it.each(ALGORITHMS.map(({ name }) => name))('%s has an identifier of its OID alone', (name) => {
    const algorithm = ALGORITHMS.find((it) => it.name === name)!;
    const identifier = signatureIdentifier(algorithm);
    expect(toHex(encodeDer(identifier))).toMatch(/^30..06/);
    expect(expectSignatureIdentifier(identifier, 'it').name).toBe(name === 'ESP256' ? 'ES256' : name);
    identifier.parameters = null;
    expectRejection(() => expectSignatureIdentifier(identifier, 'it'), 'wrong-shape', 'it');
  });

  it('is refused where it is not known, such as HashML-DSA-44', () => {
    const identifier = new AlgorithmIdentifier({ algorithm: '2.16.840.1.101.3.4.3.32' });
    expectRejection(() => expectSignatureIdentifier(identifier, 'it'), 'unsupported-algorithm', 'it');
  });
});
