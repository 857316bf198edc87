/**
 * What KMS is asked for one message, to sign it or to verify it:
 *
 *   message ─┬─ up to 4096 bytes ──▶ RAW: the message itself
 *            └─ longer, or asked ──▶ hash here ──▶ EXTERNAL_MU | DIGEST
 */
import type { MessageType, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { sha256 } from '@noble/hashes/sha2.js';
import type { AlgorithmName, PublicKey } from '../../protocol/cose/algorithms.ts';
import { OperatorError } from '../errors.ts';
import { nativeMu } from './native-mu.ts';

/** bytes. What Sign and Verify take with MessageType RAW. */
export const MAX_RAW_BYTES = 4096;

export const SIGNING_MODES = ['auto', 'raw', 'mu'] as const;

/**
 * `auto`: the message itself where KMS takes it, else its hash. `raw`: the message itself or an error.
 * `mu`: always the hash, so the message never leaves this machine.
 */
export type SigningMode = (typeof SIGNING_MODES)[number];

/** How KMS takes a message too long for RAW. */
interface Hashed {
  readonly messageType: MessageType;
  readonly hash: (message: Uint8Array, key: PublicKey) => Uint8Array;
}

interface KmsAlgorithm {
  readonly name: SigningAlgorithmSpec;
  readonly hashed?: Hashed;
}

const ML_DSA: KmsAlgorithm = {
  name: 'ML_DSA_SHAKE_256',
  hashed: { messageType: 'EXTERNAL_MU', hash: (message, { publicKey }) => nativeMu(publicKey, message) },
};
const ECDSA_P256: KmsAlgorithm = {
  name: 'ECDSA_SHA_256',
  hashed: { messageType: 'DIGEST', hash: (message) => sha256(message) },
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

/** Of the input of Sign and Verify, what depends on the message. */
export interface KmsRequest {
  readonly SigningAlgorithm: SigningAlgorithmSpec;
  readonly MessageType: MessageType;
  readonly Message: Uint8Array;
}

/**
 * KMS takes no empty RAW message either; its hash it takes.
 *
 * @throws {OperatorError} `message-size`, `mode-not-possible`
 */
export function planRequest(message: Uint8Array, key: PublicKey, mode: SigningMode): KmsRequest {
  const { name: SigningAlgorithm, hashed } = KMS_ALGORITHMS[key.algorithm.name];
  const fitsRaw = message.length >= 1 && message.length <= MAX_RAW_BYTES;
  if (fitsRaw && mode !== 'mu') return { SigningAlgorithm, MessageType: 'RAW', Message: message };
  if (hashed && mode !== 'raw')
    return { SigningAlgorithm, MessageType: hashed.messageType, Message: hashed.hash(message, key) };
  const { name } = key.algorithm;
  if (fitsRaw)
    throw new OperatorError('mode-not-possible', `${name} has no hash to sign instead. Use mode raw or auto.`);
  throw new OperatorError(
    'message-size',
    `${name} in ${mode} mode: expected 1 to ${MAX_RAW_BYTES} bytes, got ${message.length}. ` +
      (hashed ? 'Use mode auto or mu.' : 'Use an ML-DSA key.'),
  );
}
