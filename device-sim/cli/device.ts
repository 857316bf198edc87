/** `bristlecone device`: make simulated devices, and run them. */
import type { Command } from 'commander';
import { type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import { describeAnchor } from '../../protocol/cose/algorithms.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';
import { type DeviceOutcome, runDevice } from '../device.ts';
import { type DeviceSpec, isMade, manufacture } from '../factory.ts';
import { sumOf } from '../metrics/cost.ts';
import type { AgentEvent } from '../ports.ts';
import { BOARDS } from '../profiles/boards.ts';
import { brokerUrl, dataFolder, deviceFolder, readFactoryOrder } from './data-folder.ts';
import { parseAlgorithms, parseCount, readAnchors, readBytes } from './files.ts';

/** What a device runs that nobody gave an image: it is there to be replaced. */
const PLACEHOLDER_IMAGE = utf8('Bristlecone factory image. '.repeat(152));
const FACTORY_SEQUENCE = 0;

interface MakeOptions {
  readonly thing: string;
  readonly data?: string;
  readonly vendor?: string;
  readonly class?: string;
  readonly anchor?: readonly string[];
  readonly require?: string;
  readonly image?: string;
  readonly sequence?: string;
}

interface RunOptions extends MakeOptions {
  readonly mqtt?: string;
  readonly blockBytes?: string;
  readonly requestBytes?: string;
  readonly timeout?: string;
}

export function registerDeviceCommands(program: Command): void {
  const device = program.command('device').description('simulated constrained devices');
  registerMake(device);
  registerRun(device);
}

const withMakeOptions = (command: Command): Command =>
  command
    .requiredOption('--thing <name>', 'name of the device, and its MQTT client id')
    .option('--data <dir>', 'folder of the embedded cloud; devices are kept in it (default: .bristlecone)')
    .option('--vendor <domain>', 'vendor that the device is made by')
    .option('--class <name>', 'class of device')
    .option('--anchor <file...>', 'public keys that it trusts')
    .option('--require <algorithms>', 'comma-separated: all of them must have signed')
    .option('--image <file>', 'image that it leaves the factory with')
    .option('--sequence <n>', 'sequence number of that image');

function registerMake(parent: Command): void {
  const command = withMakeOptions(
    subcommand(parent, {
      name: 'make',
      summary: 'what a factory does: flash identity, trust and a first image',
      examples: ['device make --thing hub-1 --vendor example.com --class hub --anchor release.cose --image old.bin'],
    }),
  );
  run<MakeOptions>(command, async ({ options }) => {
    const folder = deviceFolder(dataFolder(options.data), expectThing(options.thing));
    if (isMade(folder)) throw new UsageError(`--thing: there is a device ${options.thing} already, in ${folder}`);
    const made = make(options, folder);
    return { json: summaryOf(made), text: describeMade(made) };
  });
}

function registerRun(parent: Command): void {
  const command = withMakeOptions(
    subcommand(parent, {
      name: 'run',
      summary: 'run one device until its job is done; a new name is made first, as the operator’s factory folder says',
      examples: [
        'device run --thing hub-1',
        'device run --thing hub-1 --mqtt mqtt://127.0.0.1:1883 --block-bytes 1024',
      ],
    }),
  )
    .option('--mqtt <url>', 'broker (default: that of the running embedded cloud)')
    .option('--block-bytes <n>', 'size of a stream block, 256 to 131072', '4096')
    .option('--request-bytes <n>', 'how much one request asks for, at least one block', '8192')
    .option('--timeout <seconds>', 'how long to wait for a job, once connected', '60');
  run<RunOptions>(command, async ({ options, io }) => {
    const data = dataFolder(options.data);
    const folder = deviceFolder(data, expectThing(options.thing));
    if (!isMade(folder)) io.note(describeMade(make(options, folder)));
    const mqttUrl = brokerUrl(data, options.mqtt);
    const numbers = numbersOf(options);
    const outcome = await runWatched({ stateFolder: folder, mqttUrl, ...numbers }, io);
    const done = outcome.result === 'succeeded' || outcome.result === 'no-job';
    return { json: jsonOf(outcome), text: describeOutcome(outcome), exit: done ? 'done' : 'refused' };
  });
}

function make(options: MakeOptions, stateFolder: string): DeviceSpec {
  const order = readFactoryOrder(dataFolder(options.data));
  const identity = identityOf(options, order);
  const anchors = options.anchor ? readAnchors(options.anchor) : (order?.anchors ?? []);
  if (!identity || anchors.length === 0) {
    throw new UsageError(
      `${options.thing} is not made yet: expected --vendor, --class and --anchor, or a release in the data folder to make it for`,
    );
  }
  const image = options.image === undefined ? PLACEHOLDER_IMAGE : readBytes(options.image);
  const spec: DeviceSpec = {
    stateFolder,
    board: BOARDS[0]!,
    thing: options.thing,
    ...identity,
    anchors,
    requiredAlgorithms: parseAlgorithms(options.require),
    image,
    sequenceNumber: parseCount(options.sequence, '--sequence') ?? FACTORY_SEQUENCE,
  };
  manufacture(spec);
  return spec;
}

function identityOf(options: MakeOptions, order: ReturnType<typeof readFactoryOrder>) {
  const vendor = options.vendor ?? order?.vendor;
  const className = options.class ?? order?.className;
  if (vendor === undefined || className === undefined) return undefined;
  const vendorId = createVendorId(vendor);
  return { vendorId, classId: createClassId(vendorId, className) };
}

const summaryOf = ({ thing, board, stateFolder, anchors, requiredAlgorithms, image, sequenceNumber }: DeviceSpec) => ({
  thing,
  board: board.name,
  stateFolder,
  anchors: anchors.map(({ algorithm, keyId }) => ({ algorithm: algorithm.name, keyId: toHex(keyId) })),
  requiredAlgorithms,
  imageDigest: toHex(digestOfImage(image).bytes),
  imageBytes: image.length,
  sequenceNumber: Number(sequenceNumber),
});

function describeMade(spec: DeviceSpec): string {
  const required =
    spec.requiredAlgorithms.length === 0
      ? 'any one of them is enough'
      : `${spec.requiredAlgorithms.join(' and ')} must have signed`;
  return `Made ${spec.thing} (${spec.board.name}, image of ${spec.image.length} bytes, sequence ${spec.sequenceNumber}): trusts ${spec.anchors.map(describeAnchor).join(', ')}; ${required}`;
}

function numbersOf(options: RunOptions) {
  const blockBytes = parseCount(options.blockBytes, '--block-bytes');
  const requestBytes = parseCount(options.requestBytes, '--request-bytes');
  const seconds = parseCount(options.timeout, '--timeout');
  return {
    ...(blockBytes !== undefined && { blockBytes }),
    ...(requestBytes !== undefined && { requestBytes }),
    ...(seconds !== undefined && { timeoutMs: seconds * 1000 }),
  };
}

/** With what happens shown as it happens. */
async function runWatched(options: Parameters<typeof runDevice>[0], io: Io): Promise<DeviceOutcome> {
  let bar: ReturnType<Io['progress']> | undefined;
  let lastLine: string | undefined;
  const onEvent = (event: AgentEvent): void => {
    if (event.kind === 'block') {
      bar ??= io.progress(event.fileId === 0 ? 'envelope' : 'image   ', event.fileBytes);
      bar.update(event.storedBytes, event.fileBytes);
      return;
    }
    bar?.stop();
    bar = undefined;
    const line = describeEvent(event);
    // A reboot goes on in the state it began in: once is enough.
    if (line !== undefined && line !== lastLine) io.note(line);
    lastLine = line;
  };
  try {
    return await runDevice({ ...options, onEvent, signal: io.signal });
  } catch (error) {
    // A block size that the board cannot store, a folder that holds no device: the command line is what is wrong.
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    bar?.stop();
  }
}

function describeEvent(event: AgentEvent): string | undefined {
  if (event.kind === 'state') return event.state;
  if (event.kind === 'job') return `job ${event.jobId}`;
  if (event.kind === 'retry') return `${event.what}: again in ${Math.round(event.afterMs)} ms`;
  return event.kind === 'block-refused' ? `block refused: ${event.detail}` : undefined;
}

const jsonOf = (outcome: DeviceOutcome) => ({ ...outcome, sequenceNumber: Number(outcome.sequenceNumber) });

function describeOutcome(outcome: DeviceOutcome): string {
  const { thing, costs } = outcome;
  const bytes = `${sumOf(costs, 'sent') + sumOf(costs, 'received')} bytes on the wire, ${sumOf(costs, 'blocks')} blocks, ${sumOf(costs, 'round-trips')} round trips`;
  return `${thing}: ${describeResult(outcome)}\n  runs sequence ${outcome.sequenceNumber} from slot ${outcome.slot}; ${bytes}`;
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

function expectThing(name: string): string {
  if (isThingName(name)) return name;
  throw new UsageError(`--thing: expected 1 to 128 of a-z A-Z 0-9 : _ -, got ${JSON.stringify(name.slice(0, 128))}`);
}
