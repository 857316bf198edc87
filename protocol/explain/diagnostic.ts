/**
 * Annotated diagnostic notation (RFC 8949 §8, with the `<< >>` of RFC 8610 appendix G): one line an item, with its
 * byte offset in the file, its size and its name.
 *
 *     offset  bytes
 *          0   3533  107({                           / SUIT_Envelope /
 *          3   3366    2: <<[                        / authentication /
 */
import { toHex } from '../bytes.ts';
import { type CborNode, MAJOR, walkCbor } from '../cbor/walk.ts';
import { Rejection } from '../errors.ts';
import type { Schema } from './cose-schema.ts';
import { type DocumentKind, schemaOf } from './schema.ts';

export interface DiagnosticLine {
  readonly offset: number;
  readonly bytes: number;
  readonly depth: number;
  readonly text: string;
  /** What the item is called or stands for. */
  readonly note?: string;
}

export interface Diagnosis {
  readonly kind: DocumentKind;
  readonly lines: readonly DiagnosticLine[];
}

/** Longer byte strings are shown by their ends: a signature is not for reading. */
const SHOWN_BYTES = 32;

/** @throws {Rejection} `too-large`, `malformed` */
export function diagnose(bytes: Uint8Array, { at, maxBytes }: { at: string; maxBytes: number }): Diagnosis {
  const root = walkCbor(bytes, { at, maxBytes, keyOrder: 'any' });
  const printer = new Printer(bytes);
  const labels =
    root.major === MAJOR.map ? root.children.filter((_, i) => i % 2 === 0).map((key) => integerOf(key) ?? 0) : [];
  const { kind, schema } = schemaOf(root, { bytes, labels });
  printer.item(root, { schema, depth: 0 });
  return { kind, lines: printer.lines };
}

interface Place {
  readonly schema: Schema;
  readonly depth: number;
  /** What stands before the item on its line: a map key, a tag. */
  readonly prefix?: string;
  /** The line starts with the key, so that is where the reader looks for the offset. */
  readonly from?: CborNode;
  readonly closing?: string;
}

class Printer {
  readonly lines: DiagnosticLine[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  item(node: CborNode, place: Place): void {
    if (node.major === MAJOR.tag) this.#tag(node, place);
    else if (node.major === MAJOR.array) this.#array(node, place);
    else if (node.major === MAJOR.map) this.#map(node, place);
    else if (node.major === MAJOR.bytes && place.schema.wraps) this.#wrapped(node, place, place.schema.wraps);
    else this.#line(node, place, this.#scalar(node));
  }

  #tag(node: CborNode, place: Place): void {
    const inside = place.schema.tags?.[Number(node.argument)] ?? {};
    const name = inside.name ?? place.schema.name;
    this.item(node.children[0]!, {
      ...place,
      schema: name === undefined ? inside : { ...inside, name },
      prefix: `${place.prefix ?? ''}${node.argument}(`,
      from: place.from ?? node,
      closing: `)${place.closing ?? ''}`,
    });
  }

