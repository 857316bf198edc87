import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Credentials,
  decodeCredentials,
  encodeCredentials,
} from '../../../device-sim/provisioning/credentials.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const certificate = Uint8Array.of(48, 1, 2);
const registered = {
  slot: 1,
  certificate,
  thing: 'hub-1',
  configuration: { ota: { url: 'x', days: [1, 2] } },
} as const;

const map = (...entries: [number, CborValue][]) => new Map<CborValue, CborValue>(entries);

describe('credentials', () => {
  it.each<[string, Credentials]>([
    ['none', {}],
    ['a key', { pending: { stage: 'keyed', slot: 1 } }],
    ['a certificate', { pending: { stage: 'certified', slot: 0, certificate, token: 'abc' } }],
    ['a registered one', { pending: { stage: 'registered', ...registered } }],
    ['one in use', { operational: registered }],
    ['one in use and its successor', { operational: registered, pending: { stage: 'keyed', slot: 0 } }],
  ])('come back as they were: %s', (_name, credentials) => {
    expect(decodeCredentials(encodeCredentials(credentials))).toEqual(credentials);
  });

  it('are none on a device that has no record', () => {
    expect(decodeCredentials(undefined)).toEqual({});
  });

  it.each<[string, CborValue, string]>([
    ['an array', [], 'credentials'],
    ['an operational one that is no map', map([1, 7]), 'credentials.operational'],
    ['one without a slot', map([2, map([2, certificate])]), 'credentials.slot'],
    ['a token without its certificate', map([2, map([1, 0], [5, 'x'])]), 'credentials.certificate'],
    ['a token that is a number', map([2, map([1, 0], [2, certificate], [5, 1])]), 'credentials.token'],
    ['a thing without configuration', map([1, map([1, 0], [2, certificate], [3, 'a'])]), 'credentials.configuration'],
  ])('are refused: %s', (_name, value, at) => {
    expectRejection(() => decodeCredentials(encodeCbor(value)), 'wrong-shape', at);
  });

  it('are refused where a device cannot keep them: the cloud says what comes', () => {
    const operational = { ...registered, configuration: { text: 'x'.repeat(16_000) } };
    expectRejection(() => encodeCredentials({ operational }), 'too-large', 'credentials');
    const largest = { ...registered, certificate: new Uint8Array(7_520) };
    const pending = { stage: 'certified', slot: 0, certificate: largest.certificate, token: 'x'.repeat(512) } as const;
    expect(encodeCredentials({ operational: largest, pending }).length).toBeGreaterThan(15_000);
  });

  it('decode from any bytes, or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodedOrRefused(() => decodeCredentials(bytes))),
    );
  });
});
