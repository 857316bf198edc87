/**
 * Envelopes by the size of their signature alone, to see on the wire what a scheme costs that nobody here implements. The
 * manifest is a real one; the signature is chance, of exactly so many bytes, under a COSE algorithm id of private use, so no
 * device takes it: run-variant.ts has it carried, and verified by nobody.
 *
 * Without any signature the envelope is 107({ 2: [ digest ], 3: manifest }): whoever gets it can tell that it arrived whole,
 * and not who sent it. Devices refuse it as `unsigned`.
 */
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { encodeSign1 } from '../../../protocol/cose/sign1.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES } from '../../../protocol/limits.ts';
import { decodeEnvelope, encodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { seededRandom } from '../../links/seeded-random.ts';

/** RFC 9052 §16.4 as RFC 8152 §16.4 has it: less than -65536 is private use. */
const PRIVATE_USE_ID = -65_537;
const PRIVATE_USE_ID_BYTES = 5;
/** Of a COSE key thumbprint with SHA-256, as our signers have it. */
const KEY_ID_BYTES = 32;
const HEADER = { alg: 1, kid: 4 } as const;

export interface SizedSignatures {
  /** One COSE_Sign1 for each; none: an envelope without a signature. */
  readonly signatureBytes: readonly number[];
  readonly seed: number;
  /**
   * bytes of the algorithm id that the scheme has, or will have: 1 (ES256), 2 (ML-DSA, and whatever is registered next). The
   * id of private use is longer, and the key id that much shorter, so that all headers together have the bytes of the real.
   */
  readonly algorithmIdBytes?: 1 | 2;
}

/**
 * @param envelope of the same image, signed by whomever
 * @throws {RangeError} where a signature is larger than any device of ours reads
 */
export function createSizedEnvelope(envelope: Uint8Array, signatures: SizedSignatures): Uint8Array {
  const { digest, manifestBytes, severed, integrated } = decodeEnvelope(envelope);
  const random = seededRandom(signatures.seed);
  const blocks = signatures.signatureBytes.map((bytes) => blockOf(bytes, random, signatures.algorithmIdBytes ?? 2));
  return encodeEnvelope({ manifestBytes, blocks, severed, integrated, digestAlgorithmId: digest.algorithmId });
}

function blockOf(signatureBytes: number, random: () => number, algorithmIdBytes: number): Uint8Array {
  const keyId = chance(KEY_ID_BYTES + algorithmIdBytes - PRIVATE_USE_ID_BYTES, random);
  const protectedBytes = encodeCbor(
    new Map<number, number | Uint8Array>([
      [HEADER.alg, PRIVATE_USE_ID],
      [HEADER.kid, keyId],
    ]),
  );
  const block = encodeSign1({ protectedBytes, signature: chance(signatureBytes, random) });
  if (block.length <= MAX_AUTHENTICATION_BLOCK_BYTES) return block;
  const limit = MAX_AUTHENTICATION_BLOCK_BYTES - (block.length - signatureBytes);
  throw new RangeError(`signature by size: expected at most ${limit} bytes, which devices read, got ${signatureBytes}`);
}

const chance = (bytes: number, random: () => number): Uint8Array =>
  Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
