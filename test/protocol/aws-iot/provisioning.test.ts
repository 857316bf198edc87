import { decode, encode } from 'cbor2';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCertificateCreated,
  decodeCreateFromCsr,
  decodeProvisioningRejected,
  decodeRegisterThing,
  decodeThingRegistered,
  encodeCertificateCreated,
  encodeCreateFromCsr,
  encodeCreateKeys,
  encodeProvisioningRejected,
  encodeRegisterThing,
  encodeThingRegistered,
  MAX_CSR_BYTES,
  MAX_OWNERSHIP_TOKEN_BYTES,
  MAX_PARAMETER_NAME_BYTES,
  MAX_PARAMETER_VALUE_BYTES,
  MAX_PARAMETERS,
  PROVISIONING_ERRORS,
  provisioningRejected,
} from '../../../protocol/aws-iot/provisioning.ts';
import { decodeProvisioning, encodeProvisioning } from '../../../protocol/aws-iot/provisioning-codec.ts';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const FORMATS = ['json', 'cbor'] as const;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** tinycbor, as AWS's C demo drives it: definite lengths, keys in the order of the code. */
const cText = (value: string): Uint8Array => {
  const bytes = utf8(value);
  const { length } = bytes;
  const head = length < 24 ? [0x60 + length] : length < 256 ? [0x78, length] : [0x79, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.from(head), bytes);
};

describe('requests as AWS’s C demo writes them (fleet_provisioning_serializer.c)', () => {
  it('create-from-csr', () => {
    const csr = `-----BEGIN CERTIFICATE REQUEST-----\n${'A'.repeat(300)}\n-----END CERTIFICATE REQUEST-----\n`;
    const bytes = concatBytes(fromHex('a1'), cText('certificateSigningRequest'), cText(csr));
    expect(decodeCreateFromCsr(bytes, 'cbor')).toEqual({ certificateSigningRequest: csr });
    expect(toHex(encodeCreateFromCsr({ certificateSigningRequest: csr }, 'cbor'))).toBe(toHex(bytes));
  });

  it('register-thing, whose keys are not in the order of deterministic CBOR', () => {
    const parameters = concatBytes(fromHex('a1'), cText('SerialNumber'), cText('1234'));
    const bytes = concatBytes(
      fromHex('a2'),
      ...[cText('certificateOwnershipToken'), cText('t'.repeat(470)), cText('parameters'), parameters],
    );
    expect(decodeRegisterThing(bytes, 'cbor')).toEqual({
      certificateOwnershipToken: 't'.repeat(470),
      parameters: { SerialNumber: '1234' },
    });
  });

  it('create-keys: a message of no bytes, in both formats', () => {
    for (const format of FORMATS) expect(decodeProvisioning(new Uint8Array(), format, 'create')).toEqual({});
    expect(text(encodeCreateKeys('json'))).toBe('{}');
    expect(toHex(encodeCreateKeys('cbor'))).toBe('a0');
  });
});

