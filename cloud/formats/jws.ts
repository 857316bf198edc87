/**
 * JWS in compact form (RFC 7515), with ML-DSA by RFC 9964, and JWT (RFC 7519).
 *
 *     base64url(header) . base64url(payload) . base64url(signature)          what is signed ends before the second dot
 *
 * Narrower than RFC 7515: one signature, base64url as it would be written, `crit` is always refused (we know no
 * extension, RFC 7797's b64 included), `alg` must be the name of the anchor's own algorithm: `none` and MACs have none.
 */
import { toBase64Url, utf8 } from '../../protocol/bytes.ts';
import { type Algorithm, algorithmByName, type PublicKey } from '../../protocol/cose/algorithms.ts';
import { decodeJsonObject, expectText, field, type JsonObject, optional } from '../../protocol/aws-iot/json.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';
import { JWK_THUMBPRINT_CHARACTERS, jwkThumbprint } from './jwk.ts';
import { MAX_CONTENT_BYTES, MAX_DOCUMENT_BYTES, MAX_JOSE_HEADER_BYTES } from './limits.ts';
import type { Unsigned } from './unsigned.ts';
import { type SignatureClaim, type Verified, verifyClaim } from './verify-claim.ts';

/** The claims of a JWT whose signature verified and whose time it is. */
export interface VerifiedJwt extends Verified {
  readonly claims: JsonObject;
}

export function prepareJws(content: Uint8Array, key: PublicKey, { detached }: { detached: boolean }): Unsigned {
  const signed = signingInput({ alg: joseName(key.algorithm), kid: jwkThumbprint(key) }, content);
  const document = detached ? `${signed.split('.')[0]}..` : `${signed}.`;
  return {
    format: 'jws',
    key,
    toBeSigned: utf8(signed),
    document: utf8(document),
    ...(detached && { detachedContent: content }),
  };
}

/**
 * @param claims a JSON object; it is signed as it stands
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`
 */
export function prepareJwt(claims: Uint8Array, key: PublicKey): Unsigned {
  decodeClaims(claims);
  const header = { alg: joseName(key.algorithm), typ: 'JWT', kid: jwkThumbprint(key) };
  const signed = signingInput(header, claims);
  return { format: 'jwt', key, toBeSigned: utf8(signed), document: utf8(`${signed}.`) };
}

export const completeJws = (document: Uint8Array, signature: Uint8Array): Uint8Array =>
  utf8(`${new TextDecoder().decode(document)}${toBase64Url(signature)}`);

/**
 * @throws {Rejection} `too-large`, `wrong-shape`, `not-json`, `critical-header`, `unsupported-algorithm` and those of
 *   verifyClaim
 */
export function verifyJws(bytes: Uint8Array, options: Trust & { readonly content?: Uint8Array }): Verified {
  const { claim, content } = decodeJws(bytes, options.content);
  return { signer: verifyClaim(claim, options, 'jws.signature'), content };
}

/**
 * @param options.nowMs against which `exp` and `nbf` are held, where the token has them
 * @throws {Rejection} those of verifyJws, and `not-current`
 */
export function verifyJwt(bytes: Uint8Array, options: Trust & { readonly nowMs: number }): VerifiedJwt {
  const { anchors, verify, nowMs } = options;
  const { signer, content } = verifyJws(bytes, { anchors, verify });
  const claims = decodeClaims(content);
  const [exp, nbf] = [expectTime(claims, 'exp'), expectTime(claims, 'nbf')];
  const now = `got ${nowMs / 1000}`;
  if (exp !== undefined && nowMs >= exp * 1000)
    throw new Rejection('not-current', 'jwt.exp', `expected a time before ${exp}, ${now}`);
  if (nbf !== undefined && nowMs < nbf * 1000)
    throw new Rejection('not-current', 'jwt.nbf', `expected a time from ${nbf} on, ${now}`);
  return { signer, content, claims };
}

const signingInput = (header: object, content: Uint8Array): string =>
  `${toBase64Url(utf8(JSON.stringify(header)))}.${toBase64Url(content)}`;

/** RFC 7518 and RFC 9864 know P-256 by one name. */
const joseName = ({ name }: Algorithm): string => (name === 'ESP256' ? 'ES256' : name);

