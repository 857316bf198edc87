/**
 * One server a folder: two would each answer from their own memory, and overwrite each other's files.
 *
 * The lock is one of the operating system's, on a file that SQLite opens, so it goes when its process goes, however that
 * ends. A file with a process id in it would outlive a kill -9, and be believed when another process has that id.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../errors.ts';

export interface FolderLock {
  release(): void;
}

/** @throws {OperatorError} `folder-in-use` */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = new DatabaseSync(join(folder, 'lock.sqlite'), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    file.close();
    if (!isLocked(cause)) throw cause;
    const next = 'Stop it, or give this one another folder.';
    throw new OperatorError('folder-in-use', `another embedded KMS has the keys in ${folder}. ${next}`, { cause });
  }
  return { release: () => file.close() };
}

/** SQLITE_BUSY, https://sqlite.org/rescode.html#busy */
const isLocked = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
