/** A public key in the forms that others read. */
import { createPublicKey } from 'node:crypto';
import { encodeCoseKey } from '../../protocol/cose/key.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { OperatorError } from '../errors.ts';

export const KEY_FORMATS = ['pem', 'der', 'cose', 'jwk', 'raw'] as const;

export type KeyFormat = (typeof KEY_FORMATS)[number];

/**
 * @param der SPKI, as KMS gives it
 * @returns text for `pem` and `jwk`, bytes for the others
 * @throws {OperatorError} `unknown-format`
 * @throws {Rejection} `unsupported-algorithm`: `cose` and `raw` are for the keys that a device can check
 */
export function formatPublicKey(der: Uint8Array, format: string): string | Uint8Array {
  const known = KEY_FORMATS.find((it) => it === format);
  if (known) return FORMATTERS[known](der);
  throw new OperatorError('unknown-format', `expected one of ${KEY_FORMATS.join(', ')}, got ${format}`);
}

const FORMATTERS: Readonly<Record<KeyFormat, (der: Uint8Array) => string | Uint8Array>> = {
  der: (der) => der,
  pem: (der) => spki(der).export({ type: 'spki', format: 'pem' }),
  jwk: (der) => `${JSON.stringify(spki(der).export({ format: 'jwk' }))}\n`,
  cose: (der) => encodeCoseKey(decodeSpki(der, 'key')),
  raw: (der) => decodeSpki(der, 'key').publicKey,
};

const spki = (der: Uint8Array) => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
