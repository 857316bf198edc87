import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { wrapBytes } from '../../../protocol/cbor/encode.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { MAX_ROOT_SIGNATURES, MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { decodeSignedRoot, encodeSignedRoot, rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import {
  eitherRelease,
  FIRST,
  firstBytes,
  firstRoot,
  forged,
  HOLDERS,
  signaturesIn,
  threeOfFive,
} from '../../support/trust.ts';

const payload = encodeTrustRoot(FIRST);
const { algorithm, keyId, publicKey } = HOLDERS[0]!.anchor;
const TYPE = utf8('application/bristlecone-trust-root+cbor');

/** Written out by hand: { 3: content type }, then { 1: -48, 4: kid }. */
const body = concatBytes(fromHex('a1037827'), TYPE);
const signerHeader = concatBytes(fromHex('a201382f045820'), keyId);

describe('a signed root, byte by byte', () => {
  it('is signed as RFC 9052 §4.4 says', () => {
    const expected = concatBytes(
      fromHex('85695369676e6174757265'),
      wrapBytes(body),
      wrapBytes(signerHeader),
      fromHex('40'),
      wrapBytes(payload),
    );

    expect(toHex(rootToBeSigned(payload, { algorithm, keyId }))).toBe(toHex(expected));
  });

  it('is a COSE_Sign with the document inside, and with a pinned key beside its signature', () => {
    const signature = new Uint8Array(2_420);
    const key = concatBytes(fromHex('a10ea108a101a3010703382f20590520'), publicKey);
    const field = (unprotected: Uint8Array) =>
      concatBytes(fromHex('83'), wrapBytes(signerHeader), unprotected, wrapBytes(signature));
    const whole = (unprotected: Uint8Array) =>
      concatBytes(
        fromHex('d86284'),
        wrapBytes(body),
        fromHex('a0'),
        wrapBytes(payload),
        fromHex('81'),
        field(unprotected),
      );

    const one = { algorithm, keyId, signature };
    expect(toHex(encodeSignedRoot(payload, [one]))).toBe(toHex(whole(fromHex('a0'))));
    expect(toHex(encodeSignedRoot(payload, [{ ...one, publicKey }]))).toBe(toHex(whole(key)));
  });

  it('lets KMS sign it RAW (4,096 bytes) while its keys are pinned', () => {
    const pinned = encodeTrustRoot(firstRoot({ ...threeOfFive, form: 'pinned' }, { ...eitherRelease, form: 'pinned' }));

    expect(rootToBeSigned(pinned, { algorithm, keyId }).length).toBeLessThan(512);
    expect(rootToBeSigned(payload, { algorithm, keyId }).length).toBeGreaterThan(4_096);
  });
});

describe('decodeSignedRoot refuses', () => {
  const signatures = signaturesIn(firstBytes);
  const [one] = signatures as [CborValue[]];

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', new Uint8Array(), 'malformed', 'root'],
    ['a byte after it', Uint8Array.of(...firstBytes, 0), 'malformed', 'root'],
    ['more bytes than the limit', new Uint8Array(MAX_TRUST_ROOT_BYTES + 1), 'too-large', 'root'],
    ['the document alone', payload, 'wrong-shape', 'root'],
    ['a COSE_Sign1', concatBytes(fromHex('d2'), firstBytes.subarray(2)), 'wrong-shape', 'root'],
    ['a detached document', forged(firstBytes, (f) => (f[2] = null)), 'wrong-shape', 'root.payload'],
    ['no signatures', forged(firstBytes, (f) => (f[3] = [])), 'wrong-shape', 'root.signatures'],
    [
      'too many signatures',
      forged(firstBytes, (f) => (f[3] = Array.from({ length: MAX_ROOT_SIGNATURES + 1 }, () => one))),
      'wrong-shape',
      'root.signatures',
    ],
    ['no content type', forged(firstBytes, (f) => (f[0] = new Uint8Array())), 'wrong-shape', 'root.protected'],
    ['another content type', forged(firstBytes, (f) => (f[0] = fromHex('a10360'))), 'wrong-shape', 'root.protected'],
    [
      'the content type unprotected',
      forged(firstBytes, (f) => ([f[0], f[1]] = [new Uint8Array(), new Map([[3, 'x']])])),
      'wrong-shape',
      'root.protected',
    ],
    [
      'a signature without an algorithm',
      forged(firstBytes, (f) => (f[3] = [one.with(0, new Uint8Array())])),
      'wrong-shape',
      'root.signatures[0].protected.alg',
    ],
  ])('%s', (_name, bytes, code, at) => {
    expectRejection(() => decodeSignedRoot(bytes), code, at);
  });

  it('any bytes, or decodes them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (hostile) => {
        decodedOrRefused(() => decodeSignedRoot(hostile));
      }),
    );
  });
});