function decodeClaims(bytes: Uint8Array): JsonObject {
  if (bytes.length === 0) throw new Rejection('not-json', 'jwt.claims', 'expected a JSON object, got no bytes');
  return decodeJsonObject(bytes, { at: 'jwt.claims', maxBytes: MAX_CONTENT_BYTES });
}

/** Seconds since 1970, perhaps with a fraction (RFC 7519 §2, NumericDate). */
function expectTime(claims: JsonObject, name: string): number | undefined {
  const value = field(claims, name);
  if (value === undefined || typeof value === 'number') return value;
  throw new Rejection('wrong-shape', `jwt.${name}`, `expected seconds since 1970, got ${typeof value}`);
}

function decodeJws(
  bytes: Uint8Array,
  detached: Uint8Array | undefined,
): { claim: SignatureClaim; content: Uint8Array } {
  const [headerPart, payloadPart, signaturePart] = splitCompact(bytes);
  const { algorithm, isNamed } = decodeHeader(decodeBase64Url(headerPart, 'jws.header'));
  if (detached && payloadPart !== '')
    throw new Rejection('wrong-shape', 'jws.payload', 'expected none beside detached content, got one');
  if (!detached && payloadPart === '')
    throw new Rejection('wrong-shape', 'jws.payload', 'expected a payload, got none: give the detached content');
  const content = detached ?? decodeBase64Url(payloadPart, 'jws.payload');
  const toBeSigned = utf8(`${headerPart}.${detached ? toBase64Url(detached) : payloadPart}`);
  const signature = decodeBase64Url(signaturePart, 'jws.signature');
  return { claim: { algorithm, ...(isNamed && { isNamed }), toBeSigned, signature }, content };
}

function splitCompact(bytes: Uint8Array): [header: string, payload: string, signature: string] {
  if (bytes.length > MAX_DOCUMENT_BYTES)
    throw new Rejection('too-large', 'jws', `expected at most ${MAX_DOCUMENT_BYTES} bytes, got ${bytes.length}`);
  const parts = new TextDecoder().decode(bytes).trimEnd().split('.', 4);
  const [header, payload, signature] = parts;
  if (parts.length === 3 && header !== undefined && payload !== undefined && signature !== undefined)
    return [header, payload, signature];
  throw new Rejection('wrong-shape', 'jws', `expected three parts between dots, got ${parts.length}`);
}

/** Only as it would be written: with another spelling one token would be two. */
function decodeBase64Url(text: string, at: string): Uint8Array {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
    if (toBase64Url(bytes) === text) return bytes;
  } catch (cause) {
    throw new Rejection('wrong-shape', at, `expected base64url, got ${text.length} other characters`, { cause });
  }
  throw new Rejection('wrong-shape', at, 'expected base64url without padding or spare bits, got another spelling');
}

function decodeHeader(bytes: Uint8Array): Pick<SignatureClaim, 'algorithm' | 'isNamed'> {
  const header = decodeJsonObject(bytes, { at: 'jws.header', maxBytes: MAX_JOSE_HEADER_BYTES });
  if (Object.hasOwn(header, 'crit'))
    throw new Rejection('critical-header', 'jws.header.crit', 'expected no critical extension, got some');
  const alg = expectText(field(header, 'alg'), 'jws.header.alg');
  const algorithm = algorithmByName(alg);
  if (!algorithm || joseName(algorithm) !== alg) {
    const detail = `expected ML-DSA-44, ML-DSA-65, ML-DSA-87, ES256 or Ed25519, got ${JSON.stringify(alg.slice(0, 32))}`;
    throw new Rejection('unsupported-algorithm', 'jws.header.alg', detail);
  }
  const kid = optional(field(header, 'kid'), 'jws.header.kid', expectText);
  // A kid of any other length is its maker's own name for the key: a hint (RFC 7515 §4.1.4).
  const isThumbprint = kid?.length === JWK_THUMBPRINT_CHARACTERS;
  return { algorithm, ...(isThumbprint && { isNamed: (anchor) => jwkThumbprint(anchor) === kid }) };
}
