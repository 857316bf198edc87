/**
 * How much of bare `crypto.sign` is left when ML-DSA-65 is signed by the embedded KMS through the AWS SDK, with 32 calls in
 * flight.
 *
 * The SDK's own work (0.7 ms a call on the machine this was written on) is nearly as much as a signature's (1 ms), and no
 * server can make it less. So there are two measures: the server on one core against crypto.sign on that same core, with
 * the client on the others, which is what the KMS adds; and everything on all cores, which is what a caller gets when it
 * shares the machine with its KMS. Sides take turns, so that a slow second hits all alike; but the KMS needs two cores at
 * once and crypto.sign one, so a busy machine still takes more from the KMS. What it costs whatever else runs is the CPU
 * time of a signature, which is why that is a row too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startKmsProcess } from '../support/kms-process.ts';
import { median } from './measure.ts';
import type { BenchRow } from './row.ts';

const CHILD = fileURLToPath(new URL('./kms-sign-child.ts', import.meta.url));
const GOAL = 0.8;
const ROUNDS = 15;
const ROUND_MS = 400;
const WARM_UP_MS = 1_500;

/** A process that says how many signatures a second it makes. */
interface Side {
  rate(durationMs: number): Promise<number>;
  readonly child: ChildProcess;
}

async function startSide(args: readonly string[], runner: readonly string[]): Promise<Side> {
  const [command = process.execPath, ...before] = runner;
  const node = runner.length > 0 ? [process.execPath] : [];
  const child = spawn(command, [...before, ...node, CHILD, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  return {
    child,
    async rate(durationMs) {
      child.stdin.write(`${durationMs}\n`);
      const [line] = await once(lines, 'line');
      return Number(line);
    },
  };
}

interface Cores {
  readonly server: readonly string[];
  readonly client: readonly string[];
}

const ALL_CORES: Cores = { server: [], client: [] };

/** One core for the server, the others for the client; undefined where that cannot be had. */
function separateCores(): Cores | undefined {
  const cores = availableParallelism();
  if (cores < 2) return undefined;
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { server: ['taskset', '-c', '0'], client: ['taskset', '-c', `1-${cores - 1}`] };
}

/** Signatures per second, and those of `raw` and `bare` per second of CPU time of the process that signs. */
interface Round {
  readonly raw: number;
  readonly bare: number;
  readonly mu: number;
  readonly rawPerCpu: number;
  readonly barePerCpu: number;
}

/** The KMS and crypto.sign, each on its `cores.server`, in turns; the KMS by mu as well where that is asked for. */
async function runRounds({ server, client }: Cores, withMu: boolean): Promise<Round[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bristlecone-bench-'));
  const { child, url } = await startKmsProcess(folder, server);
  const raw = await startSide(['sdk', url, 'RAW'], client);
  const bare = await startSide(['bare'], server);
  const mu = await startSide(['sdk', url, 'EXTERNAL_MU'], client);
  const sides = withMu ? [raw, bare, mu] : [raw, bare];
  try {
    for (const side of sides) await side.rate(WARM_UP_MS);
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) {
      const ofRaw = await measure(raw, child);
      const ofBare = await measure(bare, bare.child);
      const muRate = withMu ? await mu.rate(ROUND_MS) : Number.NaN;
      rounds.push({
        raw: ofRaw.rate,
        bare: ofBare.rate,
        mu: muRate,
        rawPerCpu: ofRaw.perCpu,
        barePerCpu: ofBare.perCpu,
      });
    }
    return rounds;
  } finally {
    for (const process of [child, raw.child, bare.child, mu.child]) process.kill();
    await rm(folder, { recursive: true });
  }
}

async function measure(side: Side, signer: ChildProcess): Promise<{ rate: number; perCpu: number }> {
  const before = cpuSeconds(signer);
  const rate = await side.rate(ROUND_MS);
  const signatures = (rate * ROUND_MS) / 1000;
  return { rate, perCpu: signatures / (cpuSeconds(signer) - before) };
}

/** NaN where there is no /proc. Counts in steps of 10 ms: proc(5), utime and stime. */
function cpuSeconds({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return Number.NaN;
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The ratio is taken in each round, and of the rounds the median counts. */
const rowOf = (name: string, rounds: readonly Round[], ours: keyof Round, peer: keyof Round): BenchRow => ({
  name,
  ours: median(rounds.map((round) => round[ours])),
  peer: median(rounds.map((round) => round[peer])),
  ratio: median(rounds.map((round) => round[ours] / round[peer])),
  unit: 'signatures/s',
});

export async function benchKmsSign(): Promise<BenchRow[]> {
  const separate = separateCores();
  const apart = separate ? await runRounds(separate, false) : [];
  const together = await runRounds(ALL_CORES, true);
  const onOneCore = "ML-DSA-65 Sign over the SDK against crypto.sign on the server's core";
  const onAllCores = 'ML-DSA-65 Sign over the SDK, client included, against crypto.sign on all cores';
  return [
    ...(separate
      ? [
          { ...rowOf(onOneCore, apart, 'raw', 'bare'), goal: GOAL },
          rowOf(`${onOneCore}, per second of CPU time`, apart, 'rawPerCpu', 'barePerCpu'),
        ]
      : []),
    rowOf(onAllCores, together, 'raw', 'bare'),
    rowOf('ML-DSA-65 Sign by EXTERNAL_MU against RAW, over the SDK', together, 'mu', 'raw'),
  ];
}

if (import.meta.main) {
  for (const { name, ours, peer, ratio } of await benchKmsSign())
    console.log(`${name}: ${Math.round(ours)} and ${Math.round(peer)}, ratio ${ratio.toFixed(2)}`);
}