  #array(node: CborNode, place: Place): void {
    const { schema } = place;
    const plain = !schema.items && !schema.rest && !schema.pairs;
    if (plain && node.bytes <= SHOWN_BYTES) return this.#line(node, place, this.#inline(node));
    this.#line(node, place, '[', false);
    if (schema.pairs) this.#pairs(node, place, schema.pairs);
    else {
      node.children.forEach((child, i) =>
        this.item(child, { schema: schema.items?.[i] ?? schema.rest ?? {}, depth: place.depth + 1 }),
      );
    }
    this.#close(node, place, ']');
  }

  #pairs(node: CborNode, place: Place, commands: ReadonlyMap<number | bigint, Schema>): void {
    for (let i = 0; i + 1 < node.children.length; i += 2) {
      const label = node.children[i]!;
      this.item(node.children[i + 1]!, {
        schema: commands.get(integerOf(label) ?? 0) ?? {},
        depth: place.depth + 1,
        prefix: `${this.#scalar(label)}, `,
        from: label,
      });
    }
  }

  #map(node: CborNode, place: Place): void {
    if (node.children.length === 0) return this.#line(node, place, '{}');
    this.#line(node, place, '{', false);
    for (let i = 0; i < node.children.length; i += 2) {
      const key = node.children[i]!;
      const label = integerOf(key);
      const known = label === undefined ? undefined : place.schema.members?.get(label);
      this.item(node.children[i + 1]!, {
        schema: known ?? place.schema.otherKeys ?? {},
        depth: place.depth + 1,
        prefix: `${this.#inline(key)}: `,
        from: key,
      });
    }
    this.#close(node, place, '}');
  }

  #wrapped(node: CborNode, place: Place, inside: Schema): void {
    const start = node.offset + node.headBytes;
    const content = this.#bytes.subarray(start, node.offset + node.bytes);
    const inner = tryWalk(content, start);
    if (inner instanceof Rejection) {
      // A protected header may be the empty byte string; of anything else, say why it cannot be opened.
      const why = content.length === 0 ? 'empty' : `not opened: ${inner.detail}`;
      this.#line(
        node,
        { ...place, schema: { name: `${place.schema.name ?? inside.name ?? ''}, ${why}` } },
        this.#scalar(node),
      );
      return;
    }
    const name = place.schema.name ?? inside.name;
    this.item(inner, {
      ...place,
      schema: name === undefined ? inside : { ...inside, name },
      prefix: `${place.prefix ?? ''}<<`,
      from: place.from ?? node,
      closing: `>>${place.closing ?? ''}`,
    });
  }

  #line(node: CborNode, place: Place, text: string, whole = true): void {
    const from = place.from ?? node;
    const integer = integerOf(node);
    const meaning = integer === undefined ? undefined : place.schema.meaning?.(integer);
    const note = [place.schema.name, meaning].filter((part) => part !== undefined).join(': ');
    this.lines.push({
      offset: from.offset,
      bytes: node.offset + node.bytes - from.offset,
      depth: place.depth,
      text: `${place.prefix ?? ''}${text}${whole ? (place.closing ?? '') : ''}`,
      ...(note === '' ? {} : { note }),
    });
  }

  #close(node: CborNode, place: Place, bracket: string): void {
    const end = node.offset + node.bytes;
    this.lines.push({ offset: end, bytes: 0, depth: place.depth, text: `${bracket}${place.closing ?? ''}` });
  }

  #inline(node: CborNode): string {
    if (node.major === MAJOR.array) return `[${node.children.map((child) => this.#inline(child)).join(', ')}]`;
    if (node.major === MAJOR.map || node.major === MAJOR.tag) return `(${node.bytes} bytes)`;
    return this.#scalar(node);
  }

  #scalar(node: CborNode): string {
    const content = this.#bytes.subarray(node.offset + node.headBytes, node.offset + node.bytes);
    if (node.major === MAJOR.bytes) return hexText(content);
    if (node.major === MAJOR.text) return JSON.stringify(new TextDecoder().decode(content));
    if (node.major === MAJOR.simple) return node.argument === 22 ? 'null' : String(node.argument === 21);
    return String(integerOf(node));
  }
}

function hexText(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return `h'${toHex(bytes)}'`;
  return `h'${toHex(bytes.subarray(0, 12))}…${toHex(bytes.subarray(-4))}' (${bytes.length} bytes)`;
}

function integerOf(node: CborNode): number | bigint | undefined {
  if (node.major === MAJOR.uint) return node.argument;
  if (node.major !== MAJOR.negative) return undefined;
  return typeof node.argument === 'number' ? -1 - node.argument : -1n - node.argument;
}

function tryWalk(bytes: Uint8Array, base: number): CborNode | Rejection {
  try {
    return walkCbor(bytes, { at: 'wrapped', maxBytes: bytes.length, keyOrder: 'any' }, base);
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** The lines as a page for people. */
export function renderDiagnosis({ lines }: Diagnosis): string {
  const notes = Math.min(64, Math.max(...lines.map(({ depth, text }) => 2 * depth + text.length)) + 2);
  const rows = lines.map(({ offset, bytes, depth, text, note }) => {
    const left = `${String(offset).padStart(6)}  ${bytes === 0 ? '     ' : String(bytes).padStart(5)}  ${'  '.repeat(depth)}${text}`;
    return note === undefined ? left : `${left.padEnd(15 + notes)} / ${note} /`;
  });
  return ['offset  bytes', ...rows].join('\n');
}
