/**
 * Envelopes and images, each in a file named after its SHA-256: written whole or not at all, never changed, and checked
 * against its name before the first byte is served.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError, Unavailable } from '../errors.ts';
import { syncFolder } from '../sync-folder.ts';

const DIGEST = /^[0-9a-f]{64}$/;

export interface Artifact {
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly bytes: number;
}

export class Artifacts {
  readonly #folder: string;
  #writes = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder where there is none. */
  static async open(folder: string): Promise<Artifacts> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Artifacts(folder);
  }

  /** On disk when it settles. Bytes that are here already stay as they are. */
  async put(bytes: Uint8Array): Promise<Artifact> {
    const artifact = { digest: sha256(bytes), bytes: bytes.length };
    const path = this.#path(artifact.digest);
    if (!(await isWhole(path, artifact))) await writeWhole(path, this.#unfinished(path), bytes);
    return artifact;
  }

  /**
   * All of it, checked: for envelopes, and for what fits into memory.
   * @throws {Unavailable} where it is missing
   * @throws {OperatorError} `artifact-damaged`
   */
  async read(digest: string): Promise<Uint8Array> {
    const bytes = await readFile(this.#path(digest)).catch((cause: unknown) => {
      throw new Unavailable(`the artifact ${digest} is missing from ${this.#folder}`, { cause });
    });
    if (sha256(bytes) !== digest) throw damaged(digest);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * For reading at offsets, checked once, here, without holding it in memory.
   * @throws {Unavailable} where it is missing
   * @throws {OperatorError} `artifact-damaged`
   */
  async openFile(digest: string): Promise<FileHandle> {
    const path = this.#path(digest);
    const file = await open(path, 'r').catch((cause: unknown) => {
      throw new Unavailable(`the artifact ${digest} is missing from ${this.#folder}`, { cause });
    });
    if ((await hashOf(path)) === digest) return file;
    await file.close();
    throw damaged(digest);
  }

  /** A name of its own for each write: several may be writing the same artifact at once, in several processes. */
  #unfinished(path: string): string {
    this.#writes += 1;
    return `${path}.${process.pid}-${this.#writes}.tmp`;
  }

  #path(digest: string): string {
    if (!DIGEST.test(digest)) throw new TypeError('artifacts: expected SHA-256 in lower-case hex');
    return join(this.#folder, digest);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const damaged = (digest: string): OperatorError =>
  new OperatorError('artifact-damaged', `the artifact ${digest} is not what its name says: restore it from a backup`);

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function isWhole(path: string, { digest, bytes }: Artifact): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.size === bytes && (await hashOf(path)) === digest;
}

async function writeWhole(path: string, unfinished: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(unfinished, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(join(path, '..'));
}
