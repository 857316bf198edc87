/** The main job's answer: what each signature cost on the wire, phase by phase, against ES256 at the same block size. */
import type { CostRow } from '../metrics/cost.ts';
import type { Phase } from '../metrics/phases.ts';
import type { Installation } from './bench.ts';

/** Those with bytes on the wire. */
export const WIRE_PHASES = ['connect', 'job', 'envelope', 'image', 'report'] as const satisfies readonly Phase[];

const BASELINE = 'ES256';

export interface MainJobRow {
  readonly signature: string;
  readonly blockBytes: number;
  /** Both directions, MQTT and payload, as counted at the TCP socket. */
  readonly bytesByPhase: Readonly<Record<(typeof WIRE_PHASES)[number], number>>;
  readonly totalBytes: number;
  readonly blocks: number;
  readonly roundTrips: number;
  /** Against ES256 at the same block size; absent for ES256 itself and where it was not run. */
  readonly overhead?: { readonly bytes: number; readonly percent: number };
}

export function mainJobRows(installations: readonly Installation[]): MainJobRow[] {
  const rows = installations.map(rowOf);
  return rows.map((row) => {
    const baseline = rows.find((it) => it.signature === BASELINE && it.blockBytes === row.blockBytes);
    if (!baseline || baseline === row) return row;
    const bytes = row.totalBytes - baseline.totalBytes;
    return { ...row, overhead: { bytes, percent: (100 * bytes) / baseline.totalBytes } };
  });
}

function rowOf({ signature, blockBytes, costs }: Installation): MainJobRow {
  const bytes = (phase: Phase): number => sum(costs, phase, 'sent') + sum(costs, phase, 'received');
  const bytesByPhase = {
    connect: bytes('connect'),
    job: bytes('job'),
    envelope: bytes('envelope'),
    image: bytes('image'),
    report: bytes('report'),
  };
  const every = (quantity: string): number =>
    WIRE_PHASES.reduce((total, phase) => total + sum(costs, phase, quantity), 0);
  return {
    signature,
    blockBytes,
    bytesByPhase,
    totalBytes: WIRE_PHASES.reduce((total, phase) => total + bytesByPhase[phase], 0),
    blocks: every('blocks'),
    roundTrips: every('round-trips'),
  };
}

const sum = (costs: readonly CostRow[], phase: Phase, quantity: string): number =>
  costs.filter((row) => row.phase === phase && row.quantity === quantity).reduce((total, row) => total + row.value, 0);

export const MAIN_JOB_HEAD = [
  ...['signature', 'block', ...WIRE_PHASES, 'total', 'blocks', 'round trips', 'vs ES256', ''],
] as const;

export function mainJobCells(row: MainJobRow): string[] {
  const { overhead } = row;
  return [
    ...[row.signature, grouped(row.blockBytes)],
    ...WIRE_PHASES.map((phase) => grouped(row.bytesByPhase[phase])),
    ...[grouped(row.totalBytes), grouped(row.blocks), grouped(row.roundTrips)],
    ...(overhead ? [`+${grouped(overhead.bytes)}`, `+${overhead.percent.toFixed(2)} %`] : ['–', '–']),
  ];
}

const grouped = (value: number): string => value.toLocaleString('en-US');
