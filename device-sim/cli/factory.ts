/** `bristlecone factory`: many devices as manufacturing makes them, each a folder. */
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { run, subcommand, textTable, UsageError } from '../../command-line.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { createClassId, createVendorId, formatUuid } from '../../protocol/suit/uuid.ts';
import { type FactoryContent, isMade, manufacture } from '../factory.ts';
import { type BudgetLine, flashBudget, overBudget } from '../flash-budget.ts';
import { type Board, BOARDS, layoutsOf } from '../profiles/boards.ts';
import { encodeClaim } from '../provisioning/claim.ts';
import { decodePem } from '../provisioning/pem.ts';
import { dataFolder } from './data-folder.ts';
import { asUsage, parseCount, readBytes } from './files.ts';
import { expectBoard, FACTORY_SEQUENCE, LAYOUT_HELP, PLACEHOLDER_IMAGE } from './make-device.ts';
import { describeRoot, readRoot, summaryOfRoot } from './root-file.ts';

interface FactoryOptions {
  readonly count: string;
  readonly root: string;
  readonly class: string;
  readonly vendor: string;
  readonly board: string;
  readonly layout?: string;
  readonly image?: string;
  readonly sequence?: string;
  readonly claim?: readonly string[];
  readonly prefix?: string;
  readonly first: string;
  readonly data?: string;
  readonly out?: string;
}

const MAX_COUNT = 1_000_000;
/** Devices between two looks at whether somebody wants to stop. */
const PAUSE_EVERY = 16;

export function registerFactoryCommands(program: Command): void {
  const factory = program.command('factory').description('what manufacturing flashes into devices');
  const command = subcommand(factory, {
    name: 'make',
    summary: 'make devices: trust root, claim credential, vendor, class and name, and a first image',
    examples: [
      'factory make --count 1000 --root root-1.cose --vendor example.com --class hub --claim claim.pem claim-key.pem',
      'factory make --count 10 --root root-1.cose --vendor example.com --class hub --board nrf52840 --image fw.bin --out batch-7',
    ],
  })
    .requiredOption('--count <n>', 'how many')
    .requiredOption('--root <file>', 'trust root that they leave the factory with')
    .requiredOption('--vendor <domain>', 'vendor that they are made by')
    .requiredOption('--class <name>', 'class of device')
    .option('--board <name>', 'what they are made of (`bristlecone device boards`)', BOARDS[0]!.name)
    .option('--layout <kind>', LAYOUT_HELP)
    .option('--image <file>', 'image that they leave the factory with (default: a placeholder)')
    .option('--sequence <n>', 'sequence number of that image')
    .option('--claim <files...>', 'claim certificate and its key, in PEM: what provisioning lets them in with')
    .option('--prefix <text>', 'their names are PREFIX-0001, PREFIX-0002 … (default: the class)')
    .option('--first <n>', 'number of the first', '1')
    .option('--data <dir>', 'folder of the embedded cloud (default: .bristlecone)')
    .option('--out <dir>', 'a folder for each of them goes in here (default: devices/ in the folder of --data)');
  run<FactoryOptions>(command, async ({ options, io }) => {
    const batch = batchOf(options);
    const bar = io.progress('Making devices', batch.things.length);
    let made = 0;
    for (const [index, thing] of batch.things.entries()) {
      const stateFolder = join(batch.folder, thing);
      if (!isMade(stateFolder)) {
        manufacture({ ...batch.content, thing, stateFolder, board: batch.board });
        made += 1;
      }
      if (index % PAUSE_EVERY === 0) await io.sleep(0);
      if (io.signal.aborted) break;
      bar.update(index + 1);
    }
    bar.stop();
    return resultOf(batch, { made, stopped: io.signal.aborted });
  });
}

interface Batch {
  readonly things: readonly string[];
  readonly folder: string;
  readonly board: Board;
  readonly content: Omit<FactoryContent, 'thing'>;
  readonly budget: readonly BudgetLine[];
}

