/** Blocks of authentication, good and bad, over one small manifest, and envelopes around them. */
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';
import { encodeProtected } from '../../protocol/cose/headers.ts';
import { encodeSign, signerBytes } from '../../protocol/cose/sign.ts';
import { encodeSign1 } from '../../protocol/cose/sign1.ts';
import { encodeEnvelope, signedDigest } from '../../protocol/suit/envelope.ts';
import { encodeManifest } from '../../protocol/suit/manifest.ts';
import { blockOf, mlDsa44, type TestSigner, updateManifest } from './suit.ts';

export const manifestBytes = encodeManifest(updateManifest);
export const digest = signedDigest(manifestBytes);
export const other = encodeManifest({ ...updateManifest, sequenceNumber: 8 });
export const protectedBytes = encodeProtected(mlDsa44.anchor);
export const good = blockOf(mlDsa44, manifestBytes);

export const withBlocks = (...blocks: readonly Uint8Array[]): Uint8Array => encodeEnvelope({ manifestBytes, blocks });

/** A block whose signature covers `message` in place of what it should. */
export const over = (message: Uint8Array, header = protectedBytes): Uint8Array =>
  encodeSign1({ protectedBytes: header, signature: mlDsa44.sign(message) });

/** A block with the good signature, but other fields around it. */
export const block = (tag: number, fields: readonly CborValue[]): Uint8Array => encodeCbor(new Tag(tag, fields));
export const header = (...entries: readonly [CborValue, CborValue][]): Uint8Array => encodeCbor(new Map(entries));

/** Its last byte changed. */
export function broken(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[changed.length - 1]! ^= 1;
  return changed;
}

/** One COSE_Sign over the digest. */
export function signBy(signers: readonly TestSigner[]): Uint8Array {
  const body = new Uint8Array();
  const signatures = signers.map(({ anchor, sign }) => {
    const signer = encodeProtected(anchor);
    return { protectedBytes: signer, signature: sign(signerBytes({ body, signer }, digest)) };
  });
  return encodeSign({ signatures });
}

export function encodeCborEnvelope(authentication: readonly CborValue[], manifest: Uint8Array): Uint8Array {
  return encodeCbor(
    new Tag(
      107,
      new Map<CborValue, CborValue>([
        [2, encodeCbor(authentication)],
        [3, manifest],
      ]),
    ),
  );
}
