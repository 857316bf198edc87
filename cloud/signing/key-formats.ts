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
  switch (KEY_FORMATS.find((it) => it === format)) {
    case 'der':
      return der;
    case 'pem':
      return String(spki(der).export({ type: 'spki', format: 'pem' }));
    case 'jwk':
      return `${JSON.stringify(spki(der).export({ format: 'jwk' }))}\n`;
    case 'cose':
      return encodeCoseKey(decodeSpki(der, 'key'));
    case 'raw':
      return decodeSpki(der, 'key').publicKey;
    case undefined:
      throw new OperatorError('unknown-format', `expected one of ${KEY_FORMATS.join(', ')}, got ${format}`);
  }
}

const spki = (der: Uint8Array) => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
