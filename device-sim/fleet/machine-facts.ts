/** What this machine is and offers, where its system says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, release, totalmem, type } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import { type Demand, expectRoomFor, type Surroundings } from './preflight.ts';
import type { FleetMachine, FleetSettings } from './result.ts';

/** @throws {FleetError} where this machine has not what such a fleet needs */
export function expectRoomOnThisMachine({
  broker,
  ...rest
}: Omit<Demand, 'isBrokerHere'> & Pick<FleetSettings, 'broker'>): void {
  const demand: Demand = { ...rest, isBrokerHere: !broker.includes('://') };
  const here: Surroundings = {
    fileDescriptors: openFilesLimit(),
    localPorts: localPorts(),
    freeMemoryBytes: availableMemory(),
  };
  expectRoomFor(demand, here);
}

export const machineFacts = (broker: string): FleetMachine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  os: `${type()} ${release()}`,
  node: process.versions.node,
  bristlecone: manifest.version,
  broker,
});

/** Of a process: resident memory and processor time. Undefined where the system does not say, or it has ended. */
export interface ProcessReading {
  readonly rssBytes: number;
  readonly cpuMs: number;
}

/** USER_HZ and the page size of every Linux that Node runs on. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

export function readProcess(pid: number): ProcessReading | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // proc(5): after the name in parentheses, which may hold anything, fields 3 (state) and on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
  if (user === undefined || system === undefined || pages === undefined) return undefined;
  return { rssBytes: pages * PAGE_BYTES, cpuMs: (user + system) * TICK_MS };
}

/** Node has raised the soft limit to the hard one when it started. */
function openFilesLimit(): number | undefined {
  const line = readOrNothing('/proc/self/limits')
    ?.split('\n')
    .find((it) => it.startsWith('Max open files'));
  const hard = Number(line?.trim().split(/ {2,}/)[2]);
  return Number.isFinite(hard) ? hard : undefined;
}

function localPorts(): number | undefined {
  const [low, high] = (readOrNothing('/proc/sys/net/ipv4/ip_local_port_range') ?? '').trim().split(/\s+/).map(Number);
  return low === undefined || high === undefined ? undefined : high - low + 1;
}

/** What new programs can have, caches given up; `freemem` does not count those. */
function availableMemory(): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readOrNothing('/proc/meminfo') ?? '')?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1_024;
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** `mosquitto 2.0.11`; undefined where there is none. */
export function mosquittoVersion(): string | undefined {
  const { stdout, error } = spawnSync('mosquitto', ['-h'], { encoding: 'utf8' });
  if (error) return undefined;
  return `mosquitto ${/version ([\d.]+)/.exec(stdout)?.[1] ?? 'of unknown version'}`;
}
