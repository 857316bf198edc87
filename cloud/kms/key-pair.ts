/**
 * An asymmetric key, with node:crypto and noble.
 *
 *   RAW          node:crypto, on its thread pool: other clients are served meanwhile
 *   EXTERNAL_MU  noble, on threads of its own (mu-workers.ts): node:crypto does not take a mu
 *   DIGEST       noble for ECDSA, node:crypto's private-key operation for RSASSA-PKCS1-v1_5
 *
 * ML-DSA is signed hedged and with the empty context, as AWS KMS does: two signatures of one message differ.
 * This is a program's memory, not an HSM.
 */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  sign,
  type SignKeyObjectInput,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concatBytes, equalBytes, fromHex } from '../../protocol/bytes.ts';
import type { PairKind } from './key-specs.ts';
import { signMu, verifyMu } from './mu-workers.ts';
import type { Hash, MessageType, SigningScheme } from './signing-algorithms.ts';

const CURVES: Readonly<Record<string, ECDSA>> = { 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1 };

/** DER of DigestInfo up to the digest itself: RFC 8017 §9.2 note 1. */
const DIGEST_INFO: Readonly<Record<Hash, Uint8Array>> = {
  sha256: fromHex('3031300d060960864801650304020105000420'),
  sha384: fromHex('3041300d060960864801650304020205000430'),
  sha512: fromHex('3051300d060960864801650304020305000440'),
};

/** A private key as it is kept on disk. */
export interface SavedPair {
  /** `seed`: the 32 bytes ξ of FIPS 204, the 64 bytes d ‖ z of FIPS 203. `pkcs8`: DER. */
  readonly form: 'seed' | 'pkcs8';
  readonly bytes: Uint8Array;
}

export interface ToSign {
  readonly scheme: SigningScheme;
  readonly messageType: MessageType;
  readonly message: Uint8Array;
}

const signAsync = promisify(sign);
const verifyAsync = promisify(verify);

export class KeyPair {
  readonly #kind: PairKind;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** DER SubjectPublicKeyInfo, as GetPublicKey returns it. */
  readonly publicKeyInfo: Uint8Array;

