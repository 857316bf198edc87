/**
 * Signing with AWS KMS, real or embedded, through the AWS SDK only.
 *
 *   message ─┬─ up to 4096 bytes ──▶ Sign RAW ──────────────────────────┐
 *            └─ longer, or asked ──▶ hash here ──▶ EXTERNAL_MU | DIGEST ─┴─▶ COSE form ──▶ verified ──▶ caller
 *
 * Every signature is checked with the public key before it is used, by another implementation than the one that made
 * it: a fault in signing would otherwise be found by a fleet that refuses its update.
 */
import {
  GetPublicKeyCommand,
  type KMSClient,
  type MessageType,
  SignCommand,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { AlgorithmName, VerifySignature } from '../../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { externalMu } from '../../protocol/mldsa/mu.ts';
import { OperatorError, Unavailable } from '../errors.ts';
import { withKmsErrors } from './kms-errors.ts';
import type { Signer, SigningKey } from './signer.ts';

/** bytes. What Sign takes with MessageType RAW. */
const MAX_RAW_BYTES = 4096;

/**
 * `auto`: the message itself where KMS takes it, else its hash. `raw`: the message itself or an error.
 * `mu`: always the hash, so the message never leaves this machine.
 */
export type SigningMode = 'auto' | 'raw' | 'mu';

/** How KMS takes a message too long for RAW. */
interface Hashed {
  readonly messageType: MessageType;
  readonly hash: (message: Uint8Array, key: SigningKey) => Uint8Array;
}

interface KmsAlgorithm {
  readonly name: SigningAlgorithmSpec;
  readonly hashed?: Hashed;
  /** From KMS's form of a signature to COSE's. */
  readonly toCose?: (signature: Uint8Array) => Uint8Array;
}

const ML_DSA: KmsAlgorithm = {
  name: 'ML_DSA_SHAKE_256',
  hashed: { messageType: 'EXTERNAL_MU', hash: (message, { publicKey }) => externalMu(publicKey, message) },
};
const ECDSA_P256: KmsAlgorithm = {
  name: 'ECDSA_SHA_256',
  hashed: { messageType: 'DIGEST', hash: (message) => sha256(message) },
  toCose: (der) => p256.Signature.fromBytes(der, 'der').toBytes('compact'),
};

const KMS_ALGORITHMS: Readonly<Record<AlgorithmName, KmsAlgorithm>> = {
  'ML-DSA-44': ML_DSA,
  'ML-DSA-65': ML_DSA,
  'ML-DSA-87': ML_DSA,
  ES256: ECDSA_P256,
  ESP256: ECDSA_P256,
  // Pure EdDSA reads the message twice, so there is no hash to send in its place (RFC 8032 §4).
  Ed25519: { name: 'ED25519_SHA_512' },
};

export interface KmsSignerOptions {
  readonly client: KMSClient;
  /** Key id, key ARN, `alias/x` or alias ARN. */
  readonly keyId: string;
  readonly mode?: SigningMode;
  /** Checks each signature. Noble where none is given. */
  readonly verify?: VerifySignature;
}

/**
 * Asks KMS for the public key once. From then on the key's ARN is used, so a signature is of this key even where the
 * alias moves meanwhile.
 *
 * @throws {Unavailable}
 * @throws {OperatorError} `key-not-found`, `key-cannot-sign`, `access-denied` and the others of kms-errors.ts
 */
export async function createKmsSigner(options: KmsSignerOptions): Promise<Signer> {
  const { client, keyId, mode = 'auto', verify = verifyWithNoble } = options;
  const key = await fetchSigningKey(client, keyId);
  return {
    key,
    async sign(message) {
      const algorithm = KMS_ALGORITHMS[key.algorithm.name];
      const signature = await requestSignature(client, key, planRequest(message, { key, algorithm, mode }));
      const coseSignature = inCoseForm(signature, algorithm);
      if (verify(key, message, coseSignature)) return coseSignature;
      throw new OperatorError(
        'signature-invalid',
        `${key.keyArn}: KMS returned a signature that its own public key does not verify. It was not used. ` +
          'Sign again; if it happens again, stop using this key and this KMS.',
      );
    },
  };
}

async function fetchSigningKey(client: KMSClient, keyId: string): Promise<SigningKey> {
  const response = await withKmsErrors(() => client.send(new GetPublicKeyCommand({ KeyId: keyId })));
  const { KeyId: keyArn, PublicKey: spki, KeySpec } = response;
  if (keyArn === undefined || spki === undefined) throw incomplete('GetPublicKey');
  try {
    const { algorithm, publicKey } = decodeSpki(new Uint8Array(spki), 'kms.publicKey');
    return { algorithm, publicKey, keyArn };
  } catch (cause) {
    if (!(cause instanceof Rejection)) throw cause;
    const wanted = 'Sign with an ML_DSA_44/65/87, ECC_NIST_P256 or ECC_NIST_EDWARDS25519 key.';
    throw new OperatorError('key-cannot-sign', `${keyArn} is a ${KeySpec} key, which devices cannot check. ${wanted}`, {
      cause,
    });
  }
}

interface SignatureRequest {
  readonly algorithm: SigningAlgorithmSpec;
  readonly messageType: MessageType;
  readonly message: Uint8Array;
}

/** KMS takes no empty RAW message either; its hash it takes. */
function planRequest(
  message: Uint8Array,
  { key, algorithm, mode }: { key: SigningKey; algorithm: KmsAlgorithm; mode: SigningMode },
): SignatureRequest {
  const fitsRaw = message.length >= 1 && message.length <= MAX_RAW_BYTES;
  if (fitsRaw && mode !== 'mu') return { algorithm: algorithm.name, messageType: 'RAW', message };
  if (algorithm.hashed && mode !== 'raw') {
    const { messageType, hash } = algorithm.hashed;
    return { algorithm: algorithm.name, messageType, message: hash(message, key) };
  }
  const name = key.algorithm.name;
  if (fitsRaw)
    throw new OperatorError('mode-not-possible', `${name} has no hash to sign instead. Use mode raw or auto.`);
  throw new OperatorError(
    'message-size',
    `${name} in ${mode} mode: expected 1 to ${MAX_RAW_BYTES} bytes, got ${message.length}. ` +
      (algorithm.hashed ? 'Use mode auto or mu.' : 'Use an ML-DSA key.'),
  );
}

async function requestSignature(client: KMSClient, key: SigningKey, request: SignatureRequest): Promise<Uint8Array> {
  const { algorithm, messageType, message } = request;
  const command = new SignCommand({
    KeyId: key.keyArn,
    SigningAlgorithm: algorithm,
    MessageType: messageType,
    Message: message,
  });
  const { Signature: signature } = await withKmsErrors(() => client.send(command));
  if (signature === undefined) throw incomplete('Sign');
  return new Uint8Array(signature);
}

/** No bytes where KMS sent what is not even DER: verification refuses that like any other wrong signature. */
function inCoseForm(signature: Uint8Array, { toCose }: KmsAlgorithm): Uint8Array {
  if (!toCose) return signature;
  try {
    return toCose(signature);
  } catch {
    return new Uint8Array();
  }
}

const incomplete = (operation: string): Unavailable =>
  new Unavailable(`KMS answered ${operation} without what it must hold. Is the endpoint a KMS?`);
