/**
 * Artifacts at offsets, for streams: a fixed amount of memory whatever the images' sizes, and one read from disk for
 * all the devices that fetch the same stretch of the same image at about the same time.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Artifacts } from './artifacts.ts';

/** bytes. What one read from disk brings: half a GetStream request of the largest size. */
export const SEGMENT_BYTES = 65_536;
/** 16 MB of segments. */
const SEGMENTS = 256;
const OPEN_FILES = 64;

export class ArtifactReader {
  readonly #artifacts: Artifacts;
  readonly #files = new Recent<FileHandle>(OPEN_FILES, (file) => void file.then(close, () => {}));
  readonly #segments = new Recent<Uint8Array>(SEGMENTS);

  constructor(artifacts: Artifacts) {
    this.#artifacts = artifacts;
  }

  /**
   * `bytes` bytes from `offset` on, fewer at the end of the file. A view that others read too: nobody writes to it.
   * @throws {Unavailable} where the artifact is missing
   * @throws {OperatorError} `artifact-damaged`
   */
  async read(digest: string, offset: number, bytes: number): Promise<Uint8Array> {
    const first = Math.floor(offset / SEGMENT_BYTES);
    const last = Math.floor((offset + bytes - 1) / SEGMENT_BYTES);
    const parts: Uint8Array[] = [];
    for (let index = first; index <= last; index++) {
      const start = index * SEGMENT_BYTES;
      const segment = await this.#segment(digest, index);
      parts.push(segment.subarray(Math.max(offset - start, 0), offset + bytes - start));
    }
    const [only, ...others] = parts;
    return only !== undefined && others.length === 0 ? only : Buffer.concat(parts);
  }

  async close(): Promise<void> {
    void this.#segments.clear();
    await Promise.all(this.#files.clear().map((file) => file.then(close, () => {})));
  }

  #segment(digest: string, index: number): Promise<Uint8Array> {
    return this.#segments.get(`${digest}/${index}`, async () => {
      const file = await this.#files.get(digest, () => this.#artifacts.openFile(digest));
      const segment = Buffer.allocUnsafeSlow(SEGMENT_BYTES);
      const { bytesRead } = await file.read(segment, 0, SEGMENT_BYTES, index * SEGMENT_BYTES);
      return segment.subarray(0, bytesRead);
    });
  }
}

const close = (file: FileHandle): Promise<void> => file.close();

/** The last few values asked for, each made once. One that fails is forgotten, so that the next call tries again. */
class Recent<T> {
  readonly #values = new Map<string, Promise<T>>();
  readonly #limit: number;
  readonly #evicted: (value: Promise<T>) => void;

  constructor(limit: number, evicted: (value: Promise<T>) => void = () => {}) {
    this.#limit = limit;
    this.#evicted = evicted;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const value = this.#values.get(key) ?? this.#made(key, make);
    // The most recently used stand last.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  clear(): readonly Promise<T>[] {
    const values = [...this.#values.values()];
    this.#values.clear();
    return values;
  }

  #made(key: string, make: () => Promise<T>): Promise<T> {
    const [oldest] = this.#values;
    if (oldest !== undefined && this.#values.size >= this.#limit) {
      this.#values.delete(oldest[0]);
      this.#evicted(oldest[1]);
    }
    const value = make();
    value.catch(() => this.#values.delete(key));
    return value;
  }
}
