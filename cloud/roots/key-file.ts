/**
 * The private half of an offline key, as it lies on a USB stick for decades: COSE_Encrypt0 (RFC 9052 §5.2) under a key
 * that a passphrase gives.
 *
 *     16([ protected { 1: 3 (A256GCM), 3: "…+cose", "kdf": [ "argon2id", 19, memory KiB, passes, lanes, salt ],
 *                      "public": COSE_Key },
 *          unprotected { 5: nonce, "sum": SHA-256 of protected ‖ nonce ‖ ciphertext },
 *          ciphertext: the 32 bytes of the private key and the tag ])
 *
 * The header is authenticated with the ciphertext, so neither parameters nor public key can be exchanged. COSE registers
 * no password-based KDF; the text labels are ours. The sum tells a rotten stick from a wrong passphrase, which the tag
 * cannot; it covers nothing secret.
 */
import { argon2Sync, createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { concatBytes, equalBytes } from '../../protocol/bytes.ts';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { expectArray, expectBytes, expectMap, expectTag, expectUint, wrongShape } from '../../protocol/cbor/expect.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';
import type { Algorithm, Anchor } from '../../protocol/cose/algorithms.ts';
import { decodeCoseKey, encodeCoseKey } from '../../protocol/cose/key.ts';
import { OperatorError } from '../errors.ts';
import { derivePublicKey, PRIVATE_KEY_BYTES } from './private-key.ts';

/** RFC 9106 §3.1. Version 0x13, which is 19, is the only one here. */
export interface KdfCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What new files are made with: four times the memory of RFC 9106 §4's second choice, a second or two of two cores. */
export const KDF_COST: KdfCost = { memoryKib: 262_144, passes: 3, lanes: 4 };

/** What a file must at least have cost: RFC 9106 §4, second recommended option. */
export const KDF_FLOOR: KdfCost = { memoryKib: 65_536, passes: 3, lanes: 1 };

/** A file must not make its reader allocate or compute without end. */
const KDF_CEILING: KdfCost = { memoryKib: 1_048_576, passes: 16, lanes: 16 };

/** bytes. An ML-DSA-87 key makes a file of 2.9 KB. */
export const MAX_KEY_FILE_BYTES = 4_096;

export const SALT_BYTES = 16;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SUM_BYTES = 32;

const COSE_ENCRYPT0_TAG = 16;
const A256GCM = 3;
const LABEL = { alg: 1, contentType: 3, iv: 5, kdf: 'kdf', public: 'public', sum: 'sum' } as const;
const CONTENT_TYPE = 'application/vnd.bristlecone.offline-key-1+cose';
const KDF_NAME = 'argon2id';
const ARGON2_VERSION = 0x13;

interface Sealed {
  readonly protectedBytes: Uint8Array;
  readonly cost: KdfCost;
  readonly salt: Uint8Array;
  readonly anchor: Anchor;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The passphrase is in UTF-8; salt and nonce are random bytes, used once. */
export function encodeKeyFile(
  { algorithm, privateKey }: { readonly algorithm: Algorithm; readonly privateKey: Uint8Array },
  {
    passphrase,
    salt,
    nonce,
  }: { readonly passphrase: Uint8Array; readonly salt: Uint8Array; readonly nonce: Uint8Array },
  cost: KdfCost = KDF_COST,
): Uint8Array {
  const { memoryKib, passes, lanes } = cost;
  const protectedBytes = encodeCbor(
    new Map<CborValue, CborValue>([
      [LABEL.alg, A256GCM],
      [LABEL.contentType, CONTENT_TYPE],
      [LABEL.kdf, [KDF_NAME, ARGON2_VERSION, memoryKib, passes, lanes, salt]],
      [LABEL.public, encodeCoseKey(derivePublicKey(algorithm, privateKey))],
    ]),
  );
  const key = deriveKey(passphrase, salt, cost);
  try {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additionalData(protectedBytes));
    const ciphertext = concatBytes(cipher.update(privateKey), cipher.final(), cipher.getAuthTag());
    const sum = sumOf({ protectedBytes, nonce, ciphertext });
    const unprotected = new Map<CborValue, CborValue>([
      [LABEL.iv, nonce],
      [LABEL.sum, sum],
    ]);
    return encodeCbor(new Tag(COSE_ENCRYPT0_TAG, [protectedBytes, unprotected, ciphertext]));
  } finally {
    key.fill(0);
  }
}

/**
 * The public half, which needs no passphrase. It is authenticated only by opening the file.
 *
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`: not such a file, or its parameters are out of bounds
 * @throws {OperatorError} `key-file-damaged`
 */
export const readPublicHalf = (bytes: Uint8Array, at: string, floor: KdfCost = KDF_FLOOR): Anchor =>
  decodeKeyFile(bytes, { at, floor }).anchor;

/**
 * The private key and what belongs to it. The caller wipes `privateKey`.
 *
 * @throws {Rejection | OperatorError} those of readPublicHalf
 * @throws {OperatorError} `wrong-passphrase`
 */
export function openKeyFile(
  bytes: Uint8Array,
  {
    passphrase,
    at,
    floor = KDF_FLOOR,
  }: { readonly passphrase: Uint8Array; readonly at: string; readonly floor?: KdfCost },
): { readonly anchor: Anchor; readonly privateKey: Uint8Array } {
  const sealed = decodeKeyFile(bytes, { at, floor });
  const privateKey = decrypt(sealed, passphrase, at);
  const derived = derivePublicKey(sealed.anchor.algorithm, privateKey);
  if (equalBytes(derived.publicKey, sealed.anchor.publicKey)) return { anchor: derived, privateKey };
  privateKey.fill(0);
  throw wrongShape(`${at}.public`, 'the public key of the private one', sealed.anchor.keyId);
}

function decrypt({ protectedBytes, cost, salt, nonce, ciphertext }: Sealed, passphrase: Uint8Array, at: string) {
  const key = deriveKey(passphrase, salt, cost);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(additionalData(protectedBytes))
      .setAuthTag(ciphertext.subarray(PRIVATE_KEY_BYTES));
    const plain = decipher.update(ciphertext.subarray(0, PRIVATE_KEY_BYTES));
    try {
      decipher.final();
    } catch (cause) {
      plain.fill(0);
      throw new OperatorError(
        'wrong-passphrase',
        `${at}: expected the passphrase that this key file was made with, got another. ` +
          'Look for capitals, keyboard layout and blanks at the end; the file itself is whole.',
        { cause },
      );
    }
    return viewOf(plain);
  } finally {
    key.fill(0);
  }
}

