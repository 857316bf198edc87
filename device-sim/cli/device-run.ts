/** `bristlecone device run`: one simulated device, until its job is done, and what that cost. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { isRootFile } from '../../protocol/aws-iot/job-document.ts';
import { openCredentials, operationalCredential } from '../device-credentials.ts';
import { type DeviceOutcome, runDevice, type RunDeviceOptions } from '../device.ts';
import { isMade, openDevice } from '../factory.ts';
import { type LinkBefore, putLinkBefore } from '../links/link-before.ts';
import { bytesOnTheWire, sumOf } from '../metrics/cost.ts';
import type { AgentEvent } from '../ports.ts';
import { type CostOptions, describeCosts, parseLink, withCostOptions } from './cost-options.ts';
import { brokerUrl, dataFolder, deviceFolder } from './data-folder.ts';
import { oneOf } from './device-provision.ts';
import { parseAlgorithms, parseCount } from './files.ts';
import { describeEnd } from './link.ts';
import { boardOf, describeMade, expectThing, makeDevice, type MakeOptions, withMakeOptions } from './make-device.ts';
import { RunCosting } from './run-costing.ts';
import { secureBroker } from './secure-broker.ts';
import { openTrialUpdate, type TrialUpdate } from './trial-update.ts';
import { type WireOptions, wireOf, withWireOptions } from './wire-options.ts';

interface RunOptions extends Omit<MakeOptions, 'thing'>, CostOptions, WireOptions {
  readonly thing?: string;
  readonly device?: string;
  readonly algorithm?: string;
  readonly mqtt?: string;
  readonly mqtts?: string;
  readonly ca?: string;
  readonly serverName?: string;
  readonly blockBytes?: string;
  readonly requestBytes?: string;
  readonly keyExchange: string;
  readonly timeout?: string;
  readonly now?: string;
}

export function registerRun(parent: Command): void {
  const command = withMakeOptions(
    subcommand(parent, {
      name: 'run',
      summary: 'run one device until its job is done; a new name is made first, as the operator’s factory folder says',
      examples: [
        'device run --thing hub-1',
        'device run --thing hub-1 --mqtt mqtt://127.0.0.1:1883 --block-bytes 1024',
        'device run --thing hub-1 --board nrf52840 --link nb-iot --variant m4f --explain-cost verify-time    # what it would cost',
        'device run --board nrf52840 --link nb-iot --algorithm ML-DSA-65    # the same, of an update made for the occasion',
        'device run --algorithm ML-DSA-65 --qos 0 --stream-format json --mqtt-version 3.1.1 --transport aws-sdk    # what differs on the wire',
        'device run --device batch-7/hub-0001    # made by `factory make`, with what `device provision` gave it',
      ],
    }),
  );
  withWireOptions(withCostOptions(command))
    .option('--device <dir>', 'instead of --thing: the folder of a device that is made')
    .option(
      '--algorithm <names>',
      'instead of --thing: an update of real firmware made for the occasion, signed with all of these: ES256,ML-DSA-65',
    )
    .option(
      '--mqtt <url>',
      'broker (default: that of the running embedded cloud, with TLS once the device is provisioned)',
    )
    .option('--mqtts <url>', 'broker with TLS: mqtts://host:port')
    .option(
      '--ca <file>',
      'of --mqtts, PEM: who issued the broker’s certificate (default: the embedded cloud’s server CA)',
    )
    .option('--server-name <name>', 'what the broker’s certificate is for, where that is not the host of --mqtts')
    .option('--key-exchange <how>', 'over TLS, X25519MLKEM768: required, preferred or off', 'preferred')
    .option('--block-bytes <n>', 'size of a stream block, 256 to 131072', '4096')
    .option('--request-bytes <n>', 'how much one request asks for, at least one block', '8192')
    .option('--timeout <seconds>', 'how long to wait for a job, once connected', '60')
    .option('--now <date>', 'what its clock says, 2046-01-31 (default: it has none that could be believed)');
  run<RunOptions>(command, async ({ options: given, io }) => {
    await using trial = await trialOf(given, io);
    const options = trial ? { ...given, ...trial.making } : given;
    const data = dataFolder(options.data);
    const wire = wireOf(options);
    const costing = new RunCosting(options);
    const stateFolder = folderToRun(options, io);
    const broker = brokerOf(options, { data, stateFolder });
    await using link = await linkOf(options, broker.mqttUrl);
    const outcome = await runWatched(
      { stateFolder, ...behindLink(broker, link), ...numbersOf(options), ...wire },
      { io, costing },
    );
    return resultOf(outcome, { costing, explain: options.explainCost, link });
  });
}

function resultOf(
  outcome: DeviceOutcome,
  {
    costing,
    explain,
    link,
  }: { readonly costing: RunCosting; readonly explain: string | undefined; readonly link: LinkBefore | undefined },
): CommandResult {
  const exit = outcome.result === 'succeeded' || outcome.result === 'no-job' ? 'done' : 'refused';
  const sheet = costing.sheet(outcome);
  const stats = link?.stats();
  const text = [
    describeOutcome(outcome),
    ...(link && stats ? [`  ${describeEnd(link.profile, stats)}`] : []),
    ...(sheet ? ['', describeCosts(sheet, explain)] : []),
  ];
  return {
    json: { ...jsonOf(outcome), ...(stats && { link: stats }), ...(sheet && { sheet }) },
    text: text.join('\n'),
    exit,
  };
}

/** @returns undefined where the device is named */
async function trialOf(options: RunOptions, io: Io): Promise<TrialUpdate | undefined> {
  const { algorithm, thing, device, mqtt, mqtts } = options;
  if (algorithm === undefined) return undefined;
  if ([thing, device, mqtt, mqtts].some((option) => option !== undefined))
    throw new UsageError(
      '--algorithm makes an update, a device and a cloud of its own: leave out --thing, --device and --mqtt',
    );
  const algorithms = parseAlgorithms(algorithm, '--algorithm');
  // Asked for at once: Ctrl-C reaches the cloud too, and what it leaves is then cleared away here.
  const { signal } = io;
  const board = boardOf(options);
  const trial = await openTrialUpdate({ algorithms, board, note: (line) => io.note(line) });
  signal.throwIfAborted();
  return trial;
}

