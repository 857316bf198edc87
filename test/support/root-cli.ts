/** `bristlecone root` as holders of keys call it, in a folder of the test's own, and all that it ever printed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Ask } from '../../cloud/cli/passphrase.ts';
import { registerRootCommands } from '../../cloud/cli/root.ts';
import type { RootTools } from '../../cloud/cli/roots/tools.ts';
import { openKeyFile } from '../../cloud/roots/key-file.ts';
import { toBase64, toBase64Url, toHex, utf8 } from '../../protocol/bytes.ts';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { type CliRun, runCli } from './cli.ts';
import { CHEAP } from './roots.ts';

const PASSPHRASE = 'correct horse battery staple';

export class RootCli {
  readonly folder: string;
  /** Options that give the passphrase of every key here. */
  readonly unlock: readonly string[];
  readonly #runs: CliRun[];
  readonly #keys: string[] = [];
  readonly #tools: RootTools;
  #kms: readonly string[] = ['--kms-endpoint', 'http://127.0.0.1:1'];

  constructor(tools: Partial<RootTools> = {}, from?: RootCli) {
    this.#tools = { kdfCost: CHEAP, kdfFloor: CHEAP, ask: async () => undefined, ...tools };
    this.folder = from?.folder ?? mkdtempSync(join(tmpdir(), 'bristlecone-root-'));
    this.#runs = from ? from.#runs : [];
    this.unlock = ['--passphrase-file', this.at('passphrase.txt')];
    if (from) return;
    writeFileSync(this.at('passphrase.txt'), `${PASSPHRASE}\n`);
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** The same folder, with a person at the terminal or another tool. */
  with(tools: Partial<RootTools>): RootCli {
    return new RootCli({ ...this.#tools, ...tools }, this);
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** From now on KMS keys are there. */
  useKms(endpoint: string): void {
    this.#kms = ['--kms-endpoint', endpoint];
  }

  async root(...args: readonly string[]): Promise<CliRun> {
    const run = await runCli([(program) => registerRootCommands(program, this.#tools)], 'root', ...args);
    this.#runs.push(run);
    return run;
  }

  /** With a KMS, for the commands that may need one. */
  kmsRoot(...args: readonly string[]): Promise<CliRun> {
    return this.root(...args, ...this.#kms);
  }

  /** What it prints with `--json` where it does what it is told. */
  async json(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await this.root(...args, '--json');
    if (exitCode !== 0 || stderr !== '')
      throw new Error(`root ${args.join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  }

  kmsJson(...args: readonly string[]) {
    return this.json(...args, ...this.#kms);
  }

  /** The code with which it refuses, and its message. */
  async refusal(...args: readonly string[]): Promise<{ code: string; message: string; exitCode: number }> {
    const { exitCode, stdout } = await this.root(...args, '--json');
    const { error } = JSON.parse(stdout);
    if (error.message.length < 10) throw new Error(`root ${args.join(' ')}: expected a sentence, got ${error.message}`);
    return { code: error.code, message: error.message, exitCode };
  }

  /** @returns the file of the private half; the public one ends in .pub */
  async keygen(name: string, algorithm: AlgorithmName = 'ML-DSA-44'): Promise<string> {
    const file = this.at(`${name}.key`);
    await this.json('keygen', '--out', file, '--algorithm', algorithm, ...this.unlock);
    this.#keys.push(file);
    return file;
  }

  /** Signed by an offline key whose holder was told the digest. */
  async sign(ceremony: string, key: string, ...more: readonly string[]) {
    const digest: string = (await this.json('show', ceremony)).digest;
    const told = ['--by', `holder of ${key.slice(-9)}`, '--digest', digest.slice(0, 16), ...more];
    return key.startsWith('kms:')
      ? this.kmsJson('sign', ceremony, '--key', key, ...told)
      : this.json('sign', ceremony, '--key', key, ...told, ...this.unlock);
  }

  /** How often a passphrase or a private key stands in what was printed, or written but for the key files; and where it was looked for. */
  secretsFound(): { readonly found: number; readonly searched: number } {
    const secrets = [utf8(PASSPHRASE), ...this.#keys.map((file) => this.#privateKeyOf(file))];
    const forms = secrets.flatMap((secret) => [
      toHex(secret),
      toBase64(secret).replace(/=+$/, ''),
      toBase64Url(secret),
    ]);
    const printed = this.#runs.flatMap(({ stdout, stderr }) => [stdout, stderr]);
    const files = readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cbor|cose|jsonl|pub)$/.test(name))
      .map((name) => readFileSync(this.at(name)));
    const texts = [...printed, ...files.flatMap((file) => [file.toString('latin1'), file.toString('hex')])];
    const found = texts.filter((text) => [PASSPHRASE, ...forms].some((form) => text.includes(form)));
    return { found: found.length, searched: texts.length * forms.length };
  }

  #privateKeyOf(file: string): Uint8Array {
    const bytes = new Uint8Array(readFileSync(file));
    return openKeyFile(bytes, { passphrase: utf8(PASSPHRASE), at: file, floor: CHEAP }).privateKey;
  }
}

/** A person who answers in this order, and is then asked nothing more. */
export function answers(...lines: readonly string[]): { readonly ask: Ask; readonly questions: string[] } {
  const questions: string[] = [];
  return {
    questions,
    ask: async (question) => {
      questions.push(question);
      const answer = lines[questions.length - 1];
      if (answer === undefined) throw new Error(`expected no question, got ${question}`);
      return answer;
    },
  };
}
