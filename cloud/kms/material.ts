/** What is inside a key: a pair, or the bytes of a symmetric or HMAC key. Nothing, while its import is awaited. */
import { createHmac, generateKey, hash, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { toHex } from '../../protocol/bytes.ts';
import { KeyPair, type SavedPair } from './key-pair.ts';
import type { KeySpec, SecretKind } from './key-specs.ts';

export class SecretKey {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static async generate({ secretBytes }: SecretKind): Promise<SecretKey> {
    const key: KeyObject = await promisify(generateKey)('hmac', { length: secretBytes * 8 });
    return new SecretKey(new Uint8Array(key.export()));
  }

  /** @throws {TypeError} for another length than that of the spec */
  static restore({ secretBytes }: SecretKind, bytes: Uint8Array): SecretKey {
    if (bytes.length !== secretBytes) throw new TypeError(`expected ${secretBytes} bytes, got ${bytes.length}`);
    return new SecretKey(bytes);
  }
}

export type Material = KeyPair | SecretKey;

export type SavedMaterial = SavedPair | { readonly form: 'secret'; readonly bytes: Uint8Array };

export const generateMaterial = ({ kind }: KeySpec): Promise<Material> =>
  kind.type === 'secret' ? SecretKey.generate(kind) : KeyPair.generate(kind);

export const saveMaterial = (material: Material): SavedMaterial =>
  material instanceof SecretKey ? { form: 'secret', bytes: material.bytes } : material.save();

/** @throws whatever says that the bytes are no key of this spec */
export function restoreMaterial({ name, kind }: KeySpec, saved: SavedMaterial): Material {
  if (kind.type === 'secret' && saved.form === 'secret') return SecretKey.restore(kind, saved.bytes);
  if (kind.type !== 'secret' && saved.form !== 'secret') return KeyPair.restore(kind, saved);
  throw new TypeError(`a ${name} key is not kept as ${saved.form}`);
}

/** 64 hex digits that tell two materials of a key apart and give nothing of them away. AWS's own formula is not public. */
export function materialIdOf(keyId: string, material: Material): string {
  if (material instanceof SecretKey) return createHmac('sha256', material.bytes).update(keyId).digest('hex');
  return hash('sha256', `${keyId} ${toHex(material.publicKeyInfo)}`);
}
