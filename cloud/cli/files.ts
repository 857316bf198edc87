/** Files as commands take them: `-` is standard input, and nothing is read that is larger than its reader allows. */
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { toBase64 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';

const STANDARD_INPUT = 0;

/** @throws {Rejection} `too-large`; and what node:fs throws, under a stable code (command-line.ts) */
export function readInput(file: string, maxBytes: number): Uint8Array {
  const descriptor = file === '-' ? STANDARD_INPUT : openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > maxBytes) throw tooLarge(file, size, maxBytes);
    const bytes = new Uint8Array(readFileSync(descriptor));
    // Of a pipe no size is known before.
    if (bytes.length > maxBytes) throw tooLarge(file, bytes.length, maxBytes);
    return bytes;
  } finally {
    if (descriptor !== STANDARD_INPUT) closeSync(descriptor);
  }
}

const tooLarge = (file: string, size: number, maxBytes: number): Rejection =>
  new Rejection('too-large', file, `expected at most ${maxBytes} bytes, got ${size}`);

/**
 * What a command made: to a file and a line for people, or as it is to standard output.
 *
 * @param isText may be printed: PEM, JWS
 */
export function deliver(
  bytes: Uint8Array,
  { out, line, json, isText }: { out: string | undefined; line: string; json: object; isText: boolean },
): { readonly json: object; readonly text: string | Uint8Array } {
  if (out === undefined) {
    const text = isText ? new TextDecoder().decode(bytes) : bytes;
    return { json: { ...json, bytes: bytes.length, base64: toBase64(bytes) }, text };
  }
  writeFileSync(out, bytes);
  return { json: { ...json, bytes: bytes.length, file: out }, text: `${line}\nWrote ${bytes.length} bytes to ${out}` };
}
