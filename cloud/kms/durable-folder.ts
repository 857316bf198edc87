/**
 * Records as JSON files in one folder, one file each, the whole of them also in memory.
 *
 *   change ── one at a time per record ──▶ write x.json.tmp ─▶ fsync ─▶ rename ─▶ fsync folder ──▶ memory ──▶ caller
 *
 * So what a caller was told is on disk, through kill -9 and power loss, and a file is never half written. A file that
 * cannot be read is named and left alone; the others serve. One process per folder.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../sync-folder.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SUFFIX = '.json';
const UNFINISHED = '.tmp';
/** bytes. A record is a few KB; anything larger in the folder is not ours. */
const MAX_FILE_BYTES = 1_048_576;

export interface Codec<T> {
  /** File name without suffix. */
  fileName(record: T): string;
  encode(record: T): unknown;
  /** @throws Error whose message says what is wrong with the file */
  decode(json: unknown): T;
}

/** A file that is not served, and why. */
export interface Damage {
  readonly file: string;
  readonly reason: string;
}

export class DurableFolder<T> {
  readonly #folder: string;
  readonly #codec: Codec<T>;
  readonly #records = new Map<string, T>();
  readonly #damage = new Map<string, Damage>();
  /** The last change under way per file name, so that changes of one record queue up. */
  readonly #turns = new Map<string, Promise<void>>();

  private constructor(folder: string, codec: Codec<T>) {
    this.#folder = folder;
    this.#codec = codec;
  }

  /** Makes the folder where there is none. */
  static async open<T>(folder: string, codec: Codec<T>): Promise<DurableFolder<T>> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await chmod(folder, FOLDER_MODE);
    const opened = new DurableFolder(folder, codec);
    for (const file of await readdir(folder)) await opened.#load(file);
    return opened;
  }

  get(fileName: string): T | undefined {
    return this.#records.get(fileName);
  }

  values(): readonly T[] {
    return [...this.#records.values()];
  }

  damage(): readonly Damage[] {
    return [...this.#damage.values()];
  }

  damageOf(fileName: string): Damage | undefined {
    return this.#damage.get(fileName + SUFFIX);
  }

  /**
   * Replace a record, or remove it where `decide` returns undefined. What `decide` sees is settled: changes of one
   * record wait for each other. What it throws is passed on, and nothing is changed.
   */
  async change<R extends T | undefined>(fileName: string, decide: (current: T | undefined) => R): Promise<R> {
    const before = this.#turns.get(fileName) ?? Promise.resolve();
    const change = before.then(() => this.#apply(fileName, decide));
    const turn = change.then(
      () => {},
      () => {},
    );
    this.#turns.set(fileName, turn);
    try {
      return await change;
    } finally {
      if (this.#turns.get(fileName) === turn) this.#turns.delete(fileName);
    }
  }

  async #apply<R extends T | undefined>(fileName: string, decide: (current: T | undefined) => R): Promise<R> {
    const next = decide(this.#records.get(fileName));
    const path = join(this.#folder, fileName + SUFFIX);
    if (next === undefined) await rm(path, { force: true });
    else await this.#write(path, next);
    await syncFolder(this.#folder);
    if (next === undefined) this.#records.delete(fileName);
    else this.#records.set(fileName, next);
    return next;
  }

  async #write(path: string, record: T): Promise<void> {
    const unfinished = path + UNFINISHED;
    const file = await open(unfinished, 'w', FILE_MODE);
    try {
      await file.writeFile(`${JSON.stringify(this.#codec.encode(record), null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  }

  async #load(file: string): Promise<void> {
    const path = join(this.#folder, file);
    if (file.endsWith(UNFINISHED)) return rm(path, { force: true });
    try {
      const record = this.#codec.decode(await readJson(path));
      if (this.#codec.fileName(record) + SUFFIX !== file) throw new Error('the file name is not that of its record');
      this.#records.set(this.#codec.fileName(record), record);
    } catch (error) {
      // Whatever is wrong with one file (cut short, foreign, unreadable) must not stop the others.
      this.#damage.set(file, { file: path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
}

async function readJson(path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw new Error(`expected at most ${MAX_FILE_BYTES} bytes, got ${size}`);
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own sentence quotes the text around the fault, and that may be a private key.
    throw new Error(`not one whole JSON text (${size} bytes): cut short, or not a file of the embedded KMS`);
  }
}
