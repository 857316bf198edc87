/**
 * Identifiers of what a manifest is for (draft-ietf-suit-manifest-37 §8.4.8.2): version 5 UUIDs (RFC 9562 §5.5). They say
 * which devices an image fits; they identify nobody, so SHA-1 does no harm here.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { concatBytes, fromHex, toHex, utf8 } from '../bytes.ts';

export const UUID_BYTES = 16;

/** RFC 9562 §6.6. */
const NAMESPACE_DNS = fromHex('6ba7b8109dad11d180b400c04fd430c8');

/** 16 bytes. */
export function uuid5(namespace: Uint8Array, name: Uint8Array): Uint8Array {
  if (namespace.length !== UUID_BYTES) {
    throw new RangeError(`UUID namespace: expected ${UUID_BYTES} bytes, got ${namespace.length}`);
  }
  const uuid = sha1(concatBytes(namespace, name)).slice(0, UUID_BYTES);
  uuid[6] = (uuid[6]! & 0x0f) | 0x50; // version 5
  uuid[8] = (uuid[8]! & 0x3f) | 0x80; // the variant of RFC 9562
  return uuid;
}

/** 16 bytes. `domain` as it is written, in UTF-8: `arm.com`. */
export const createVendorId = (domain: string): Uint8Array => uuid5(NAMESPACE_DNS, utf8(domain));

/** 16 bytes. `name`: what tells this class of device from the vendor's others, such as model and board revision. */
export const createClassId = (vendorId: Uint8Array, name: string): Uint8Array => uuid5(vendorId, utf8(name));

/** `fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe`. */
export const formatUuid = (uuid: Uint8Array): string =>
  toHex(uuid).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** @returns undefined where `text` is not 32 hexadecimal digits, with or without the four hyphens */
export function parseUuid(text: string): Uint8Array | undefined {
  const isUuid = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/i.test(text);
  return isUuid ? fromHex(text.replaceAll('-', '')) : undefined;
}
