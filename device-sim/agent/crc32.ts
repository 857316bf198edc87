/**
 * CRC-32 (ISO 3309, as in zlib): whether what is in flash is what was once written there. It is no protection against
 * anyone; signatures and digests are.
 */
const POLYNOMIAL = 0xedb88320;

/** Of a byte, and of a byte with one to three zeros after it: four bytes are taken at once. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});
const withZero = (table: Uint32Array): Uint32Array => table.map((crc) => (crc >>> 8) ^ TABLE[crc & 0xff]!);
const TABLE_1 = withZero(TABLE);
const TABLE_2 = withZero(TABLE_1);
const TABLE_3 = withZero(TABLE_2);

/** @param crc of the bytes before these */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  let at = 0;
  for (const fours = bytes.length - 3; at < fours; at += 4) {
    const word = state ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    state =
      TABLE_3[word & 0xff]! ^ TABLE_2[(word >>> 8) & 0xff]! ^ TABLE_1[(word >>> 16) & 0xff]! ^ TABLE[word >>> 24]!;
  }
  for (; at < bytes.length; at++) state = (state >>> 8) ^ TABLE[(state ^ bytes[at]!) & 0xff]!;
  return ~state >>> 0;
}
