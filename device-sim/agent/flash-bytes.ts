/** Bytes into flash as flash takes them: whole words, into erased sectors, a piece at a time. */
import type { FlashArea, Ram } from '../ports.ts';

const ERASED = 0xff;

/** bytes. What is moved at a time. */
const CHUNK_BYTES = 512;

/** As long as flash writes, the rest of the last word erased. */
export function padded(bytes: Uint8Array, { writeBytes }: Pick<FlashArea, 'writeBytes'>): Uint8Array {
  if (bytes.length % writeBytes === 0) return bytes;
  const whole = new Uint8Array(Math.ceil(bytes.length / writeBytes) * writeBytes).fill(ERASED);
  whole.set(bytes);
  return whole;
}

/** At most so many of a buffer: itself where that is all of it, as it is for nearly every piece of a file. */
export const firstOf = (buffer: Uint8Array, bytes: number): Uint8Array =>
  bytes >= buffer.length ? buffer : buffer.subarray(0, bytes);

export interface Content {
  readonly bytes: number;
  readonly ram: Ram;
  /** Fills `target` with what stands at `offset`. */
  readonly read: (offset: number, target: Uint8Array) => void;
}

/** The area anew, from its start: what it held is gone, also in the rest of its last sector. */
export function fillArea(area: FlashArea, { bytes, ram, read }: Content): void {
  for (let sector = 0; sector * area.sectorBytes < bytes; sector++) area.eraseSector(sector);
  using chunk = ram.allocate('copy', Math.min(CHUNK_BYTES, bytes));
  for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) {
    const piece = firstOf(chunk.bytes, bytes - offset);
    read(offset, piece);
    area.write(offset, padded(piece, area));
  }
}
