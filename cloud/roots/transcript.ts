/**
 * What was done in a ceremony, by whom and when: one JSON object a line, each with the hash of the line before it, so that
 * none can be changed, taken out or moved without all after it changing too. Nothing in it is secret, and nothing in it
 * is trusted: verify-ceremony.ts checks each claim against the files beside it. That the whole of it was not written
 * anew only witnesses can say, who noted the hash of its last line.
 */
import { createHash } from 'node:crypto';
import { decodeJsonObject, expectText, field, type JsonObject } from '../../protocol/aws-iot/json.ts';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';

export const STEPS = ['init', 'add-key', 'rotate', 'revoke', 'sign', 'receive', 'finalize'] as const;

export type Step = (typeof STEPS)[number];

/** A step, as it stands in a line. Digests and key ids are in hex. */
export interface TranscriptEntry {
  readonly step: Step;
  /** ISO 8601 in UTC, by the clock of the machine that it was done on. */
  readonly at: string;
  /** Who did it, as they said. */
  readonly by: string;
  /** Of the root's document after the step. */
  readonly digest: string;
  /** Key id of the signer, of `sign` and `receive`. */
  readonly signer?: string;
  /** SHA-384 of the file that the step made: a signature, or the finished root. */
  readonly file?: string;
  /** Name and version of the program. */
  readonly tool: string;
}

export interface TranscriptLine extends TranscriptEntry {
  /** From 1. */
  readonly line: number;
  /** Hash of the line before; of the first line, 96 zeros. */
  readonly previous: string;
  /** SHA-384 of the line without this field. */
  readonly hash: string;
}

/** bytes. Some hundred steps of 600 bytes; a ceremony has ten. */
export const MAX_TRANSCRIPT_BYTES = 131_072;

const MAX_LINE_BYTES = 4_096;
const NOTHING_BEFORE = '0'.repeat(96);
/** Longest name that is written down: a person and a role. */
export const MAX_NAME_CHARACTERS = 100;

/** Of what others wrote and a terminal shows: nothing that moves its cursor, hides text or turns it around. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

export const isName = (text: string): boolean =>
  text.trim().length > 0 && text.length <= MAX_NAME_CHARACTERS && !UNPRINTABLE.test(text);

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const HEX = /^(?:[\da-f]{64}|[\da-f]{96}|[\da-f]{128})$/;

/** The line that comes after `lines`, with its line feed. */
export function appendLine(lines: readonly TranscriptLine[], entry: TranscriptEntry): string {
  const body = bodyOf(entry, { line: lines.length + 1, previous: lines.at(-1)?.hash ?? NOTHING_BEFORE });
  return `${JSON.stringify({ ...body, hash: hashOf(body) })}\n`;
}

/**
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`: a line is missing, moved, changed, or no such line;
 *   `at` names it
 */
export function decodeTranscript(bytes: Uint8Array, at: string): readonly TranscriptLine[] {
  if (bytes.length > MAX_TRANSCRIPT_BYTES)
    throw new Rejection('too-large', at, `expected at most ${MAX_TRANSCRIPT_BYTES} bytes, got ${bytes.length}`);
  const texts = textOf(bytes, at).split('\n');
  if (texts.pop() !== '')
    throw new Rejection('wrong-shape', at, 'expected a line feed at the end, got an unfinished line');
  const lines: TranscriptLine[] = [];
  for (const text of texts) lines.push(decodeLine(text, lines.at(-1), `${at} line ${lines.length + 1}`));
  return lines;
}

function textOf(bytes: Uint8Array, at: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Rejection('not-json', at, `expected JSON in UTF-8, got ${bytes.length} other bytes`, { cause });
  }
}

function decodeLine(text: string, before: TranscriptLine | undefined, at: string): TranscriptLine {
  const object = decodeJsonObject(utf8(text), { at, maxBytes: MAX_LINE_BYTES });
  const read = (name: string): string => expectText(field(object, name), `${at}.${name}`);
  const step = STEPS.find((it) => it === read('step'));
  if (!step) throw new Rejection('wrong-shape', `${at}.step`, `expected one of ${STEPS.join(', ')}, got another`);
  const entry: TranscriptEntry = {
    step,
    at: expectForm(read('at'), (text) => TIME.test(text), { at: `${at}.at`, what: 'a time in UTC' }),
    by: expectForm(read('by'), isName, { at: `${at}.by`, what: 'a name' }),
    digest: expectHex(read('digest'), `${at}.digest`),
    ...optionalHex(object, 'signer', at),
    ...optionalHex(object, 'file', at),
    tool: expectForm(read('tool'), isName, { at: `${at}.tool`, what: 'a name and version' }),
  };
  const body = bodyOf(entry, { line: (before?.line ?? 0) + 1, previous: before?.hash ?? NOTHING_BEFORE });
  const line = { ...body, hash: hashOf(body) };
  if (JSON.stringify(line) === text) return line;
  if (read('hash') === line.hash || field(object, 'previous') === body.previous)
    throw new Rejection('wrong-shape', `${at}.hash`, 'expected a line as it was written, got a changed one');
  throw new Rejection(
    'wrong-shape',
    `${at}.previous`,
    'expected the hash of the line before, got another: a line was changed, taken out or moved',
  );
}

function expectForm(
  text: string,
  is: (text: string) => boolean,
  { at, what }: { readonly at: string; readonly what: string },
): string {
  if (is(text)) return text;
  throw new Rejection('wrong-shape', at, `expected ${what}, got another text of ${text.length} characters`);
}

const expectHex = (text: string, at: string): string =>
  expectForm(text, (it) => HEX.test(it), { at, what: '32, 48 or 64 bytes in hex' });

const optionalHex = (object: JsonObject, name: 'signer' | 'file', at: string) =>
  field(object, name) === undefined
    ? {}
    : { [name]: expectHex(expectText(field(object, name), `${at}.${name}`), `${at}.${name}`) };

/** The fields in the one order in which they are written and hashed. */
function bodyOf(entry: TranscriptEntry, { line, previous }: { readonly line: number; readonly previous: string }) {
  const { step, at, by, digest, signer, file, tool } = entry;
  return {
    line,
    step,
    at,
    by,
    digest,
    ...(signer !== undefined && { signer }),
    ...(file !== undefined && { file }),
    tool,
    previous,
  };
}

const hashOf = (body: object): string => sha384Hex(utf8(JSON.stringify(body)));

/** In hex, as transcripts write it. */
export const sha384Hex = (bytes: Uint8Array): string =>
  toHex(new Uint8Array(createHash('sha384').update(bytes).digest()));
