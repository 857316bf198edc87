/**
 * One COSE signature against the anchors of a device: whose it is, if it is that of anyone who counts.
 *
 * The message proposes a key (kid) and an algorithm (alg); the anchor decides: it checks only signatures of the
 * algorithm it is for (RFC 9964 §3: a key is bound to one). The anchors that are tried:
 *
 *     kid is an anchor's key id                          that one and no other
 *     kid is as long as a key id, and no anchor has it   none
 *     kid is anything else, or absent                    each one for the header's algorithm (RFC 9052 §3.1: a hint)
 *
 * With `findKey`, its answer is the only one that is tried: one verification at most for each signature.
 */
import { Rejection, type RejectionCode } from '../errors.ts';
import {
  type Algorithm,
  algorithmById,
  type Anchor,
  describeAnchor,
  mayVerify,
  type VerifySignature,
} from './algorithms.ts';
import { checkCritical, type Headers } from './headers.ts';
import { findAnchor, KEY_ID_BYTES, keyIdText } from './key.ts';

/** Whose signatures count, and how one is checked. */
export interface Trust {
  readonly anchors: readonly Anchor[];
  readonly verify: VerifySignature;
  /**
   * In place of `anchors`: the one key that may have made the signature of these headers, `at` being where they stand.
   *
   * @throws {Rejection} where no key counts
   */
  readonly findKey?: (headers: Headers, at: string) => Anchor;
}

/** A signature, the headers that speak of it, and the bytes it must cover. */
export interface SignatureClaim {
  readonly headers: Headers;
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

/**
 * The anchor that made the signature. No cryptography runs before kid, alg, crit and the signature's length fit.
 *
 * @throws {Rejection} `critical-header`, `unsupported-algorithm` (no row in our table), `unknown-key` (no anchor has
 *   this kid, or none is for this alg), `algorithm-not-allowed` (the anchor of this kid is for another alg),
 *   `signature-invalid`
 */
export function verifySignature(claim: SignatureClaim, trust: Trust, at: string): Anchor {
  const { verify } = trust;
  checkCritical(claim.headers, at);
  const algorithm = algorithmOf(claim.headers, at);
  const candidates = candidateAnchors(claim.headers, algorithm, { ...trust, at });
  if (claim.signature.length !== algorithm.signatureBytes) {
    const lengths = `expected ${algorithm.signatureBytes} bytes, got ${claim.signature.length}`;
    throw new Rejection('signature-invalid', `${at}.signature`, lengths);
  }
  const signer = candidates.find((anchor) => verify(anchor, claim.signedBytes, claim.signature));
  if (signer) return signer;
  const tried = candidates.length === 1 ? candidates.map(describeAnchor).join() : `any of ${candidates.length} keys`;
  throw new Rejection('signature-invalid', `${at}.signature`, `expected a signature by ${tried}, got another`);
}

function algorithmOf({ algorithmId }: Headers, at: string): Algorithm {
  const algorithm = typeof algorithmId === 'number' ? algorithmById(algorithmId) : undefined;
  if (algorithm) return algorithm;
  const found = typeof algorithmId === 'string' ? 'a text' : (algorithmId ?? 'none');
  throw new Rejection('unsupported-algorithm', `${at}.protected.alg`, `expected an algorithm known here, got ${found}`);
}

function candidateAnchors(
  headers: Headers,
  algorithm: Algorithm,
  { anchors, findKey, at }: Trust & { readonly at: string },
): readonly Anchor[] {
  const { keyId } = headers;
  const named = findKey ? findKey(headers, at) : keyId && findAnchor(anchors, keyId);
  if (named && !mayVerify(named, algorithm.coseId)) {
    const detail = `expected ${named.algorithm.name}, got ${algorithm.name}`;
    throw new Rejection('algorithm-not-allowed', `${at}.protected.alg`, detail);
  }
  if (named) return [named];
  if (keyId?.length === KEY_ID_BYTES) {
    throw new Rejection('unknown-key', `${at}.kid`, `expected the id of an anchor, got ${keyIdText(keyId)}`);
  }
  const candidates = anchors.filter((anchor) => mayVerify(anchor, algorithm.coseId));
  if (candidates.length > 0) return candidates;
  throw new Rejection('unknown-key', `${at}.protected.alg`, `expected an anchor for ${algorithm.name}, got none`);
}

/** From "somebody holds a key of ours and the bytes do not fit" down to "this was never meant for us". */
const TELLING: readonly RejectionCode[] = [
  'signature-invalid',
  'algorithm-not-allowed',
  'key-revoked',
  'key-not-pinned',
  'key-missing',
  'role-not-allowed',
  'critical-header',
  'unknown-key',
  'unsupported-algorithm',
];

const rank = ({ code }: Rejection): number => (TELLING.includes(code) ? TELLING.indexOf(code) : TELLING.length);

/** Of the refusals of several signatures, at least one, that which an operator should read; the first of its kind. */
export const mostTelling = (refusals: readonly Rejection[]): Rejection =>
  refusals.reduce((telling, other) => (rank(other) < rank(telling) ? other : telling));
