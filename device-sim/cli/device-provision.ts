/** `bristlecone device provision`: from the claim that a factory flashed to a certificate of its own, for one or many. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Io, type Progress, run, subcommand, UsageError } from '../../command-line.ts';
import { isTemplateName } from '../../protocol/aws-iot/provisioning-topics.ts';
import { isMade } from '../factory.ts';
import { costsToCsv, costsToJson } from '../metrics/cost-files.ts';
import type { CostRow } from '../metrics/cost.ts';
import { provisionDevice, type ProvisionDeviceOptions } from '../provision-device.ts';
import { type FleetProgress, type FleetResult, provisionFleet } from '../provision-fleet.ts';
import { KEY_ALGORITHMS } from '../provisioning/ports.ts';
import { dataFolder } from './data-folder.ts';
import { parseCount } from './files.ts';
import { describeFleet, describeProgress } from './provision-text.ts';
import { secureBroker } from './secure-broker.ts';

interface ProvisionOptions {
  readonly device?: string;
  readonly devices?: string;
  readonly template: string;
  readonly mqtts?: string;
  readonly ca?: string;
  readonly serverName?: string;
  readonly data?: string;
  readonly payload: string;
  readonly algorithm: string;
  readonly keysFrom: string;
  readonly keyExchange: string;
  readonly parameter?: readonly string[];
  readonly concurrency: string;
  readonly renewAfter: string;
  readonly costs?: string;
}

export function registerProvision(parent: Command): void {
  const command = subcommand(parent, {
    name: 'provision',
    summary: 'exchange the claim that a factory flashed for a certificate of the device’s own, as AWS IoT does it',
    examples: [
      'device provision --template hubs',
      'device provision --device batch-7/hub-0001 --template hubs --mqtts mqtts://broker.example:8883 --ca ca.pem',
      'device provision --devices batch-7 --template hubs --algorithm ML-DSA-65 --concurrency 32 --costs costs.csv',
      'device provision --devices batch-7 --template hubs --renew-after 66',
    ],
  })
    .option('--device <dir>', 'one device, as `factory make` left it')
    .option('--devices <dir>', 'a folder of devices: all of them (default: devices/ in the folder of --data)')
    .requiredOption('--template <name>', 'provisioning template of the cloud')
    .option('--mqtts <url>', 'broker: mqtts://host:port (default: that of the running embedded cloud)')
    .option('--ca <file>', 'PEM: who issued the broker’s certificate (default: the embedded cloud’s server CA)')
    .option('--server-name <name>', 'what the broker’s certificate is for, where that is not the host of --mqtts')
    .option('--data <dir>', 'folder of the embedded cloud (default: .bristlecone)')
    .option('--payload <format>', 'cbor or json', 'cbor')
    .option('--algorithm <name>', `of the device’s key: ${KEY_ALGORITHMS.join(', ')}`, 'P-256')
    .option(
      '--keys-from <where>',
      'device: it makes its key and never shows it; cloud: CreateKeysAndCertificate',
      'device',
    )
    .option('--key-exchange <how>', 'X25519MLKEM768: required, preferred or off', 'preferred')
    .option('--parameter <name=value...>', 'for the template, beside SerialNumber, VendorId and ClassId')
    .option('--concurrency <n>', 'devices at a time', '16')
    .option('--renew-after <percent>', 'of its life: an older certificate is replaced by the next one', '80')
    .option('--costs <file>', 'where the cost record goes: CSV, or JSON where the name ends in .json');
  run<ProvisionOptions>(command, async ({ options, io }) => {
    const folders = foldersOf(options);
    const concurrency = parseCount(options.concurrency, '--concurrency') ?? 0;
    if (concurrency < 1 || concurrency > 1_000) throw new UsageError('--concurrency: expected 1 to 1000');
    const fixed = deviceOptions(options, io);
    const watch = new Watch(io, folders.length);
    const result = await provisionFleet({
      folders,
      concurrency,
      signal: io.signal,
      costs: { run: 'device-provision' },
      provisionOne: (stateFolder) => provisionDevice({ ...fixed, stateFolder }),
      onDone: (progress) => watch.note(progress),
    }).finally(() => watch.stop());
    const seconds = watch.seconds;
    const costs = [...result.costs, ...rateRow(result, seconds)];
    if (options.costs !== undefined) writeCosts(options.costs, costs);
    const isDone = result.failures.length === 0 && result.left === 0;
    return {
      json: { ...result, costs, seconds, devicesPerSecond: result.provisioned / seconds },
      text: describeFleet(result, { seconds, interrupted: io.signal.aborted }),
      exit: isDone ? 'done' : 'refused',
    };
  });
}

function foldersOf({ device, devices, data }: ProvisionOptions): readonly string[] {
  if (device !== undefined && devices !== undefined) throw new UsageError('expected --device or --devices, got both');
  if (device !== undefined) {
    if (isMade(device)) return [resolve(device)];
    throw new UsageError(`--device: there is no device in ${device}; make one with \`bristlecone factory make\``);
  }
  const root = devices === undefined ? join(dataFolder(data), 'devices') : resolve(devices);
  const made = existsSync(root)
    ? readdirSync(root)
        .map((name) => join(root, name))
        .filter(isMade)
    : [];
  if (made.length > 0) return made.toSorted();
  throw new UsageError(`--devices: there are no devices in ${root}; make some with \`bristlecone factory make\``);
}

function deviceOptions(options: ProvisionOptions, io: Io): Omit<ProvisionDeviceOptions, 'stateFolder'> {
  const { template, mqtts, ca, serverName } = options;
  if (!isTemplateName(template)) throw new UsageError('--template: expected 1 to 36 of a-z, A-Z, 0-9, _ and -');
  const keyExchange = oneOf(['required', 'preferred', 'off'], options.keyExchange, '--key-exchange');
  const share = renewalShare(options.renewAfter);
  return {
    broker: { ...secureBroker(dataFolder(options.data), { mqtts, ca }), serverName, keyExchange },
    template,
    parameters: Object.fromEntries((options.parameter ?? []).map(parseParameter)),
    settings: {
      format: oneOf(['cbor', 'json'], options.payload, '--payload'),
      algorithm: oneOf(KEY_ALGORITHMS, options.algorithm, '--algorithm'),
      keysFrom: oneOf(['device', 'cloud'], options.keysFrom, '--keys-from'),
    },
    renewal: { nowSeconds: () => Math.floor(io.nowMs() / 1000), share },
    signal: io.signal,
  };
}

export function oneOf<T extends string>(allowed: readonly T[], text: string, option: string): T {
  const found = allowed.find((it) => it === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: expected ${allowed.join(', ')}, got ${JSON.stringify(text.slice(0, 40))}`);
}

function renewalShare(text: string): number {
  const percent = parseCount(text, '--renew-after') ?? 0;
  if (percent <= 100) return percent / 100;
  throw new UsageError(`--renew-after: expected 0 to 100, got ${percent}`);
}

function parseParameter(text: string): [string, string] {
  const cut = text.indexOf('=');
  if (cut >= 1) return [text.slice(0, cut), text.slice(cut + 1)];
  throw new UsageError(`--parameter: expected NAME=VALUE, got ${JSON.stringify(text.slice(0, 60))}`);
}

/** Of this machine, with its cloud on it or not: it says nothing about a device. */
function rateRow({ costs, provisioned }: FleetResult, seconds: number): readonly CostRow[] {
  const [first] = costs;
  if (!first) return [];
  const rate = { phase: 'all', quantity: 'fleet-rate', unit: 'devices/s', value: provisioned / seconds } as const;
  return [{ ...first, ...rate, n: provisioned }];
}