function decodeKeyFile(bytes: Uint8Array, { at, floor }: { readonly at: string; readonly floor: KdfCost }): Sealed {
  const item = decodeCbor(bytes, { at, maxBytes: MAX_KEY_FILE_BYTES });
  const fields = expectArray(expectTag(item, COSE_ENCRYPT0_TAG, at), at, 3);
  const protectedBytes = expectBytes(fields[0], `${at}.protected`);
  const unprotected = expectMap(fields[1], `${at}.unprotected`);
  const nonce = expectBytes(unprotected.get(LABEL.iv), `${at}.iv`, NONCE_BYTES);
  const sum = expectBytes(unprotected.get(LABEL.sum), `${at}.sum`, SUM_BYTES);
  if (unprotected.size !== 2) throw wrongShape(`${at}.unprotected`, 'a nonce and a sum', unprotected);
  const ciphertext = expectBytes(fields[2], `${at}.ciphertext`, PRIVATE_KEY_BYTES + TAG_BYTES);
  if (!equalBytes(sum, sumOf({ protectedBytes, nonce, ciphertext }))) {
    throw new OperatorError(
      'key-file-damaged',
      `${at}: expected a whole key file, got one that was changed since it was made. Take another copy of it.`,
    );
  }
  return { protectedBytes, nonce, ciphertext, ...decodeProtected(protectedBytes, { at, floor }) };
}

function decodeProtected(bytes: Uint8Array, { at, floor }: { readonly at: string; readonly floor: KdfCost }) {
  const header = expectMap(decodeCbor(bytes, { at: `${at}.protected`, maxBytes: MAX_KEY_FILE_BYTES }), at);
  if (header.get(LABEL.contentType) !== CONTENT_TYPE || header.get(LABEL.alg) !== A256GCM || header.size !== 4)
    throw wrongShape(`${at}.protected`, `A256GCM over ${CONTENT_TYPE}`, header);
  const kdf = expectArray(header.get(LABEL.kdf), `${at}.kdf`, 6);
  if (kdf[0] !== KDF_NAME || kdf[1] !== ARGON2_VERSION)
    throw wrongShape(`${at}.kdf`, `${KDF_NAME} of version ${ARGON2_VERSION}`, kdf);
  const cost = {
    memoryKib: expectUint(kdf[2], `${at}.kdf.memoryKib`),
    passes: expectUint(kdf[3], `${at}.kdf.passes`),
    lanes: expectUint(kdf[4], `${at}.kdf.lanes`),
  };
  for (const name of ['memoryKib', 'passes', 'lanes'] as const) {
    if (cost[name] < floor[name] || cost[name] > KDF_CEILING[name])
      throw wrongShape(`${at}.kdf.${name}`, `${floor[name]} to ${KDF_CEILING[name]}`, cost[name]);
  }
  const salt = expectBytes(kdf[5], `${at}.kdf.salt`, SALT_BYTES);
  const anchor = decodeCoseKey(expectBytes(header.get(LABEL.public), `${at}.public`), `${at}.public`);
  return { cost, salt, anchor };
}

/** 32 bytes. */
const deriveKey = (passphrase: Uint8Array, salt: Uint8Array, { memoryKib, passes, lanes }: KdfCost): Uint8Array =>
  viewOf(
    argon2Sync('argon2id', {
      message: passphrase,
      nonce: salt,
      memory: memoryKib,
      passes,
      parallelism: lanes,
      tagLength: 32,
    }),
  );

/** The same bytes, not a copy that nobody would wipe. */
const viewOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

/** Enc_structure: RFC 9052 §5.3. */
const additionalData = (protectedBytes: Uint8Array): Uint8Array =>
  encodeCbor(['Encrypt0', protectedBytes, new Uint8Array()]);

const sumOf = ({ protectedBytes, nonce, ciphertext }: Pick<Sealed, 'protectedBytes' | 'nonce' | 'ciphertext'>) =>
  new Uint8Array(createHash('sha256').update(protectedBytes).update(nonce).update(ciphertext).digest());
