/**
 * Bitmaps of blocks, as GetStream carries them: bit k of byte j stands for block `offset + 8j + k`, least significant
 * bit first. The example of the AWS IoT developer guide, blocks {0, 1, 4, 23}, is 13 00 80.
 */

/** @param blocks each at or after `offset` */
export function encodeBitmap(blocks: readonly number[], offset = 0): Uint8Array {
  const last = blocks.reduce((a, b) => Math.max(a, b), offset - 1);
  const bitmap = new Uint8Array(Math.ceil((last + 1 - offset) / 8));
  for (const block of blocks) {
    if (block < offset) throw new RangeError(`encodeBitmap: block ${block} is before offset ${offset}`);
    const bit = block - offset;
    bitmap[bit >> 3]! |= 1 << (bit & 7);
  }
  return bitmap;
}

/** The blocks whose bits are set, in order, at most `limit` of them. */
export function decodeBitmap(bitmap: Uint8Array, offset: number, limit = Number.POSITIVE_INFINITY): number[] {
  const blocks: number[] = [];
  for (let bit = 0; bit < bitmap.length * 8 && blocks.length < limit; bit++) {
    if ((bitmap[bit >> 3]! >> (bit & 7)) & 1) blocks.push(offset + bit);
  }
  return blocks;
}
