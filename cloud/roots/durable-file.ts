/** Files that are there whole or not at all, also after the stick was pulled out: written beside, flushed, then named. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

interface FileOptions {
  /** Permissions, where the file system has any. */
  readonly mode?: number;
}

interface NewFileOptions extends FileOptions {
  /** For tests: a file system without links. */
  readonly link?: typeof linkSync;
}

/** @throws what node:fs throws; EEXIST where there is a file of this name */
export function createFile(path: string, data: Uint8Array | string, options: NewFileOptions = {}): void {
  const { link = linkSync } = options;
  const unnamed = writeBeside(path, data, options);
  try {
    link(unnamed, path);
  } catch (error) {
    // The FAT of most sticks has no links; nobody else writes to a stick that this machine holds.
    if (!isErrorOf(error, [...NO_LINKS, 'EEXIST'])) throw error;
    if (existsSync(path)) throw existsError(path);
    renameSync(unnamed, path);
  } finally {
    rmSync(unnamed, { force: true });
  }
  flushFolder(dirname(path));
}

/** @throws what node:fs throws */
export function replaceFile(path: string, data: Uint8Array | string, options: FileOptions = {}): void {
  renameSync(writeBeside(path, data, options), path);
  flushFolder(dirname(path));
}

function writeBeside(path: string, data: Uint8Array | string, { mode = 0o644 }: FileOptions): string {
  const unnamed = `${path}.${process.pid}.tmp`;
  writeFileSync(unnamed, data, { mode, flush: true });
  return unnamed;
}

const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

const isErrorOf = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);

/** As node:fs would say it of the name that was asked for, and not of the one beside it. */
const existsError = (path: string): Error =>
  Object.assign(new Error(`EEXIST: file already exists, ${path}`), { code: 'EEXIST', path });

/** The name, too, is on the stick then. Not every file system lets a folder be opened for this. */
function flushFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, 'r');
    fsyncSync(descriptor);
  } catch (error) {
    if (!isErrorOf(error, ['EPERM', 'EISDIR', 'EINVAL', 'EACCES'])) throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
