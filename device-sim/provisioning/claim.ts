/**
 * What a factory flashes for the claim: a certificate that is good for provisioning alone, and its key. The same one is
 * in every device of a batch, so it goes as soon as the device has a certificate of its own.
 *
 *     { 1: certificate (DER), 2: private key (PKCS #8 in DER) }
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectBytes, expectMap } from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';

export interface ClaimCredential {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8 in DER. */
  readonly privateKey: Uint8Array;
}

const KEY = { certificate: 1, privateKey: 2 } as const;

/** bytes. A certificate of ML-DSA-87 has 7.5 KB, its key in its longest form 5 KB. */
const MAX_BYTES = 16_384;

export const encodeClaim = ({ certificate, privateKey }: ClaimCredential): Uint8Array =>
  encodeCbor(
    new Map<CborValue, CborValue>([
      [KEY.certificate, certificate],
      [KEY.privateKey, privateKey],
    ]),
  );

/** @throws {Rejection} `too-large`, `malformed`, `wrong-shape` */
export function decodeClaim(bytes: Uint8Array): ClaimCredential {
  const record = expectMap(decodeCbor(bytes, { at: 'claim', maxBytes: MAX_BYTES }), 'claim');
  return {
    certificate: expectBytes(record.get(KEY.certificate), 'claim.certificate'),
    privateKey: expectBytes(record.get(KEY.privateKey), 'claim.privateKey'),
  };
}
