/** Options that say how a device leaves its factory, and the device that comes of them. */
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { toHex, utf8 } from '../../protocol/bytes.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { createClassId, createVendorId } from '../../protocol/suit/uuid.ts';
import { type DeviceSpec, manufacture } from '../factory.ts';
import { type Board, boardNamed, BOARDS, dividedAs, layoutsOf } from '../profiles/boards.ts';
import { dataFolder, type FactoryOrder, readFactoryOrder } from './data-folder.ts';
import { parseCount, readBytes } from './files.ts';
import { describeRoot, readRoot, rootFrom, type RootOptions, summaryOfRoot } from './root-file.ts';

/** What a device runs that nobody gave an image: it is there to be replaced. */
export const PLACEHOLDER_IMAGE = utf8('Bristlecone factory image. '.repeat(152));
export const FACTORY_SEQUENCE = 0;

export const LAYOUT_HELP =
  'how its flash is divided: a/b (either slot starts), swap (the boot loader swaps them), external (default: the first that device boards has)';

export interface MakeOptions extends RootOptions {
  readonly thing: string;
  readonly data?: string;
  readonly vendor?: string;
  readonly class?: string;
  readonly board?: string;
  readonly layout?: string;
  readonly image?: string;
  readonly sequence?: string;
}

export const withMakeOptions = (command: Command): Command =>
  command
    .option('--thing <name>', 'name of the device, and its MQTT client id')
    .option('--data <dir>', 'folder of the embedded cloud; devices are kept in it (default: .bristlecone)')
    .option('--vendor <domain>', 'vendor that the device is made by')
    .option('--class <name>', 'class of device')
    .option('--board <name>', `what it is made of: see device boards (default: ${BOARDS[0]!.name})`)
    .option('--layout <kind>', LAYOUT_HELP)
    .option('--root <file>', 'trust root that it leaves the factory with')
    .option(
      '--anchor <file...>',
      'instead, for trying out: a development root that trusts releases by these public keys',
    )
    .option('--require <algorithms>', 'of --anchor, comma-separated: all must have signed (default: one key of each)')
    .option('--image <file>', 'image that it leaves the factory with')
    .option('--sequence <n>', 'sequence number of that image');

/** @throws {UsageError} where there is not enough to make a device of, or it does not fit the board */
export function makeDevice(
  options: MakeOptions,
  { stateFolder, nowMs }: { readonly stateFolder: string; readonly nowMs: number },
): DeviceSpec {
  const order = readFactoryOrder(dataFolder(options.data));
  const identity = identityOf(options, order);
  const root = rootFrom(options, nowMs) ?? (order?.rootFile === undefined ? undefined : readRoot(order.rootFile));
  if (!identity || !root) {
    throw new UsageError(
      `${options.thing} is not made yet: expected --vendor, --class and --root (or --anchor), or a release in the data folder to make it for`,
    );
  }
  const spec: DeviceSpec = {
    stateFolder,
    board: boardOf(options),
    thing: options.thing,
    ...identity,
    root,
    image: options.image === undefined ? PLACEHOLDER_IMAGE : readBytes(options.image),
    sequenceNumber: parseCount(options.sequence, '--sequence') ?? FACTORY_SEQUENCE,
  };
  makeFitting(spec);
  return spec;
}

/** @throws {UsageError} unless it is the name of a thing */
export function expectThing(name: string | undefined): string {
  if (name !== undefined && isThingName(name)) return name;
  const got = name === undefined ? 'nothing' : JSON.stringify(name.slice(0, 128));
  throw new UsageError(`--thing: expected 1 to 128 of a-z A-Z 0-9 : _ -, got ${got}`);
}

/** What the options name, or what is usual. @throws {UsageError} */
export const boardOf = ({ board, layout }: Pick<MakeOptions, 'board' | 'layout'>): Board =>
  expectBoard(board ?? BOARDS[0]!.name, layout);

/** Divided as `layout` says, or as is usual for it. */
export function expectBoard(name: string, layout?: string): Board {
  const board = boardNamed(name);
  if (!board) throw notOneOf('--board:', { known: BOARDS.map((it) => it.name), got: name });
  if (layout === undefined) return board;
  const kinds = layoutsOf(board);
  const kind = kinds.find((it) => it === layout);
  if (!kind) throw notOneOf(`--layout: on ${name}`, { known: kinds, got: layout });
  return dividedAs(board, kind);
}

const notOneOf = (
  what: string,
  { known, got }: { readonly known: readonly string[]; readonly got: string },
): UsageError => new UsageError(`${what} expected one of ${known.join(', ')}, got ${JSON.stringify(got.slice(0, 40))}`);

/** @throws {UsageError} with the numbers, where it does not fit */
function makeFitting(spec: DeviceSpec): void {
  try {
    manufacture(spec);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function identityOf(options: MakeOptions, order: FactoryOrder | undefined) {
  const vendor = options.vendor ?? order?.vendor;
  const className = options.class ?? order?.className;
  if (vendor === undefined || className === undefined) return undefined;
  const vendorId = createVendorId(vendor);
  return { vendorId, classId: createClassId(vendorId, className) };
}

/** For `--json`. */
export const summaryOfMade = ({ thing, board, stateFolder, root, image, sequenceNumber }: DeviceSpec) => ({
  thing,
  board: board.name,
  layout: layoutsOf(board)[0],
  stateFolder,
  root: summaryOfRoot(root),
  imageDigest: toHex(digestOfImage(image).bytes),
  imageBytes: image.length,
  sequenceNumber: Number(sequenceNumber),
});

export const describeMade = ({ thing, board, root, image, sequenceNumber }: DeviceSpec): string =>
  `Made ${thing} (${board.name} as ${layoutsOf(board)[0]}, image of ${image.length} bytes, sequence ${sequenceNumber}): ${describeRoot(root)}`;
