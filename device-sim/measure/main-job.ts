/**
 * The main job, as an experiment: one real firmware update, signed in several ways, installed by one simulated device per
 * signature and block size, and one attack. Everything goes through Bristlecone's own commands (subcommands.ts).
 */
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { type Attack, Bench, FACTORY_SEQUENCE, type Firmware, type Installation } from './bench.ts';
import { mapParallel } from './subcommands.ts';

const BLOCK_BYTES = [1024, 4096] as const;

/** What signs a release; more than one is a hybrid, and the device requires them all. */
const SIGNATURES: readonly (readonly AlgorithmName[])[] = [
  ['ES256'],
  ['ML-DSA-44'],
  ['ML-DSA-65'],
  ['ML-DSA-87'],
  ['ES256', 'ML-DSA-65'],
];

export interface MainJobResult {
  readonly firmware: Firmware;
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