const writeCosts = (file: string, rows: readonly CostRow[]): void =>
  writeFileSync(file, file.endsWith('.json') ? costsToJson(rows) : costsToCsv(rows));

/** ms between two lines about how far it is. */
const NOTE_EVERY_MS = 5_000;

/** A bar where somebody watches, and a line now and then. */
class Watch {
  readonly #io: Io;
  readonly #bar: Progress;
  readonly #startMs: number;
  #notedMs: number;
  #endMs: number | undefined;

  constructor(io: Io, total: number) {
    this.#io = io;
    this.#bar = io.progress('Provisioning', total);
    this.#startMs = io.nowMs();
    this.#notedMs = this.#startMs;
  }

  get seconds(): number {
    return Math.max(1, (this.#endMs ?? this.#io.nowMs()) - this.#startMs) / 1000;
  }

  note(progress: FleetProgress): void {
    const { provisioned, unchanged, failures, total } = progress;
    const failed = failures.reduce((sum, { devices }) => sum + devices, 0);
    this.#bar.update(provisioned + unchanged + failed, total);
    const nowMs = this.#io.nowMs();
    if (nowMs - this.#notedMs < NOTE_EVERY_MS) return;
    this.#notedMs = nowMs;
    this.#io.note(describeProgress(progress, this.seconds));
  }

  stop(): void {
    this.#endMs = this.#io.nowMs();
    this.#bar.stop();
  }
}
