/** Which things a command is about, as options of it: by name, by number, in a file, or all that the cloud knows. */
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../command-line.ts';
import { MAX_THINGS, numberedThings, thingsInText } from '../campaigns/thing-names.ts';
import type { Store } from '../store/store.ts';
import { listThings } from '../store/things.ts';

export interface ThingOptions {
  readonly thing?: readonly string[];
  readonly thingPrefix?: string;
  readonly count?: string;
  readonly first?: string;
  readonly thingsFile?: string;
  readonly all?: true;
}

export const withThingOptions = (command: Command): Command =>
  command
    .option('--thing <name...>', 'things to update')
    .option('--thing-prefix <text>', 'numbered things: with --count 10000, fleet- means fleet-00001 to fleet-10000')
    .option('--count <n>', 'how many numbered things')
    .option('--first <n>', 'number of the first one (default: 1)')
    .option('--things-file <file>', 'things in a file, one name a line')
    .option('--all', 'every thing that the cloud knows');

/** Each once. */
export async function chosenThings(options: ThingOptions, store: Store): Promise<readonly string[]> {
  const { thing, thingPrefix, thingsFile, all, count, first } = options;
  if ([thing, thingPrefix, thingsFile, all].filter((it) => it !== undefined).length !== 1)
    throw new UsageError('expected one of --thing NAME…, --thing-prefix TEXT, --things-file FILE and --all');
  if (thingPrefix === undefined && (count ?? first) !== undefined)
    throw new UsageError('--count and --first number the things of --thing-prefix, which is missing');
  return [...new Set(await namesOf(options, store))];
}

async function namesOf(options: ThingOptions, store: Store): Promise<readonly string[]> {
  const { thing, thingPrefix: prefix, thingsFile, count, first } = options;
  if (thing) return thing;
  if (thingsFile !== undefined) return thingsInText(await readFile(thingsFile, 'utf8'));
  if (prefix === undefined) return (await listThings(store)).map(({ name }) => name);
  if (count === undefined) throw new UsageError('--thing-prefix: expected --count with it');
  return numberedThings({
    prefix,
    count: wholeNumber('--count', count, 1),
    ...(first === undefined ? {} : { first: wholeNumber('--first', first, 0) }),
  });
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= MAX_THINGS) return number;
  const found = JSON.stringify(text.slice(0, 20));
  throw new UsageError(`${option}: expected a whole number from ${least} to ${MAX_THINGS}, got ${found}`);
}
