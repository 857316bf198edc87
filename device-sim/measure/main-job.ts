/**
 * The main job, as an experiment: one real firmware update, signed in several ways, installed by one simulated device per
 * signature and block size, and one attack. Everything goes through Bristlecone's own commands (subcommands.ts).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { Unavailable } from '../ports.ts';
import type { CostRow } from '../metrics/cost.ts';
import { costRowsOf } from './cost-rows.ts';
import { readMoveHubFirmware } from './firmware.ts';
import { textAt } from './json.ts';
import { forgeEnvelope } from './forge-envelope.ts';
import { mapParallel, runSubcommand, startServer } from './subcommands.ts';

const VENDOR = 'pybricks.example';
const CLASS = 'movehub';
const FACTORY_SEQUENCE = 1;
const BLOCK_BYTES = [1024, 4096] as const;

/** What signs a release; more than one is a hybrid, and the device requires them all. */
const SIGNATURES: readonly (readonly AlgorithmName[])[] = [
  ['ES256'],
  ['ML-DSA-44'],
  ['ML-DSA-65'],
  ['ML-DSA-87'],
  ['ES256', 'ML-DSA-65'],
];

const KEY_SPECS: Partial<Record<AlgorithmName, string>> = {
  ES256: 'ECC_NIST_P256',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
};

const signatureName = (algorithms: readonly string[]): string => algorithms.join(' + ');

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

export interface MainJobResult {
  readonly firmware: { readonly from: string; readonly to: string; readonly imageBytes: number };
  readonly installations: readonly Installation[];
  readonly attack: Attack;
}

export interface MainJobOptions {
  /** Empty folder for the embedded cloud, the devices and the images. */
  readonly workFolder: string;
  readonly note: (line: string) => void;
  /** After each device that is done. */
  readonly progress: (done: number, total: number) => void;
  readonly signatures?: readonly (readonly AlgorithmName[])[];
  readonly blockBytes?: readonly number[];
}

export async function runMainJob(options: MainJobOptions): Promise<MainJobResult> {
  const { workFolder, note, signatures = SIGNATURES, blockBytes = BLOCK_BYTES } = options;
  const bench = new Bench(workFolder);
  const firmware = bench.unpackFirmware();
  note('Starting the embedded cloud: KMS, MQTT broker, jobs, streams');
  await using _cloud = await bench.startCloud();
  const algorithms = [...new Set(signatures.flat())];
  await mapParallel(algorithms, (algorithm) => bench.createKey(algorithm));
  note(`KMS holds ${algorithms.length} signing keys: ${algorithms.join(', ')}`);
  const releases = await mapParallel(signatures, (signature, index) =>
    bench.createRelease(signature, FACTORY_SEQUENCE + 1 + index),
  );
  const jobs = releases.flatMap((release) => blockBytes.map((bytes) => ({ release, blockBytes: bytes })));
  const devices = jobs.map((job, index) => ({ ...job, thing: thingName(index) }));
  await mapParallel(releases, (release) =>
    bench.createCampaign(
      release.id,
      devices.filter((device) => device.release === release).map(({ thing }) => thing),
    ),
  );
  note(`${releases.length} releases of one image are signed; ${devices.length} devices install them`);

  let done = 0;
  const installations = await mapParallel(devices, async (device) => {
    const installation = await bench.install(device);
    options.progress(++done, devices.length);
    return installation;
  });
  note('Attacking: another image in a signed envelope, all digests mended');
  return { firmware, installations, attack: await bench.attack(releases.at(-1)) };
}

/** All of one length: the name is in every topic, and would otherwise show in the bytes that are compared. */
const thingName = (index: number): string => `hub-${String(index + 1).padStart(2, '0')}`;

const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(file));

interface Release {
  readonly id: string;
  readonly signature: readonly AlgorithmName[];
  readonly envelopeFile: string;
  readonly sequence: number;
}

/** The commands of this experiment, with their files. */
class Bench {
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

  unpackFirmware(): MainJobResult['firmware'] {
    const from = readMoveHubFirmware('pybricks-727');
    const to = readMoveHubFirmware('pybricks-728');
    writeFileSync(this.#file('from.bin'), from.bytes);
    writeFileSync(this.#file('to.bin'), to.bytes);
    return { from: from.version, to: to.version, imageBytes: to.bytes.length };
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

  /** The device is made at its first run: it trusts exactly these signatures, and leaves the factory with the old image. */
  #deviceOptions(thing: string, signature: readonly AlgorithmName[]): readonly string[] {
    return [
      ...['--thing', thing, '--image', this.#file('from.bin'), '--sequence', String(FACTORY_SEQUENCE)],
      ...['--vendor', VENDOR, '--class', CLASS, '--require', signature.join(',')],
      ...['--anchor', ...signature.map((algorithm) => this.#anchor(algorithm))],
    ];
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