describe.each(FORMATS)('in %s', (format) => {
  const read = (bytes: Uint8Array): unknown => (format === 'json' ? JSON.parse(text(bytes)) : decode(bytes));
  const write = (value: object): Uint8Array => (format === 'json' ? utf8(JSON.stringify(value)) : encode(value));

  const decodeCsr = (value: object) => decodeCreateFromCsr(write(value), format);

  it('replies hold the fields of the developer guide, and others read them', () => {
    const created = { certificateId: 'ab', certificatePem: 'pem', certificateOwnershipToken: 'token' };
    expect(read(encodeCertificateCreated(created, format))).toEqual(created);
    expect(decodeCertificateCreated(write(created), format)).toEqual(created);
    const withKey = { ...created, privateKey: 'key' };
    expect(decodeCertificateCreated(encodeCertificateCreated(withKey, format), format)).toEqual(withKey);

    const registered = { thingName: 'hub-1', deviceConfiguration: { url: 'x', nested: { list: [1, true, null] } } };
    expect(read(encodeThingRegistered(registered, format))).toEqual(registered);
    expect(decodeThingRegistered(write(registered), format)).toEqual(registered);
    expect(decodeThingRegistered(write({ thingName: 'hub-1' }), format).deviceConfiguration).toEqual({});

    const rejected = provisioningRejected('AccessDenied', 'no');
    expect(read(encodeProvisioningRejected(rejected, format))).toEqual({
      statusCode: 403,
      errorCode: 'AccessDenied',
      errorMessage: 'no',
    });
    expect(decodeProvisioningRejected(write({ statusCode: 400, errorCode: 'Other' }), format)).toEqual({
      statusCode: 400,
      errorCode: 'Other',
      errorMessage: '',
    });
  });

  it('requests come back as they were', () => {
    const csr = { certificateSigningRequest: 'pem' };
    expect(decodeCreateFromCsr(encodeCreateFromCsr(csr, format), format)).toEqual(csr);
    const register = { certificateOwnershipToken: 'token', parameters: { a: '1', b: 'ü' } };
    expect(decodeRegisterThing(encodeRegisterThing(register, format), format)).toEqual(register);
    expect(decodeRegisterThing(write({}), format)).toEqual({ certificateOwnershipToken: '', parameters: {} });
  });

  it('an unknown field is ignored, as AWS’s messages gain them', () => {
    expect(decodeCreateFromCsr(write({ certificateSigningRequest: 'pem', later: [1] }), format)).toEqual({
      certificateSigningRequest: 'pem',
    });
  });

  const tooMany = Object.fromEntries(Array.from({ length: MAX_PARAMETERS + 1 }, (_, i) => [`p${i}`, '']));
  it.each<[name: string, parameters: unknown, code: RejectionCode, at: string]>([
    ['too many', tooMany, 'too-large', 'register-thing.parameters'],
    ['a long name', { ['n'.repeat(MAX_PARAMETER_NAME_BYTES + 1)]: '' }, 'too-large', 'register-thing.parameters'],
    ['a long value', { a: 'ü'.repeat(MAX_PARAMETER_VALUE_BYTES / 2 + 1) }, 'too-large', 'register-thing.parameters.a'],
    ['a number', { a: 1 }, 'wrong-shape', 'register-thing.parameters.a'],
    ['an object', { a: {} }, 'wrong-shape', 'register-thing.parameters.a'],
    ['null', { a: null }, 'wrong-shape', 'register-thing.parameters.a'],
    ['a list instead', ['a'], 'wrong-shape', 'register-thing.parameters'],
  ])('parameters: %s', (_name, parameters, code, at) => {
    const bytes = write({ certificateOwnershipToken: 't', parameters: parameters as object });
    expectRejection(() => decodeRegisterThing(bytes, format), code, at);
  });

  it.each<[name: string, message: object, code: RejectionCode]>([
    ['a token that is too long', { certificateOwnershipToken: 't'.repeat(MAX_OWNERSHIP_TOKEN_BYTES + 1) }, 'too-large'],
    ['a token that is no text', { certificateOwnershipToken: 5 }, 'wrong-shape'],
    ['no object', [], 'wrong-shape'],
  ])('register-thing: %s', (_name, message, code) => {
    expectRejection(() => decodeRegisterThing(write(message), format), code);
  });

  it('a request for a certificate: none, no text, and too long', () => {
    expectRejection(() => decodeCsr({}), 'wrong-shape', 'create-from-csr.certificateSigningRequest');
    expectRejection(() => decodeCsr({ certificateSigningRequest: true }), 'wrong-shape');
    expectRejection(() => decodeCsr({ certificateSigningRequest: 'x'.repeat(MAX_CSR_BYTES + 1) }), 'too-large');
  });

  it('nesting without end', () => {
    const deep =
      format === 'json'
        ? utf8(`{"a":${'['.repeat(9_999)}${']'.repeat(9_999)}}`)
        : fromHex(`a16161${'81'.repeat(99)}00`);
    expect(() => decodeRegisterThing(deep, format)).toThrow(/levels|depth|nest/i);
  });

  it('keys with a meaning in JavaScript are keys like any other', () => {
    const parameters = JSON.parse('{"__proto__":"a","constructor":"b"}');
    const bytes = encodeProvisioning({ certificateOwnershipToken: 't', parameters }, format);
    const decoded = decodeRegisterThing(bytes, format).parameters;
    expect(Object.entries(decoded)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });

  it('any bytes are read or refused', () => {
    const decoders = [
      decodeCreateFromCsr,
      decodeRegisterThing,
      decodeCertificateCreated,
      decodeThingRegistered,
      decodeProvisioningRejected,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const decodeIt of decoders) decodedOrRefused(() => decodeIt(bytes, format));
      }),
    );
  });
});

describe('CBOR that JSON cannot say', () => {
  it.each<[name: string, hex: string]>([
    ['a byte string for the request', 'a1781963657274696669636174655369676e696e675265717565737441ff'],
    ['a number for a key', 'a10102'],
    ['a tag', 'a16161c000'],
  ])('%s', (_name, hex) => {
    expect(() => decodeCreateFromCsr(fromHex(hex), 'cbor')).toThrow(/wrong-shape|malformed/);
  });

  it('is not written either', () => {
    expect(() => encodeProvisioning({ a: 1.5 }, 'cbor')).toThrow(TypeError);
    expect(() => encodeProvisioning({ a: '\ud800' }, 'cbor')).toThrow(TypeError);
  });
});

it('each error has one status', () => {
  expect(PROVISIONING_ERRORS).toEqual({
    InvalidParameters: 400,
    InvalidCertificateOwnershipToken: 400,
    AccessDenied: 403,
    ResourceNotFound: 404,
    ResourceConflicts: 409,
    Throttling: 429,
    InternalFailure: 500,
  });
});