  private constructor(kind: PairKind, privateKey: KeyObject) {
    this.#kind = kind;
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    this.publicKeyInfo = new Uint8Array(this.#publicKey.export({ format: 'der', type: 'spki' }));
  }

  static async generate(kind: PairKind): Promise<KeyPair> {
    return new KeyPair(kind, await generatePrivateKey(kind));
  }

  /** @throws whatever node:crypto throws for bytes that are no key of this kind */
  static restore(kind: PairKind, { form, bytes }: SavedPair): KeyPair {
    const key = Buffer.from(bytes);
    const privateKey =
      form === 'seed'
        ? createPrivateKey({ key, format: 'raw-seed', asymmetricKeyType: kind.type })
        : createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    if (!isOfKind(privateKey, kind))
      throw new TypeError(`the private key is not of kind ${Object.values(kind).join(' ')}`);
    return new KeyPair(kind, privateKey);
  }

  save(): SavedPair {
    return hasSeed(this.#kind)
      ? { form: 'seed', bytes: new Uint8Array(this.#privateKey.export({ format: 'raw-seed' })) }
      : { form: 'pkcs8', bytes: new Uint8Array(this.#privateKey.export({ format: 'der', type: 'pkcs8' })) };
  }

  async sign({ scheme, messageType, message }: ToSign): Promise<Uint8Array> {
    if (messageType === 'EXTERNAL_MU')
      return signMu({ parameterSet: parameterSetOf(this.#kind), seed: this.save().bytes, mu: message });
    if (messageType === 'DIGEST') return this.#signDigest(scheme, message);
    return new Uint8Array(await signAsync(hashOf(scheme), message, { key: this.#privateKey, ...paddingOf(scheme) }));
  }

  /** Total: a signature of any length and shape is just not valid. */
  async verify({ scheme, messageType, message }: ToSign, signature: Uint8Array): Promise<boolean> {
    if (messageType === 'EXTERNAL_MU') {
      const publicKey = new Uint8Array(this.#publicKey.export({ format: 'raw-public' }));
      return verifyMu({ parameterSet: parameterSetOf(this.#kind), publicKey, mu: message, signature });
    }
    if (messageType === 'DIGEST') return this.#verifyDigest(scheme, message, signature);
    return verifyAsync(hashOf(scheme), message, { key: this.#publicKey, ...paddingOf(scheme) }, signature);
  }

  #signDigest(scheme: SigningScheme, digest: Uint8Array): Uint8Array {
    if (scheme.kind === 'rsa-pkcs1') {
      const digestInfo = concatBytes(DIGEST_INFO[scheme.hash], digest);
      return new Uint8Array(
        privateEncrypt({ key: this.#privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo),
      );
    }
    const scalar = new Uint8Array(this.#privateKey.export({ format: 'raw-private' }));
    return curveOf(this.#kind).sign(digest, scalar, { ...DIGEST_AS_IT_IS, extraEntropy: true });
  }

  #verifyDigest(scheme: SigningScheme, digest: Uint8Array, signature: Uint8Array): boolean {
    if (scheme.kind === 'rsa-pkcs1') {
      const digestInfo = concatBytes(DIGEST_INFO[scheme.hash], digest);
      const key = { key: this.#publicKey, padding: constants.RSA_PKCS1_PADDING };
      return isValid(() => equalBytes(publicDecrypt(key, signature), digestInfo));
    }
    const point = new Uint8Array(this.#publicKey.export({ format: 'raw-public' }));
    return isValid(() => curveOf(this.#kind).verify(signature, digest, point, DIGEST_AS_IT_IS));
  }
}

/** AWS KMS sends ECDSA as DER and, like OpenSSL, does not normalise s. */
const DIGEST_AS_IT_IS = { prehash: false, format: 'der', lowS: false } as const;

async function generatePrivateKey(kind: PairKind): Promise<KeyObject> {
  const generate = promisify(generateKeyPair);
  if (kind.type === 'ec') return (await generate(kind.type, { namedCurve: kind.namedCurve })).privateKey;
  if (kind.type === 'rsa') return (await generate(kind.type, { modulusLength: kind.modulusBits })).privateKey;
  if (kind.type === 'ed25519') return (await generate(kind.type)).privateKey;
  if (kind.type === 'ml-kem-512' || kind.type === 'ml-kem-768' || kind.type === 'ml-kem-1024')
    return (await generate(kind.type)).privateKey;
  return (await generate(kind.type)).privateKey;
}

/** As OpenSSL calls them. */
// oxfmt-ignore
const CURVE_NAMES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1', secp256k1: 'secp256k1' } as const;

function isOfKind({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, kind: PairKind): boolean {
  if (asymmetricKeyType !== kind.type) return false;
  if (kind.type === 'ec') return asymmetricKeyDetails?.namedCurve === CURVE_NAMES[kind.namedCurve];
  return kind.type !== 'rsa' || asymmetricKeyDetails?.modulusLength === kind.modulusBits;
}

const hasSeed = ({ type }: PairKind): boolean => type.startsWith('ml-');

const hashOf = (scheme: SigningScheme): Hash | null => ('hash' in scheme ? scheme.hash : null);

function paddingOf(scheme: SigningScheme): Pick<SignKeyObjectInput, 'padding' | 'saltLength'> {
  if (scheme.kind === 'rsa-pkcs1') return { padding: constants.RSA_PKCS1_PADDING };
  if (scheme.kind !== 'rsa-pss') return {};
  // RFC 4055 and AWS KMS: the salt is as long as the digest.
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

function parameterSetOf({ type }: PairKind): 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' {
  if (type === 'ml-dsa-44' || type === 'ml-dsa-65' || type === 'ml-dsa-87') return type;
  throw new TypeError(`external mu: expected an ML-DSA key, got ${type}`);
}

function curveOf(kind: PairKind): ECDSA {
  const curve = kind.type === 'ec' ? CURVES[kind.namedCurve] : undefined;
  if (!curve) throw new TypeError(`digest: expected an ECDSA or RSA PKCS #1 key, got ${kind.type}`);
  return curve;
}

/** Both libraries throw for a signature that is not even shaped like one. */
function isValid(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
