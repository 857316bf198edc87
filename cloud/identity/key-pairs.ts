/** Key pairs made for devices that cannot make their own: the private half leaves with the answer and is kept nowhere. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';

export interface NewKeyPair {
  readonly publicKey: PublicKey;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

/** P-256: what AWS IoT Core and the TLS of its device SDKs take. */
export async function createDeviceKeyPair(): Promise<NewKeyPair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return {
    publicKey: decodeSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    privateKeyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}
