/**
 * The folder of a ceremony, which travels whole on a stick from holder to holder:
 *
 *     draft.cbor            the document that is signed
 *     previous/             the roots before it, from the first that is known on
 *     signatures/           one file a signer; those that came another way are laid in here
 *     transcript.jsonl      who did what and when
 *     root-2.cose           the finished root
 *
 * The line of the transcript is the last that is written of each step: what has none has not happened.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../../protocol/bytes.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import { OperatorError } from '../../errors.ts';
import type { CeremonyFiles, NamedFile } from '../../roots/ceremony.ts';
import { createFile, replaceFile } from '../../roots/durable-file.ts';
import { appendLine, MAX_TRANSCRIPT_BYTES, type TranscriptEntry, type TranscriptLine } from '../../roots/transcript.ts';
import { readInput } from '../files.ts';

const DRAFT = 'draft.cbor';
const TRANSCRIPT = 'transcript.jsonl';
const PREVIOUS = 'previous';
const SIGNATURES = 'signatures';
const SUFFIX = '.cose';

/** Of a version, as it is named everywhere. */
export const rootFileName = (version: number): string => `root-${version}${SUFFIX}`;

/** Whether a ceremony has begun in it. */
export const isCeremony = (folder: string): boolean => existsSync(join(folder, TRANSCRIPT));

/**
 * @throws {OperatorError} `no-ceremony`
 * @throws {Rejection} `too-large`; and what node:fs throws
 */
export function readCeremony(folder: string): CeremonyFiles {
  if (!isCeremony(folder)) {
    throw new OperatorError(
      'no-ceremony',
      `${folder}: expected the folder of a ceremony (with ${TRANSCRIPT}), got none. Begin one with \`bristlecone root init\`, ` +
        'or from an earlier root with `root rotate --from`.',
    );
  }
  const finals = rootFiles(folder);
  if (finals.length > 1)
    throw new OperatorError(
      'wrong-order',
      `${folder}: expected one finished root at most, got ${finals.map(({ name }) => name).join(', ')}.`,
    );
  return {
    draft: readInput(join(folder, DRAFT), MAX_TRUST_ROOT_BYTES),
    transcript: readInput(join(folder, TRANSCRIPT), MAX_TRANSCRIPT_BYTES),
    previous: rootFiles(join(folder, PREVIOUS)).map(({ bytes }) => bytes),
    signatures: rootFiles(join(folder, SIGNATURES)),
    final: finals[0]?.bytes,
  };
}

function rootFiles(folder: string): readonly NamedFile[] {
  if (!existsSync(folder)) return [];
  // Some systems lay a ._root-1.cose beside each file of a stick.
  const names = readdirSync(folder).filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'));
  return names.toSorted().map((name) => ({ name, bytes: readInput(join(folder, name), MAX_TRUST_ROOT_BYTES) }));
}

/** A new ceremony. What an interrupted one left is written over, since it has no transcript. @throws {OperatorError} `already-exists` */
export function createCeremony(
  folder: string,
  {
    draft,
    previous,
    entry,
  }: { readonly draft: Uint8Array; readonly previous: readonly NamedFile[]; readonly entry: TranscriptEntry },
): void {
  if (isCeremony(folder))
    throw new OperatorError(
      'already-exists',
      `${folder} holds a ceremony already. Name another folder: one is for one root.`,
    );
  for (const sub of [PREVIOUS, SIGNATURES]) mkdirSync(join(folder, sub), { recursive: true });
  for (const { name, bytes } of previous) replaceFile(join(folder, PREVIOUS, name), bytes);
  replaceFile(join(folder, DRAFT), draft);
  createFile(join(folder, TRANSCRIPT), appendLine([], entry));
}

/** The steps that come after, each with its file. */
export interface Step {
  readonly lines: readonly TranscriptLine[];
  readonly entry: TranscriptEntry;
}

export function writeDraft(folder: string, draft: Uint8Array, step: Step): void {
  replaceFile(join(folder, DRAFT), draft);
  append(folder, step);
}

export const signatureName = (keyId: Uint8Array): string => `${toHex(keyId).slice(0, 16)}${SUFFIX}`;

export function writeSignature(folder: string, { name, bytes }: NamedFile, step: Step): void {
  mkdirSync(join(folder, SIGNATURES), { recursive: true });
  replaceFile(join(folder, SIGNATURES, name), bytes);
  append(folder, step);
}

export const appendToTranscript = (folder: string, step: Step): void => append(folder, step);

/** @returns where it is */
export function writeFinal(folder: string, version: number, bytes: Uint8Array, step: Step): string {
  const file = join(folder, rootFileName(version));
  replaceFile(file, bytes);
  append(folder, step);
  return file;
}

function append(folder: string, { lines, entry }: Step): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  replaceFile(join(folder, TRANSCRIPT), `${text}${appendLine(lines, entry)}`);
}
