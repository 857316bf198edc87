/**
 * The commands of an experiment, with their files: an embedded cloud of its own, keys, releases, campaigns and devices, all
 * through Bristlecone's own commands (subcommands.ts).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import type { CostRow } from '../metrics/cost.ts';
import { Unavailable } from '../ports.ts';
import { costRowsOf } from './cost-rows.ts';
import { readMoveHubFirmware } from './firmware.ts';
import { forgeEnvelope } from './forge-envelope.ts';
import { textAt } from './json.ts';
import { runSubcommand, startServer } from './subcommands.ts';

const VENDOR = 'pybricks.example';
const CLASS = 'movehub';
export const FACTORY_SEQUENCE = 1;

const KEY_SPECS: Partial<Record<AlgorithmName, string>> = {
  ES256: 'ECC_NIST_P256',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
};

export const signatureName = (algorithms: readonly string[]): string => algorithms.join(' + ');

/** One device's update, as it reported it. */
export interface Installation {
  readonly signature: string;
  readonly blockBytes: number;
  readonly costs: readonly CostRow[];
}

/** What became of the tampered envelope. */
export interface Attack {
  readonly code: string;
  readonly detail: string;
  /** Image blocks that the device asked for before it refused. */
  readonly imageBlocks: number;
}

/** What is updated, and to what. */
export interface Firmware {
  readonly from: string;
  readonly to: string;
  readonly imageBytes: number;
}

/** How a device of an experiment is made at its first run: it trusts exactly these signatures, and has the old image. */
export interface Making {
  readonly thing: string;
  readonly data: string;
  readonly image: string;
  readonly sequence: string;
  readonly vendor: string;
  readonly class: string;
  readonly require: string;
  readonly anchor: readonly string[];
}

const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(file));

export interface Release {
  readonly id: string;
  readonly signature: readonly AlgorithmName[];
  readonly envelopeFile: string;
  readonly sequence: number;
}

export class Bench {
  readonly #folder: string;
  readonly #data: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#data = join(folder, 'cloud');
    mkdirSync(folder, { recursive: true });
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** @param maxBytes of a slot: only so much of a larger image is used */
  unpackFirmware(maxBytes = Number.POSITIVE_INFINITY): Firmware {
    const from = readMoveHubFirmware('pybricks-727');
    const to = readMoveHubFirmware('pybricks-728');
    const image = to.bytes.subarray(0, maxBytes);
    writeFileSync(this.#file('from.bin'), from.bytes.subarray(0, maxBytes));
    writeFileSync(this.#file('to.bin'), image);
    return { from: from.version, to: to.version, imageBytes: image.length };
  }

  startCloud() {
    return startServer(['up', '--data', this.#data, '--kms-port', '0', '--mqtt-port', '0']);
  }

  async createKey(algorithm: AlgorithmName): Promise<void> {
    const spec = KEY_SPECS[algorithm];
    if (spec === undefined) throw new RangeError(`main job: no KMS key spec for ${algorithm}`);
    await this.#done(['key', 'create', '--spec', spec, '--alias', algorithm]);
    await this.#done(['key', 'public', algorithm, '--format', 'cose', '--out', this.#anchor(algorithm)]);
  }

  async createRelease(signature: readonly AlgorithmName[], sequence: number): Promise<Release> {
    const envelopeFile = this.#file(`${signature.join('+')}.suit`);
    const answer = await this.#done([
      ...['release', 'create', '--no-development-root', '--image', this.#file('to.bin'), '--out', envelopeFile],
      ...this.#named(sequence),
      ...['--key', ...signature],
    ]);
    return { id: textAt(answer, 'id'), signature, envelopeFile, sequence };
  }

  async createCampaign(releaseId: string, things: readonly string[]): Promise<void> {
    await this.#done(['campaign', 'create', '--release', releaseId, '--thing', ...things]);
  }

  async install(job: { release: Release; blockBytes: number; thing: string }): Promise<Installation> {
    const { release, blockBytes, thing } = job;
    const run = [
      'device',
      'run',
      '--block-bytes',
      String(blockBytes),
      ...this.#deviceOptions(thing, release.signature),
    ];
    return { signature: signatureName(release.signature), blockBytes, costs: costRowsOf(await this.#done(run)) };
  }

  /** A device gets an authentic envelope in which somebody has replaced the image. */
  async attack(release: Release | undefined): Promise<Attack> {
    if (!release) throw new RangeError('main job: expected a release to attack');
    const victim = 'victim';
    const forged = forgeEnvelope({ envelope: readBytes(release.envelopeFile), image: readBytes(this.#file('to.bin')) });
    writeFileSync(this.#file('forged.suit'), forged.envelope);
    writeFileSync(this.#file('forged.bin'), forged.image);
    const added = await this.#done([
      ...['release', 'add', '--envelope', this.#file('forged.suit'), '--image', this.#file('forged.bin')],
      ...[...this.#named(release.sequence), '--unchecked'],
    ]);
    await this.createCampaign(textAt(added, 'id'), [victim]);
    const run = ['device', 'run', ...this.#deviceOptions(victim, release.signature)];
    const { json, exitCode } = await runSubcommand(this.#withData(run));
    if (exitCode === 0) throw new Error('the tampered envelope was accepted: this must never happen');
    const imageBlocks = costRowsOf(json).filter((row) => row.phase === 'image' && row.quantity === 'blocks');
    return {
      code: textAt(json, 'code'),
      detail: textAt(json, 'detail'),
      imageBlocks: imageBlocks.reduce((sum, row) => sum + row.value, 0),
    };
  }

  making(thing: string, signature: readonly AlgorithmName[]): Making {
    return {
      thing,
      data: this.#data,
      image: this.#file('from.bin'),
      sequence: String(FACTORY_SEQUENCE),
      vendor: VENDOR,
      class: CLASS,
      require: signature.join(','),
      anchor: signature.map((algorithm) => this.#anchor(algorithm)),
    };
  }

  #deviceOptions(thing: string, signature: readonly AlgorithmName[]): readonly string[] {
    const { data: _, ...making } = this.making(thing, signature);
    return Object.entries(making).flatMap(([name, value]: [string, string | readonly string[]]) =>
      [`--${name}`, value].flat(),
    );
  }

  #named(sequence: number): readonly string[] {
    return ['--version', `4.0.${sequence}`, '--sequence', String(sequence), '--vendor', VENDOR, '--class', CLASS];
  }

  #anchor(algorithm: AlgorithmName): string {
    return this.#file(`${algorithm}.cose`);
  }

  #withData(args: readonly string[]): readonly string[] {
    return [...args, '--data', this.#data];
  }

  /** @throws {Unavailable} where the command refuses: nothing but the attack may */
  async #done(args: readonly string[]): Promise<unknown> {
    const { json, exitCode } = await runSubcommand(this.#withData(args));
    if (exitCode === 0) return json;
    throw new Unavailable(`bristlecone ${args.slice(0, 2).join(' ')} failed: ${JSON.stringify(json).slice(0, 500)}`);
  }
}
