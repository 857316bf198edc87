/** Files that a command line names: anchors, identifiers, algorithm lists. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../command-line.ts';
import type { AlgorithmName, Anchor } from '../../protocol/cose/algorithms.ts';
import { decodePublicKey, expectAlgorithmName } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';

export const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(file));

/** Public keys in any of the forms that decodePublicKey reads. */
export const readAnchors = (files: readonly string[]): Anchor[] =>
  files.map((file) => decodePublicKey(readBytes(file), file));

/** `--require ES256,ML-DSA-65` */
export const parseAlgorithms = (list: string | undefined, option = '--require'): AlgorithmName[] =>
  (list ?? '')
    .split(',')
    .filter((name) => name !== '')
    .map((name) => asUsage(() => expectAlgorithmName(name, option)));

/** 16 bytes from a UUID with or without dashes. */
export function parseUuid(text: string, option: string): Uint8Array {
  const hex = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex))
    throw new UsageError(`${option}: expected a UUID, got ${JSON.stringify(text.slice(0, 60))}`);
  return Uint8Array.fromHex(hex);
}

export function parseCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) {
    throw new UsageError(`${option}: expected a whole number, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  return count;
}

/** `URI=FILE`: cut at the last `=`, since a URI may hold some. */
export function parsePayload(text: string): [uri: string, bytes: Uint8Array] {
  const cut = text.lastIndexOf('=');
  if (cut < 1) throw new UsageError(`--payload: expected URI=FILE, got ${JSON.stringify(text.slice(0, 100))}`);
  return [text.slice(0, cut), readBytes(text.slice(cut + 1))];
}

/** What somebody's bytes are refused for, as a mistake in the command that named them. */
export function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Rejection) throw new UsageError(`${error.at}: ${error.detail}`, { cause: error });
    throw error;
  }
}