/** @returns of a device that is made, now or before */
function folderToRun({ device, thing, ...options }: RunOptions, io: Io): string {
  if (device !== undefined) {
    if (thing !== undefined) throw new UsageError('expected --thing NAME or --device DIR, got both');
    if (isMade(device)) return resolve(device);
    throw new UsageError(`--device: there is no device in ${device}; make one with \`bristlecone factory make\``);
  }
  const name = expectThing(thing);
  const stateFolder = deviceFolder(dataFolder(options.data), name);
  if (!isMade(stateFolder)) {
    io.note(describeMade(makeDevice({ ...options, thing: name }, { stateFolder, nowMs: io.nowMs() })));
  }
  return stateFolder;
}

/** With TLS where the command line says so, the device has been given a certificate, or the cloud takes nobody without. */
function brokerOf(
  { mqtt, mqtts, ca, serverName, keyExchange }: RunOptions,
  { data, stateFolder }: { readonly data: string; readonly stateFolder: string },
): Pick<RunDeviceOptions, 'mqttUrl' | 'tls'> {
  if (mqtt !== undefined && mqtts !== undefined) throw new UsageError('expected --mqtt URL or --mqtts URL, got both');
  const how = oneOf(['required', 'preferred', 'off'], keyExchange, '--key-exchange');
  const isSecure = mqtt === undefined && (mqtts !== undefined || ca !== undefined || isProvisioned(stateFolder));
  const plain = isSecure ? undefined : brokerUrl(data, mqtt);
  if (plain?.startsWith('mqtt://')) return { mqttUrl: plain };
  const { url, ca: pem } = secureBroker(data, { mqtts, ca });
  return { mqttUrl: url, tls: { ca: pem, serverName, keyExchange: how } };
}

