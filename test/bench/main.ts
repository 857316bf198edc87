/**
 * `npm run bench`: how fast ours is beside named peers, all in one run, and the readers' agreement over mutated bytes.
 * Ratios are for comparing; the absolute figures are of this machine and this moment. A missed goal is said, and is no
 * failure: benchmarks are noisy. A crash or an unexplained disagreement of the readers is one.
 *
 *     npm run bench -- --only verify --json
 *     npm run bench -- --write                          every part, kept in docs/benchmarks.json, and BENCHMARKS.md anew
 *     npm run bench -- --only none --write --fleet out/fleet.json     a run of `bristlecone fleet`, into the page
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { textTable } from '../../command-line.ts';
import { machineFacts, mosquittoVersion } from '../../device-sim/fleet/machine-facts.ts';
import type { FleetResult } from '../../device-sim/fleet/result.ts';
import {
  type Benchmarks,
  fleetFigures,
  fleetTitle,
  type RanAt,
  readBenchmarks,
  writeBenchmarks,
} from './benchmarks.ts';
import { benchDecode } from './decode.ts';
import { differential, type DifferentialResult } from './differential.ts';
import { fleetRows, runBenchFleet } from './fleet.ts';
import { benchKmsSign } from './kms-sign.ts';
import { measureMosquitto } from './mosquitto.ts';
import { publishedArithmetic, publishedMosquitto, type PublishedRow } from './published.ts';
import type { BenchRow } from './row.ts';
import { benchStreamDownload } from './stream-download.ts';
import { benchVerify } from './verify.ts';

const MUTATIONS = 1_000_000;
const SEED = 1;

const BENCHES: Readonly<Record<string, () => BenchRow[] | Promise<BenchRow[]>>> = {
  verify: benchVerify,
  decode: benchDecode,
  streams: benchStreamDownload,
  kms: benchKmsSign,
  fleet: async () => fleetRows(await runBenchFleet()),
};
const PUBLISHED = 'published';
const READERS = 'readers';
const NAMES = [...Object.keys(BENCHES), PUBLISHED, READERS, 'none'];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean' },
    write: { type: 'boolean' },
    fleet: { type: 'string', multiple: true, default: [] },
  },
});
const wanted = (name: string): boolean => values.only === undefined || values.only === name;
if (values.only !== undefined && !NAMES.includes(values.only)) {
  console.error(`--only: expected one of ${NAMES.join(', ')}, got ${values.only}`);
  process.exit(2);
}

const parts: Record<string, readonly BenchRow[]> = {};
for (const [name, bench] of Object.entries(BENCHES)) {
  if (!wanted(name)) continue;
  console.error(`${name} …`);
  parts[name] = await bench();
}
const rows = Object.values(parts).flat();
if (rows.length > 0 && !values.json)
  console.log(textTable(['what', 'ours', 'peer', 'unit', 'ratio', 'goal'], rows.map(cells)));

const published = wanted(PUBLISHED) ? await benchPublished() : undefined;
if (published && !values.json)
  console.log(textTable(['what', 'published', 'ours', 'unit', 'why they differ'], published.map(publishedCells)));

let readers: DifferentialResult | undefined;
if (wanted(READERS)) {
  console.error(`${READERS} …`);
  Error.stackTraceLimit = 0; // most inputs throw twice, and nobody reads where
  readers = differential({ mutations: MUTATIONS, seed: SEED });
  if (!values.json) console.log('\nStrict reader beside cbor2 in strict mode:', readers);
  if (readers.crashes.length + readers.disagreements.length > 0) process.exitCode = 1;
}
if (values.json) console.log(JSON.stringify({ rows, published, readers }));
if (values.write) keep();

async function benchPublished(): Promise<readonly PublishedRow[]> {
  console.error(`${PUBLISHED} …`);
  if (mosquittoVersion() !== undefined)
    return [...publishedArithmetic(), ...publishedMosquitto(await measureMosquitto())];
  console.error('no mosquitto on this machine: its figures are left out');
  return publishedArithmetic();
}

/** Beside what earlier runs found: only what was run now is replaced. */
function keep(): void {
  const known = readBenchmarks();
  const ran: RanAt = { at: new Date().toISOString(), commit: commitOf(), machine: machineFacts('') };
  const ranParts = Object.entries(parts).map(([name, partRows]) => [name, { ...ran, rows: partRows }] as const);
  const fleets = values.fleet.map((file): FleetResult => JSON.parse(readFileSync(file, 'utf8')));
  const benchmarks: Benchmarks = {
    ...known,
    parts: { ...known.parts, ...Object.fromEntries(ranParts) },
    ...(readers && { readers: { ...ran, ...readerFigures(readers) } }),
    ...(published && { published: { ...ran, rows: published } }),
    fleets: { ...known.fleets, ...Object.fromEntries(fleets.map((it) => [fleetTitle(it), fleetFigures(it)])) },
  };
  writeBenchmarks(benchmarks);
}

function readerFigures({ mutations, seed, crashes, disagreements }: DifferentialResult) {
  return { mutations, seed, crashes: crashes.length, disagreements: disagreements.length };
}

function commitOf(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

function cells({ name, ours, peer, unit, ratio, goal }: BenchRow): string[] {
  const verdict = goal === undefined ? '' : `≥ ${goal.toFixed(3)} ${ratio >= goal ? 'met' : 'MISSED'}`;
  return [name, rounded(ours), rounded(peer), unit, ratio.toFixed(3), verdict];
}

function publishedCells({ what, published: theirs, ours, unit, difference }: PublishedRow): string[] {
  const digits = unit === '%' ? 2 : 0;
  return [what, theirs.toFixed(digits), ours.toFixed(digits), unit, difference];
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
