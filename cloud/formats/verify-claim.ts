/**
 * Whose signature it is, for formats without a verifier of their own. As in COSE (protocol/cose/verify-signature.ts) the
 * document proposes an algorithm and perhaps a key; the anchor decides.
 */
import { type Algorithm, type Anchor, describeAnchor, mayVerify } from '../../protocol/cose/algorithms.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';

/** What a document that was read but not trusted says about its signature. */
export interface SignatureClaim {
  readonly algorithm: Algorithm;
  /** Picks the anchor that the document names; absent where it names none that we could know. */
  readonly isNamed?: (anchor: Anchor) => boolean;
  readonly toBeSigned: Uint8Array;
  /** In COSE form. */
  readonly signature: Uint8Array;
}

/** What came of a document whose signature verified. */
export interface Verified {
  readonly signer: Anchor;
  /** What was signed. */
  readonly content: Uint8Array;
}

/**
 * The anchor that made the signature. No cryptography runs before name, algorithm and length fit.
 *
 * @throws {Rejection} `unknown-key`, `algorithm-not-allowed`, `signature-invalid`
 */
export function verifyClaim(claim: SignatureClaim, { anchors, verify }: Trust, at: string): Anchor {
  const { algorithm, isNamed = () => true, toBeSigned, signature } = claim;
  const named = anchors.filter(isNamed);
  if (named.length === 0) throw new Rejection('unknown-key', at, 'expected the key of an anchor, got another');
  const candidates = named.filter((anchor) => mayVerify(anchor, algorithm.coseId));
  if (candidates.length === 0) {
    const detail = `expected ${named.map((anchor) => anchor.algorithm.name).join(' or ')}, got ${algorithm.name}`;
    throw new Rejection('algorithm-not-allowed', at, detail);
  }
  if (signature.length !== algorithm.signatureBytes) {
    const detail = `expected ${algorithm.signatureBytes} bytes of ${algorithm.name}, got ${signature.length}`;
    throw new Rejection('signature-invalid', at, detail);
  }
  const signer = candidates.find((anchor) => verify(anchor, toBeSigned, signature));
  if (signer) return signer;
  const tried = candidates.map(describeAnchor).join(' or ');
  throw new Rejection('signature-invalid', at, `expected a signature over these bytes by ${tried}, got another`);
}
