/** What the bytes of an envelope are spent on: the cost of a signature is its signature, its key id, and little else. */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { Tag } from '../../protocol/cbor/value.ts';
import { algorithmById } from '../../protocol/cose/algorithms.ts';
import type { Headers } from '../../protocol/cose/headers.ts';
import { COSE_SIGN_TAG, decodeSign } from '../../protocol/cose/sign.ts';
import { COSE_SIGN1_TAG, decodeSign1 } from '../../protocol/cose/sign1.ts';
import { decodeEnvelope } from '../../protocol/suit/envelope.ts';

export interface EnvelopeParts {
  readonly envelopeBytes: number;
  readonly manifestBytes: number;
  /** Of all signatures, without any framing. */
  readonly signatureBytes: number;
  readonly keyIdBytes: number;
  /** As the headers name them; verified or not. */
  readonly algorithms: readonly string[];
}

/** @throws {Rejection} where it is not an envelope */
export function measureEnvelope(bytes: Uint8Array): EnvelopeParts {
  const { blocks, manifestBytes } = decodeEnvelope(bytes);
  const signatures = blocks.flatMap(signaturesOf);
  return {
    envelopeBytes: bytes.length,
    manifestBytes: manifestBytes.length,
    signatureBytes: signatures.reduce((sum, it) => sum + it.signature.length, 0),
    keyIdBytes: signatures.reduce((sum, it) => sum + (it.headers.keyId?.length ?? 0), 0),
    algorithms: signatures.map(({ headers: { algorithmId } }) =>
      typeof algorithmId === 'number' ? (algorithmById(algorithmId)?.name ?? `${algorithmId}`) : 'unknown',
    ),
  };
}

interface Signature {
  readonly headers: Headers;
  readonly signature: Uint8Array;
}

/** Blocks of other kinds have no signature that we know how to find. */
function signaturesOf(block: Uint8Array): readonly Signature[] {
  const at = 'block';
  const item = decodeCbor(block, { at, maxBytes: block.length, keyOrder: 'any' });
  if (!(item instanceof Tag)) return [];
  if (item.tag === COSE_SIGN1_TAG) return [decodeSign1(item, { at })];
  return item.tag === COSE_SIGN_TAG ? decodeSign(item, { at }).signatures : [];
}
