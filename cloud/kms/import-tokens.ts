/**
 * What GetParametersForImport hands out and ImportKeyMaterial takes back.
 *
 *   GetParametersForImport ─▶ a fresh RSA pair: its public part, and its private part sealed in the token
 *   ImportKeyMaterial      ─▶ token opened ─▶ private part ─▶ key material unwrapped
 *
 * So nothing is kept between the two calls, many tokens are good at once as on AWS, and a restart does not void them. The
 * seal is AES-256-GCM under a secret of the key that the token is for: a token of another key does not open.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { concatBytes, fromBase64, fromHex, toBase64 } from '../../protocol/bytes.ts';
import { KmsFault } from './faults.ts';
import { Members } from './members.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

// oxfmt-ignore
const WRAPPINGS = {
  RSAES_OAEP_SHA_1:         { oaepHash: 'sha1',   isHybrid: false },
  RSAES_OAEP_SHA_256:       { oaepHash: 'sha256', isHybrid: false },
  RSA_AES_KEY_WRAP_SHA_1:   { oaepHash: 'sha1',   isHybrid: true },
  RSA_AES_KEY_WRAP_SHA_256: { oaepHash: 'sha256', isHybrid: true },
} as const;

export type WrappingAlgorithm = keyof typeof WRAPPINGS;

export const isWrapping = (name: string): name is WrappingAlgorithm => name in WRAPPINGS;

/** RSA_AES_KEY_WRAP: an AES key under RSA, and the material under the AES key. */
export const isHybrid = (algorithm: WrappingAlgorithm): boolean => WRAPPINGS[algorithm].isHybrid;

/** 32 bytes. */
export const createTokenSecret = (): Uint8Array => new Uint8Array(randomBytes(32));

/** What a token holds. */
export interface ImportParameters {
  readonly algorithm: WrappingAlgorithm;
  readonly validToMs: number;
  readonly privateKey: KeyObject;
}

/** @returns the public part as DER SubjectPublicKeyInfo */
export async function createWrappingPair(
  modulusBits: number,
): Promise<{ publicKeyInfo: Uint8Array; privateKey: KeyObject }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: modulusBits });
  return { publicKeyInfo: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), privateKey };
}

export function sealToken({ algorithm, validToMs, privateKey }: ImportParameters, secret: Uint8Array): Uint8Array {
  const der = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, secret, nonce);
  const sealed = cipher.update(JSON.stringify({ algorithm, validToMs, privateKey: toBase64(der) }));
  return concatBytes(nonce, sealed, cipher.final(), cipher.getAuthTag());
}

/** @throws {KmsFault} InvalidImportTokenException, without a message as on AWS */
export function openToken(token: Uint8Array, secret: Uint8Array): ImportParameters {
  try {
    const decipher = createDecipheriv(CIPHER, secret, token.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(token.subarray(-TAG_BYTES));
    const text = decipher.update(token.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    const members = Members.of(JSON.parse(text));
    const key = Buffer.from(fromBase64(members.text('privateKey', { min: 1, max: 8192 })));
    return {
      algorithm: members.oneOf('algorithm', Object.keys(WRAPPINGS).filter(isWrapping)),
      validToMs: members.integer('validToMs', { min: 0, max: Number.MAX_SAFE_INTEGER }),
      privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    };
  } catch (cause) {
    throw new KmsFault('InvalidImportTokenException', '', { cause });
  }
}

/** AES Key Wrap with Padding: RFC 5649 §3, its constant. */
const AES_KWP = 'id-aes256-wrap-pad';
const AES_KWP_IV = fromHex('a65959a6');

/** @throws {KmsFault} InvalidCiphertextException, without a message as on AWS */
export function unwrap(wrapped: Uint8Array, { algorithm, privateKey }: ImportParameters): Uint8Array {
  const { oaepHash, isHybrid } = WRAPPINGS[algorithm];
  const rsa = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  const modulusBytes = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  try {
    const inner = privateDecrypt(rsa, wrapped.subarray(0, isHybrid ? modulusBytes : undefined));
    if (!isHybrid) return new Uint8Array(inner);
    const aes = createDecipheriv(AES_KWP, inner, AES_KWP_IV);
    return concatBytes(aes.update(wrapped.subarray(modulusBytes)), aes.final());
  } catch (cause) {
    throw new KmsFault('InvalidCiphertextException', '', { cause });
  }
}
