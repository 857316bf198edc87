/** Artifacts at offsets, for streams: whatever their size, no more of them in memory than is asked for. */
import type { FileHandle } from 'node:fs/promises';
import type { Artifacts } from './artifacts.ts';
import { Recent } from './recent.ts';

const OPEN_FILES = 64;

export class ArtifactReader {
  readonly #artifacts: Artifacts;
  readonly #files = new Recent<FileHandle>(OPEN_FILES, (file) => void file.then(close, () => {}));

  constructor(artifacts: Artifacts) {
    this.#artifacts = artifacts;
  }

  /**
   * `bytes` bytes from `offset` on, fewer at the end of the file.
   * @throws {Unavailable} where the artifact is missing
   * @throws {OperatorError} `artifact-damaged`
   */
  async read(digest: string, offset: number, bytes: number): Promise<Uint8Array> {
    const file = await this.#files.get(digest, () => this.#artifacts.openFile(digest));
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.clear().map((file) => file.then(close, () => {})));
  }
}

const close = (file: FileHandle): Promise<void> => file.close();
