/** The signatures of an envelope as facts for people: what each covers, and the mu that a KMS would be asked to sign. */
import { toHex } from '../bytes.ts';
import { decodeCbor } from '../cbor/decode.ts';
import { Tag } from '../cbor/value.ts';
import { algorithmById, type Anchor, mayVerify } from '../cose/algorithms.ts';
import type { Headers } from '../cose/headers.ts';
import { findAnchor } from '../cose/key.ts';
import { COSE_SIGN_TAG, decodeSign, signerBytes } from '../cose/sign.ts';
import { COSE_SIGN1_TAG, decodeSign1, signedBytes } from '../cose/sign1.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../limits.ts';
import { externalMu } from '../mldsa/mu.ts';
import type { Envelope } from '../suit/envelope.ts';

export interface SignatureFacts {
  readonly algorithm: string;
  /** hex of the kid, where one is named. */
  readonly keyId?: string;
  readonly signatureBytes: number;
  /** The whole block in the envelope: signature, headers, framing. */
  readonly blockBytes: number;
  /** hex of the Sig_structure: what is signed, RAW. */
  readonly signedBytes: string;
  /** hex, one for each anchor that could have signed: mu is bound to the public key. */
  readonly externalMu: readonly { readonly keyId: string; readonly mu: string }[];
}

/** @throws {Rejection} those of the COSE decoders */
export function signatureFacts({ blocks, digestBytes }: Envelope, anchors: readonly Anchor[]): SignatureFacts[] {
  return blocks.flatMap((block, index) => {
    const at = `envelope.authentication[${index + 1}]`;
    return claimsOf(block, digestBytes, at).map((claim) => factsOf(claim, block.length, anchors));
  });
}

interface Claim {
  readonly headers: Headers;
  readonly signature: Uint8Array;
  readonly signed: Uint8Array;
}

function claimsOf(block: Uint8Array, payload: Uint8Array, at: string): Claim[] {
  const item = decodeCbor(block, { at, maxBytes: MAX_AUTHENTICATION_BLOCK_BYTES, keyOrder: 'any' });
  if (item instanceof Tag && item.tag === COSE_SIGN_TAG) {
    const { headers: body, signatures } = decodeSign(item, { at });
    return signatures.map(({ headers, signature }) => {
      const protectedBytes = { body: body.protectedBytes, signer: headers.protectedBytes };
      return { headers, signature, signed: signerBytes(protectedBytes, payload) };
    });
  }
  if (item instanceof Tag && item.tag === COSE_SIGN1_TAG) {
    const { headers, signature } = decodeSign1(item, { at });
    return [{ headers, signature, signed: signedBytes(headers.protectedBytes, payload) }];
  }
  return [];
}

function factsOf(
  { headers, signature, signed }: Claim,
  blockBytes: number,
  anchors: readonly Anchor[],
): SignatureFacts {
  const { algorithmId, keyId } = headers;
  const algorithm = typeof algorithmId === 'number' ? algorithmById(algorithmId) : undefined;
  const named = keyId && findAnchor(anchors, keyId);
  const candidates = named ? [named] : anchors.filter((anchor) => algorithm && mayVerify(anchor, algorithm.coseId));
  return {
    algorithm: algorithm?.name ?? `algorithm ${algorithmId}`,
    ...(keyId === undefined ? {} : { keyId: toHex(keyId) }),
    signatureBytes: signature.length,
    blockBytes,
    signedBytes: toHex(signed),
    externalMu: candidates
      .filter((anchor) => anchor.algorithm.keyType === 'AKP')
      .map((anchor) => ({ keyId: toHex(anchor.keyId), mu: toHex(externalMu(anchor.publicKey, signed)) })),
  };
}
