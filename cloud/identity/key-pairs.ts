/** Key pairs that are made here: of the server, of claims, and of devices that cannot make their own. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';

const generate = promisify(generateKeyPair);

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What keys of certificates are. AWS IoT Core, and the TLS of its device SDKs, take no others than those of P-256. */
// oxfmt-ignore
const KEY_ALGORITHMS: Readonly<Record<'P-256' | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87', { readonly kmsSpec: string; readonly generate: () => Promise<Pair> }>> = {
  'P-256':     { kmsSpec: 'ECC_NIST_P256', generate: () => generate('ec', { namedCurve: 'P-256' }) },
  'ML-DSA-44': { kmsSpec: 'ML_DSA_44',     generate: () => generate('ml-dsa-44') },
  'ML-DSA-65': { kmsSpec: 'ML_DSA_65',     generate: () => generate('ml-dsa-65') },
  'ML-DSA-87': { kmsSpec: 'ML_DSA_87',     generate: () => generate('ml-dsa-87') },
};

export type KeyAlgorithm = keyof typeof KEY_ALGORITHMS;

export const KEY_ALGORITHM_NAMES: readonly string[] = Object.keys(KEY_ALGORITHMS);

export const isKeyAlgorithm = (name: string): name is KeyAlgorithm => Object.hasOwn(KEY_ALGORITHMS, name);

export const kmsSpecOf = (algorithm: KeyAlgorithm): string => KEY_ALGORITHMS[algorithm].kmsSpec;

export interface NewKeyPair {
  readonly publicKey: PublicKey;
  /** PKCS #8. Whoever gets it is the only one who has it. */
  readonly privateKeyPem: string;
}

export async function createKeyPair(algorithm: KeyAlgorithm): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await KEY_ALGORITHMS[algorithm].generate();
  return {
    publicKey: decodeSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}
