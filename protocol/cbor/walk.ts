/**
 * Where each item of a CBOR text stands: for people who look at bytes (`bristlecone explain`), not for decoding.
 * It walks only what `decodeCbor` has accepted, so nothing is checked twice here.
 */
import { type DecodeOptions, decodeCbor } from './decode.ts';

/** One item and where it is, in bytes from the start of the whole input. */
export interface CborNode {
  readonly offset: number;
  /** Head and content. */
  readonly bytes: number;
  /** Of the initial byte and its argument. */
  readonly headBytes: number;
  readonly major: number;
  /** The argument of the head: an integer's value, a length, a count, a tag. */
  readonly argument: number | bigint;
  /** Array items, map keys and values in turn, or the content of a tag. */
  readonly children: readonly CborNode[];
}

export const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;

/**
 * @param base added to each offset: where `bytes` stand in the whole input
 * @throws {Rejection} as `decodeCbor`
 */
export function walkCbor(bytes: Uint8Array, options: DecodeOptions, base = 0): CborNode {
  decodeCbor(bytes, options);
  return nodeAt(bytes, 0, base);
}

function nodeAt(bytes: Uint8Array, start: number, base: number): CborNode {
  const major = bytes[start]! >> 5;
  const { argument, headBytes } = headAt(bytes, start);
  const children: CborNode[] = [];
  let end = start + headBytes;
  if (major === MAJOR.bytes || major === MAJOR.text) end += Number(argument);
  for (let left = childCount(major, Number(argument)); left > 0; left--) {
    const child = nodeAt(bytes, end, base);
    children.push(child);
    end += child.bytes;
  }
  return { offset: base + start, bytes: end - start, headBytes, major, argument, children };
}

function childCount(major: number, argument: number): number {
  if (major === MAJOR.array) return argument;
  if (major === MAJOR.map) return argument * 2;
  return major === MAJOR.tag ? 1 : 0;
}

function headAt(bytes: Uint8Array, start: number): { argument: number | bigint; headBytes: number } {
  const info = bytes[start]! & 31;
  if (info < 24) return { argument: info, headBytes: 1 };
  const argumentBytes = 1 << (info - 24);
  let argument = 0n;
  for (let i = 1; i <= argumentBytes; i++) argument = argument * 256n + BigInt(bytes[start + i]!);
  const safe = argument <= BigInt(Number.MAX_SAFE_INTEGER);
  return { argument: safe ? Number(argument) : argument, headBytes: 1 + argumentBytes };
}