/** @returns undefined at level 1, which needs nothing between device and broker */
async function linkOf({ link, linkLevel }: RunOptions, mqttUrl: string): Promise<LinkBefore | undefined> {
  const level = oneOf(['1', '2', '3'], linkLevel ?? '1', '--link-level');
  if (level === '1') return undefined;
  const profile = parseLink(link);
  if (!profile) throw new UsageError(`--link-level ${level}: expected a --link too: see device links`);
  try {
    return await putLinkBefore(mqttUrl, { level: level === '2' ? 2 : 3, link: profile });
  } catch (error) {
    // A link that carries no IP.
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function behindLink(
  broker: Pick<RunDeviceOptions, 'mqttUrl' | 'tls'>,
  link: LinkBefore | undefined,
): Pick<RunDeviceOptions, 'mqttUrl' | 'tls'> {
  if (!link) return broker;
  const { tls } = broker;
  return { mqttUrl: link.url, ...(tls && { tls: { ...tls, serverName: tls.serverName ?? link.serverName } }) };
}

function isProvisioned(stateFolder: string): boolean {
  using device = openDevice(stateFolder);
  return operationalCredential(openCredentials(device, stateFolder)) !== undefined;
}

function numbersOf(options: RunOptions) {
  const blockBytes = parseCount(options.blockBytes, '--block-bytes');
  const requestBytes = parseCount(options.requestBytes, '--request-bytes');
  const seconds = parseCount(options.timeout, '--timeout');
  return {
    ...(blockBytes !== undefined && { blockBytes }),
    ...(requestBytes !== undefined && { requestBytes }),
    ...(seconds !== undefined && { timeoutMs: seconds * 1000 }),
    ...(options.now !== undefined && { nowSeconds: parseDate(options.now) }),
  };
}

function parseDate(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`--now: expected a date, got ${JSON.stringify(text.slice(0, 40))}`);
  return Math.floor(ms / 1000);
}

/** With what happens shown as it happens. */
async function runWatched(
  options: RunDeviceOptions,
  { io, costing }: { readonly io: Io; readonly costing: RunCosting },
): Promise<DeviceOutcome> {
  let bar: ReturnType<Io['progress']> | undefined;
  let lastLine: string | undefined;
  const onEvent = (event: AgentEvent): void => {
    costing.note(event);
    if (event.kind === 'block') {
      bar ??= io.progress(contentOf(event.fileId), event.fileBytes);
      bar.update(event.storedBytes, event.fileBytes);
      return;
    }
    bar?.stop();
    bar = undefined;
    const line = describeEvent(event);
    // A reboot goes on in the state it began in: once is enough.
    if (line !== undefined && line !== lastLine) io.note(line);
    lastLine = line ?? lastLine;
  };
  try {
    const { inspect, openTap } = costing;
    return await runDevice({ ...options, onEvent, inspect, openTap, signal: io.signal });
  } catch (error) {
    // A block size that the board cannot store, a folder that holds no device: the command line is what is wrong.
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    bar?.stop();
  }
}

const contentOf = (fileId: number): string =>
  isRootFile(fileId) ? 'root    ' : fileId === 0 ? 'envelope' : 'image   ';

function describeEvent(event: AgentEvent): string | undefined {
  if (event.kind === 'state') return event.state;
  if (event.kind === 'job') return `job ${event.jobId}`;
  if (event.kind === 'root') return `trusts root ${event.version}`;
  if (event.kind === 'retry') return `${event.what}: again in ${Math.round(event.afterMs)} ms`;
  return event.kind === 'block-refused' ? `block refused: ${event.detail}` : undefined;
}

const jsonOf = (outcome: DeviceOutcome) => ({ ...outcome, sequenceNumber: Number(outcome.sequenceNumber) });

function describeOutcome(outcome: DeviceOutcome): string {
  const { thing, costs, root } = outcome;
  const bytes = `${bytesOnTheWire(costs)} bytes on the wire, ${sumOf(costs, 'blocks')} blocks, ${sumOf(costs, 'round-trips')} round trips`;
  const unproven = root.proven === root.newest ? '' : ` (root ${root.proven} too, until an image proves it)`;
  return `${thing}: ${describeResult(outcome)}\n  runs sequence ${outcome.sequenceNumber} from slot ${outcome.slot}, trusts root ${root.newest}${unproven}; ${bytes}`;
}

function describeResult({ thing, result, code, at, detail, reported }: DeviceOutcome): string {
  switch (result) {
    case 'no-job':
      return `${detail}; queue one with: bristlecone campaign create --release ID --thing ${thing}`;
    case 'offline':
      return `offline (${detail}); run it again and it goes on from here`;
    case 'succeeded':
    case 'failed':
    case 'rejected':
      break;
  }
  const why = result === 'succeeded' ? '' : ` (${code}${at === '' ? '' : ` at ${at}`}: ${detail})`;
  return `${result}${why}${reported ? '' : '; the job was ended meanwhile, so nobody took its report'}`;
}