/** @throws {UsageError} where something is missing, or does not fit the board */
function batchOf(options: FactoryOptions): Batch {
  const board = expectBoard(options.board, options.layout);
  const vendorId = createVendorId(options.vendor);
  const content = {
    vendorId,
    classId: createClassId(vendorId, options.class),
    root: readRoot(options.root),
    claim: claimOf(options.claim),
    image: options.image === undefined ? PLACEHOLDER_IMAGE : readBytes(options.image),
    sequenceNumber: parseCount(options.sequence, '--sequence') ?? FACTORY_SEQUENCE,
  };
  const folder = resolve(options.out ?? join(dataFolder(options.data), 'devices'));
  return { things: thingsOf(options), folder, board, content, budget: expectFit(board, content) };
}

function thingsOf({ count, first, prefix, class: className }: FactoryOptions): readonly string[] {
  const number = parseCount(count, '--count') ?? 0;
  if (number < 1 || number > MAX_COUNT) throw new UsageError(`--count: expected 1 to ${MAX_COUNT}, got ${count}`);
  const start = parseCount(first, '--first') ?? 1;
  const digits = Math.max(4, String(start + number - 1).length);
  const nameOf = (index: number): string => `${prefix ?? className}-${String(start + index).padStart(digits, '0')}`;
  if (!isThingName(nameOf(0))) {
    throw new UsageError(
      `--prefix: expected 1 to 123 of a-z A-Z 0-9 : _ -, got ${JSON.stringify(prefix ?? className)}`,
    );
  }
  return Array.from({ length: number }, (_, index) => nameOf(index));
}

function claimOf(files: readonly string[] | undefined): Uint8Array | undefined {
  if (!files) return undefined;
  const [certificate, privateKey] = files;
  if (certificate === undefined || privateKey === undefined || files.length > 2) {
    throw new UsageError(`--claim: expected a certificate and its key, got ${files.length} files`);
  }
  return encodeClaim({
    certificate: readDer('CERTIFICATE', certificate),
    privateKey: readDer('PRIVATE KEY', privateKey),
  });
}

const readDer = (label: 'CERTIFICATE' | 'PRIVATE KEY', file: string): Uint8Array =>
  asUsage(() => decodePem(label, new TextDecoder().decode(readBytes(file)), `--claim ${file}`));

function expectFit(board: Board, content: Omit<FactoryContent, 'thing'>): readonly BudgetLine[] {
  const budget = flashBudget(board, content);
  const [over] = overBudget(budget);
  if (!over) return budget;
  throw new UsageError(
    `--board: expected at most ${over.roomBytes} bytes of ${over.what} on ${board.name}, got ${over.bytes}`,
  );
}

function resultOf(
  { things, folder, board, content, budget }: Batch,
  { made, stopped }: { readonly made: number; readonly stopped: boolean },
) {
  const { root, vendorId, classId, image } = content;
  const there = stopped ? 0 : things.length - made;
  const rows = budget.map(({ what, bytes, roomBytes }) => [what, bytes, roomBytes]);
  const text = [
    `Made ${made} devices of ${board.name} as ${layoutsOf(board)[0]} in ${relative('.', folder) || '.'}${there > 0 ? `; ${there} were there already` : ''}${stopped ? '; stopped before the end' : ''}`,
    `  ${things[0]} … ${things.at(-1)}; ${describeRoot(root)}`,
    '',
    textTable(['flashed into each', 'bytes', 'room'], rows),
  ].join('\n');
  const json = {
    made,
    there,
    stopped,
    folder,
    first: things[0],
    last: things.at(-1),
    board: board.name,
    layout: layoutsOf(board)[0],
    vendorId: formatUuid(vendorId),
    classId: formatUuid(classId),
    root: summaryOfRoot(root),
    imageBytes: image.length,
    claim: content.claim !== undefined,
    budget,
  };
  return { json, text, exit: stopped ? ('refused' as const) : ('done' as const) };
}
