/**
 * One process a device: two would write the same flash, each from its own memory of it.
 *
 * The lock is one of the operating system's, on a file that SQLite opens, so it goes when its process goes, however that
 * ends. A file with a process id in it would outlive a kill -9, and be believed when another process has that id.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Unavailable } from '../ports.ts';

/**
 * @param folder made where it does not exist
 * @throws {Unavailable} where another process has it
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true });
  const file = new DatabaseSync(join(folder, 'lock.sqlite'), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    file.close();
    if (!isLocked(cause)) throw cause;
    throw new Unavailable(`${folder}: another process runs this device; wait for its end`, { cause });
  }
  return { [Symbol.dispose]: () => file.close() };
}

/** SQLITE_BUSY, https://sqlite.org/rescode.html#busy */
const isLocked = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
