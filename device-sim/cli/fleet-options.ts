/** Options of `bristlecone fleet`, and the settings that come of them. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from '../../protocol/limits.ts';
import { boardFor, KEY_SPECS } from '../fleet/prepare.ts';
import type { FleetSettings } from '../fleet/result.ts';
import { parseCount } from './files.ts';

export interface FleetOptions {
  readonly devices: string;
  readonly imageBytes: string;
  readonly algorithm: string;
  readonly blockBytes: string;
  readonly requestBytes: string;
  readonly broker: string;
  readonly workers?: string;
  readonly seed: string;
  readonly arrivals: string;
  readonly timeLimit: string;
  readonly growth?: string;
  readonly ceiling: boolean;
  readonly live?: string | true;
  readonly out: string;
  readonly killBrokerAt?: string;
  readonly brokerDown: string;
  readonly dropRate: string;
  readonly slowDevices: string;
  readonly slowSpeed: string;
  readonly rogue: string;
  readonly connectFirst?: true;
}

/** Of one campaign in the embedded cloud. */
const MAX_DEVICES = 100_000;
const MAX_REQUEST_BYTES = 131_072;

export const withFleetOptions = (command: Command): Command =>
  command
    .option('--devices <n>', 'how many, each with its own connection', '1000')
    .option('--image-bytes <n>', 'of the image that they are updated to', '65536')
    .option('--algorithm <names>', 'that signs the release; two with + between: both must', 'ML-DSA-65')
    .option('--block-bytes <n>', 'of the stream', '4096')
    .option('--request-bytes <n>', 'how much a device asks for at once', '32768')
    .option(
      '--broker <which>',
      'embedded, mosquitto (is started for the run), or mqtt://host:port of one that runs',
      'embedded',
    )
    .option('--workers <n>', 'processes that devices are simulated in (default: one for each core)')
    .option('--seed <n>', 'of the image and of all faults', '1')
    .option('--arrivals <n>', 'devices that begin a second; 0: as fast as it goes', '0')
    .option('--connect-first', 'the campaign begins when all devices are connected and wait, and not before them')
    .option('--time-limit <time>', 'devices that have not ended by then are lost', '10m')
    .option('--growth <sizes>', 'run these numbers of devices one after the other, and find the knee: 100,1000,10000')
    .option('--no-ceiling', 'leave out the bare packets before and after, and so the ratio')
    .option('--live [port]', 'show the run on a page of this machine too (default: any free port)')
    .option('--out <dir>', 'where fleet.json and fleet.csv go', 'results')
    .option(
      '--kill-broker-at <time>',
      'SIGKILL to the broker, so long after the first connection, or the campaign where that comes later',
    )
    .option('--broker-down <time>', 'how long it is away then', '2s')
    .option('--drop-rate <share>', 'how likely a connection is cut at each block: 0.001 or 0.1%', '0')
    .option('--slow-devices <share>', 'of the devices, that read slowly: 5%', '0')
    .option('--slow-speed <n>', 'bytes a second that those read', '16384')
    .option('--rogue <share>', 'of the devices, that get an envelope with another image in it: 1%', '0');

/** @throws {UsageError} */
export function settingsOf(options: FleetOptions): FleetSettings {
  const workers = whole(options.workers ?? String(availableParallelism()), '--workers', [1, 64]);
  const kill = options.killBrokerAt;
  const settings: FleetSettings = {
    devices: whole(options.devices, '--devices', [1, MAX_DEVICES]),
    imageBytes: whole(options.imageBytes, '--image-bytes', [1, Number.MAX_SAFE_INTEGER]),
    algorithm: algorithmOf(options.algorithm),
    blockBytes: whole(options.blockBytes, '--block-bytes', [MIN_BLOCK_BYTES, MAX_BLOCK_BYTES]),
    requestBytes: whole(options.requestBytes, '--request-bytes', [MIN_BLOCK_BYTES, MAX_REQUEST_BYTES]),
    broker: brokerOf(options.broker),
    workers,
    seed: parseCount(options.seed, '--seed') ?? 1,
    arrivalsPerSecond: whole(options.arrivals, '--arrivals', [0, 1_000_000]),
    timeLimitSeconds: secondsOf(options.timeLimit, '--time-limit'),
    dropRate: shareOf(options.dropRate, '--drop-rate'),
    slowShare: shareOf(options.slowDevices, '--slow-devices'),
    slowBytesPerSecond: whole(options.slowSpeed, '--slow-speed', [1, 1e9]),
    rogueShare: shareOf(options.rogue, '--rogue'),
    ...(options.connectFirst && { connectFirst: true }),
    ...(kill !== undefined && {
      killBrokerAtSeconds: secondsOf(kill, '--kill-broker-at'),
      brokerDownSeconds: secondsOf(options.brokerDown, '--broker-down'),
    }),
  };
  expectSense(settings);
  return { ...settings, workers: Math.min(workers, settings.devices) };
}

/** @returns numbers of devices, ascending. @throws {UsageError} */
export function growthOf({ growth }: FleetOptions): readonly number[] | undefined {
  if (growth === undefined) return undefined;
  const sizes = growth.split(',').map((text) => whole(text.trim(), '--growth', [1, MAX_DEVICES]));
  if (sizes.length < 2) throw new UsageError('--growth: expected two or more numbers of devices, as in 100,1000,10000');
  return [...new Set(sizes)].toSorted((a, b) => a - b);
}

function expectSense({ imageBytes, blockBytes, broker, killBrokerAtSeconds }: FleetSettings): void {
  if (boardFor(imageBytes) === undefined)
    throw new UsageError(`--image-bytes: expected what a slot of one of our boards holds, got ${imageBytes}`);
  if (blockBytes % 4 !== 0) throw new UsageError(`--block-bytes: expected a multiple of 4, got ${blockBytes}`);
  if (killBrokerAtSeconds !== undefined && broker.includes('://'))
    throw new UsageError('--kill-broker-at: expected a broker that this command starts, got the URL of another one');
}

function algorithmOf(text: string): string {
  for (const name of text.split('+')) {
    if (!Object.hasOwn(KEY_SPECS, name))
      throw new UsageError(`--algorithm: expected some of ${Object.keys(KEY_SPECS).join(', ')}, got ${quoted(name)}`);
  }
  return text;
}

function brokerOf(text: string): string {
  if (text === 'embedded' || text === 'mosquitto') return text;
  if (URL.canParse(text) && new URL(text).protocol === 'mqtt:') return text;
  throw new UsageError(`--broker: expected embedded, mosquitto or mqtt://host:port, got ${quoted(text)}`);
}

function whole(text: string, option: string, [least, most]: readonly [number, number]): number {
  const number = parseCount(text, option) ?? least;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${option}: expected ${least} to ${most}, got ${number}`);
}

/** `5%` or `0.05` */
function shareOf(text: string, option: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const share = Number(digits) / (percent === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`${option}: expected a share as 5% or 0.05, got ${quoted(text)}`);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 };

/** `30s`, `500ms`, `2m` */
export function secondsOf(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const factor = UNIT_SECONDS[unit];
  if (digits !== undefined && factor !== undefined) return Number(digits) * factor;
  throw new UsageError(`${option}: expected a time as 30s, 500ms or 2m, got ${quoted(text)}`);
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
