/**
 * The digest of a file while its blocks arrive: those that come in order are hashed from the message they came in, and
 * only what came out of order is read back from flash.
 */
import { type CreateDigest, createSuitDigest, type DigestStream, type SuitDigest } from '../../protocol/suit/digest.ts';
import type { FlashArea, Ram } from '../ports.ts';
import { firstOf } from './flash-bytes.ts';

/** bytes. What is read from flash at a time. */
const CHUNK_BYTES = 512;

export interface HashedFile {
  readonly area: FlashArea;
  readonly ram: Ram;
  readonly fileBytes: number;
  readonly algorithmId: number;
  readonly createDigest?: CreateDigest | undefined;
}

export class RunningDigest {
  readonly #file: HashedFile;
  #hash: DigestStream;
  #hashedBytes = 0;

  constructor(file: HashedFile) {
    this.#file = file;
    this.#hash = this.#begun();
  }

  /** A piece that was just written at `offset`. */
  offer(offset: number, piece: Uint8Array): void {
    if (offset !== this.#hashedBytes) return;
    this.#hash.update(piece);
    this.#hashedBytes += piece.length;
  }

  /** What was hashed may have changed in flash: all of it is read again. */
  restart(): void {
    this.#hash = this.#begun();
    this.#hashedBytes = 0;
  }

  #begun(): DigestStream {
    const { algorithmId, createDigest = createSuitDigest } = this.#file;
    return createDigest(algorithmId);
  }

  /** Once, when the whole file is in flash. */
  digest(): SuitDigest {
    const { area, ram, fileBytes } = this.#file;
    using chunk = ram.allocate('hash', CHUNK_BYTES);
    while (this.#hashedBytes < fileBytes) {
      const piece = firstOf(chunk.bytes, fileBytes - this.#hashedBytes);
      area.read(this.#hashedBytes, piece);
      this.#hash.update(piece);
      this.#hashedBytes += piece.length;
    }
    return this.#hash.digest();
  }
}

/** Of what is in flash now. */
export const digestInFlash = (file: HashedFile): SuitDigest => new RunningDigest(file).digest();
