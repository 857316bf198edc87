/** The fleet of `bristlecone fleet` as a benchmark: a thousand devices beside the bare ceiling of the same broker. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetResult } from '../../device-sim/fleet/result.ts';
import { runSubcommand } from '../../device-sim/measure/subcommands.ts';
import type { BenchRow } from './row.ts';

const DEVICES = 1_000;
const GOAL = 0.7;
/** bytes. The goal for a device of 10,000; of 1,000, much of it is the processes' own. */
const MEMORY = 30_000;

export async function runBenchFleet(): Promise<FleetResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-bench-'));
  try {
    const { json, exitCode } = await runSubcommand([
      ...['fleet', '--devices', String(DEVICES), '--connect-first', '--out', folder],
    ]);
    if (exitCode !== 0) throw new Error(`the fleet failed: ${JSON.stringify(json).slice(0, 500)}`);
    return JSON.parse(readFileSync(join(folder, 'fleet.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function fleetRows({ devices, ceiling, delivery, seconds, traffic, fleet }: FleetResult): BenchRow[] {
  if (!ceiling) throw new Error('expected a fleet with its ceiling');
  const { receivedBytesPerSecond: peer, deliveryRatio, wholeRatio } = ceiling;
  const name = `fleet of ${devices.toLocaleString('en-US')}`;
  return [
    {
      ...{ name: `${name}: delivery beside bare packets`, ours: delivery.receivedBytesPerSecond, peer },
      ...{ ratio: deliveryRatio, goal: GOAL, unit: 'byte/s' },
    },
    {
      ...{ name: `${name}: the whole campaign beside bare packets`, ours: traffic.receivedBytes / seconds, peer },
      ...{ ratio: wholeRatio, unit: 'byte/s' },
    },
    {
      ...{ name: `${name}, connected at once: 30 KB beside its memory`, ours: MEMORY, peer: fleet.rssBytesPerDevice },
      ...{ ratio: MEMORY / fleet.rssBytesPerDevice, unit: 'byte' },
    },
  ];
}
