/** Byte strings are `Uint8Array` here; these are the few things that the language lacks for them. */

const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** bytes. Length of a text in UTF-8: without encoding it where it is ASCII, as URIs and labels are. */
export function utf8Bytes(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return utf8(text).length;
  }
  return text.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // No early exit: check-content compares in constant time (draft-ietf-suit-manifest-37 §8.4.9).
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Bytewise lexicographic order, a prefix before what it begins: RFC 8949 §4.2.1. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export const toHex = (bytes: Uint8Array): string => bytes.toHex();

/** @throws {SyntaxError} where `hex` is not pairs of hexadecimal digits */
export const fromHex = (hex: string): Uint8Array => Uint8Array.fromHex(hex);

/** Standard alphabet, padded: what AWS JSON calls a blob. */
export const toBase64 = (bytes: Uint8Array): string => bytes.toBase64();

/** @throws {SyntaxError} where `text` is not base64 */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.fromBase64(text);

export const toBase64Url = (bytes: Uint8Array): string => bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
