/**
 * `npm run bench`: how fast ours is beside named peers, all in one run, and the readers' agreement over mutated bytes.
 * Ratios are for comparing; the absolute figures are of this machine and this moment. A missed goal is said, and is no
 * failure: benchmarks are noisy. A crash or an unexplained disagreement of the readers is one.
 *
 *     npm run bench -- --only verify --json
 */
import { parseArgs } from 'node:util';
import { textTable } from '../../command-line.ts';
import { benchDecode } from './decode.ts';
import { differential } from './differential.ts';
import { benchKmsSign } from './kms-sign.ts';
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
};
const READERS = 'readers';

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean' } } });
const wanted = (name: string): boolean => values.only === undefined || values.only === name;
if (values.only !== undefined && values.only !== READERS && !(values.only in BENCHES)) {
  console.error(`--only: expected one of ${[...Object.keys(BENCHES), READERS].join(', ')}, got ${values.only}`);
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (!wanted(name)) continue;
  console.error(`${name} …`);
  rows.push(...(await bench()));
}
if (rows.length > 0 && !values.json)
  console.log(textTable(['what', 'ours', 'peer', 'unit', 'ratio', 'goal'], rows.map(cells)));

let readers: ReturnType<typeof differential> | undefined;
if (wanted(READERS)) {
  console.error(`${READERS} …`);
  Error.stackTraceLimit = 0; // most inputs throw twice, and nobody reads where
  readers = differential({ mutations: MUTATIONS, seed: SEED });
  if (!values.json) console.log('\nStrict reader beside cbor2 in strict mode:', readers);
  if (readers.crashes.length + readers.disagreements.length > 0) process.exitCode = 1;
}
if (values.json) console.log(JSON.stringify({ rows, readers }));

function cells({ name, ours, peer, unit, ratio, goal }: BenchRow): string[] {
  const verdict = goal === undefined ? '' : `≥ ${goal.toFixed(3)} ${ratio >= goal ? 'met' : 'MISSED'}`;
  return [name, rounded(ours), rounded(peer), unit, ratio.toFixed(3), verdict];
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
