/**
 * Test data made by others. It lives beside the repository and is never committed: `../shared/vectors`, or where
 * BRISTLECONE_VECTORS says. Whoever has not got it may skip these tests; CI may not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'vitest';

const repositoryRoot = resolve(import.meta.dirname, '../..');

export const vectorsFolder = (): string =>
  process.env['BRISTLECONE_VECTORS'] ?? resolve(repositoryRoot, '../shared/vectors');

/** A `describe` over vectors: `define` may read them. Without them it is one skipped line, or with CI=true a failure. */
export function describeWithVectors(name: string, define: () => void): void {
  const suite = describe;
  if (existsSync(vectorsFolder())) return void suite(name, define);
  const missing = `no vectors at ${vectorsFolder()}: set BRISTLECONE_VECTORS`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  // oxlint-disable-next-line vitest/no-disabled-tests -- the one place where a test may be skipped
  it.skip(`${name} (${missing})`);
}

/** @param path from the vectors' root: `cbor/appendix_a.json` */
export const readVector = (path: string): Uint8Array => new Uint8Array(readFileSync(join(vectorsFolder(), path)));

/** JSON, gunzipped where the name ends in .gz. The caller declares what it holds, and asserts how many. */
export function readJsonVector(path: string) {
  const bytes = readVector(path);
  return JSON.parse(new TextDecoder().decode(path.endsWith('.gz') ? gunzipSync(bytes) : bytes));
}

/** Paths of the files in `folder` and below whose names end in `extension`, in a stable order. */
export function listVectors(folder: string, extension: string): readonly string[] {
  return readdirSync(join(vectorsFolder(), folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, name))
    .toSorted();
}
