/**
 * COSE_Sign: several signers of one payload (RFC 9052 §4.1).
 *
 * Wire form     98([ protected, unprotected, payload: bstr / nil, [ + [ protected, unprotected, signature: bstr ] ] ])
 * Signed bytes  [ "Signature", protected, sign_protected, external_aad, payload ]                      RFC 9052 §4.4
 *
 * The signatures are independent: whoever forwards the message can drop one or add one. So a signature that does not
 * verify never spoils the others, and "all of these must have signed" is a rule of the caller's.
 */
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, wrongShape } from '../cbor/expect.ts';
import { type CborValue, Tag } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_SIGNATURES } from '../limits.ts';
import type { Anchor } from './algorithms.ts';
import { checkCritical, decodeHeaders, expectAlgorithmId, type Headers, protectedAsSigned } from './headers.ts';
import { decodeMessage, decodePayload, type MessageBounds, payloadOf, type SignedContent } from './message.ts';
import { mostTelling, type Trust, verifySignature } from './verify-signature.ts';

export const COSE_SIGN_TAG = 98;

/** The shape is checked; no signature is. */
export interface Sign {
  /** Of the body: about the payload, and covered by every signature. */
  readonly headers: Headers;
  /** null where it is detached. */
  readonly payload: Uint8Array | null;
  /** 1 to `MAX_SIGNATURES`, where nothing else is said. */
  readonly signatures: readonly SignerSignature[];
}

interface SignerSignature {
  readonly headers: Headers;
  readonly signature: Uint8Array;
}

interface SignBounds extends MessageBounds {
  readonly maxSignatures?: number;
}

interface ProtectedBytes {
  readonly body: Uint8Array;
  readonly signer: Uint8Array;
}

/** The bytes that one signer signs and a verifier checks: Sig_structure. */
export const signerBytes = (
  { body, signer }: ProtectedBytes,
  payload: Uint8Array,
  externalAad: Uint8Array = new Uint8Array(),
): Uint8Array => encodeCbor(['Signature', protectedAsSigned(body), protectedAsSigned(signer), externalAad, payload]);

export function encodeSign(fields: {
  readonly protectedBytes?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly signatures: readonly {
    readonly protectedBytes: Uint8Array;
    readonly unprotected?: ReadonlyMap<CborValue, CborValue>;
    readonly signature: Uint8Array;
  }[];
}): Uint8Array {
  const { protectedBytes = new Uint8Array(), payload = null } = fields;
  const signatures = fields.signatures.map((one): CborValue => {
    const { unprotected = new Map() } = one;
    return [one.protectedBytes, unprotected, one.signature];
  });
  return encodeCbor(new Tag(COSE_SIGN_TAG, [protectedBytes, new Map(), payload, signatures]));
}

/**
 * @param input the bytes, or their item where it is decoded already (with `keyOrder: 'any'`)
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`
 */
export function decodeSign(input: Uint8Array | Tag, bounds: SignBounds): Sign {
  const { at, maxSignatures = MAX_SIGNATURES } = bounds;
  const fields = decodeMessage(input, COSE_SIGN_TAG, bounds);
  const headers = decodeHeaders(fields, at);
  const signatures = expectArray(fields[3], `${at}.signatures`);
  if (signatures.length < 1 || signatures.length > maxSignatures) {
    throw wrongShape(`${at}.signatures`, `1 to ${maxSignatures} signatures`, signatures);
  }
  return {
    headers,
    payload: decodePayload(fields[2], at),
    signatures: signatures.map((one, index) => decodeSignature(one, `${at}.signatures[${index}]`)),
  };
}

function decodeSignature(value: CborValue, at: string): SignerSignature {
  const fields = expectArray(value, at, 3);
  const headers = decodeHeaders(fields, at);
  expectAlgorithmId(headers, at);
  return { headers, signature: expectBytes(fields[2], `${at}.signature`) };
}

/** What came of the signatures of one message: who signed, and why others do not count. */
export interface SignOutcome {
  /** At least one; each once, whatever the number of its signatures. */
  readonly anchors: readonly Anchor[];
  readonly refusals: readonly Rejection[];
}

/**
 * @throws {Rejection} `wrong-shape` (a payload too many, or none), `critical-header` of the body, and where no signature
 *   verifies, the most telling of the refusals of verifySignature
 */
export function verifySign(sign: Sign, options: SignedContent & Trust & { readonly at: string }): SignOutcome {
  const { at } = options;
  checkCritical(sign.headers, at);
  const payload = payloadOf(sign, options, at);
  const anchors = new Set<Anchor>();
  const refusals: Rejection[] = [];
  sign.signatures.forEach(({ headers, signature }, index) => {
    const protectedBytes = { body: sign.headers.protectedBytes, signer: headers.protectedBytes };
    const signedBytes = signerBytes(protectedBytes, payload, options.externalAad);
    try {
      anchors.add(verifySignature({ headers, signature, signedBytes }, options, `${at}.signatures[${index}]`));
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      refusals.push(error);
    }
  });
  if (anchors.size === 0) throw mostTelling(refusals);
  return { anchors: [...anchors], refusals };
}
