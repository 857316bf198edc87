/** Where the passphrase of an offline key comes from: a file, the environment, or a person who types it unseen. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { readInput } from './files.ts';

export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

const VARIABLE = 'BRISTLECONE_PASSPHRASE';
const MAX_PASSPHRASE_BYTES = 1_024;
/** Of a new key. Argon2id makes a guess dear; a short passphrase makes guesses few. */
const MIN_CHARACTERS = 12;

export const withPassphraseOption = (command: Command): Command =>
  command.option(
    '--passphrase-file <file>',
    `first line is the passphrase (default: ${VARIABLE}, else you are asked for it)`,
  );

/** Asks a person for one line; undefined where nobody is there to be asked. */
export type Ask = (question: string, how: { readonly echo: boolean }) => Promise<string | undefined>;

/**
 * In UTF-8 of NFC (RFC 8265 §4.2), so that it is the same from every keyboard. The caller wipes it.
 *
 * @throws {UsageError} there is none, or nobody to ask
 */
export async function readPassphrase(what: string, { options, env, ask }: PassphraseSource): Promise<Uint8Array> {
  const text =
    options.passphraseFile === undefined
      ? (env[VARIABLE] ?? (await ask(`Passphrase of ${what}: `, { echo: false })))
      : firstLine(options.passphraseFile);
  if (text !== undefined && text !== '') return utf8(text.normalize('NFC'));
  throw new UsageError(
    `passphrase of ${what}: expected one, got none. Give --passphrase-file FILE or ${VARIABLE}, or call this from a terminal.`,
  );
}

export interface PassphraseSource {
  readonly options: PassphraseOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: Ask;
}

/** Of a key that is being made: long enough, and typed twice where it is typed. @throws {UsageError} */
export async function readNewPassphrase(what: string, source: PassphraseSource): Promise<Uint8Array> {
  const passphrase = await readPassphrase(what, source);
  const { length } = new TextDecoder().decode(passphrase);
  if (length < MIN_CHARACTERS)
    throw new UsageError(`passphrase of ${what}: expected at least ${MIN_CHARACTERS} characters, got ${length}`);
  const typed = source.options.passphraseFile === undefined && source.env[VARIABLE] === undefined;
  const again = typed ? await source.ask('The same again: ', { echo: false }) : undefined;
  if (typed && again?.normalize('NFC') !== new TextDecoder().decode(passphrase))
    throw new UsageError(`passphrase of ${what}: expected the same twice, got two. Nothing was made.`);
  return passphrase;
}

const firstLine = (file: string): string =>
  new TextDecoder().decode(readInput(file, MAX_PASSPHRASE_BYTES)).split(/\r?\n/, 1)[0] ?? '';

/** On the terminal; questions go to standard error, since standard output may be a file. */
export const askAtTerminal: Ask = async (question, { echo }) => {
  if (!process.stdin.isTTY) return undefined;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = echo ? process.stderr : silent;
  const lines = createInterface({ input: process.stdin, output, terminal: true, prompt: question });
  lines.prompt();
  if (!echo) process.stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new DOMException('interrupted', 'AbortError')));
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    if (!echo) process.stderr.write('\n');
  }
};
