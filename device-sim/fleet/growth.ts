/**
 * How time and memory grow with the fleet, and where the knee is.
 *
 * From one size to the next, devices a second rise as long as there is room, stay level once something is full, and fall
 * where a queue grows faster than it is served. So:
 *
 *     knee        the last size before devices a second stop rising: the next one brings less than 10 % more
 *     breakdown   the first size with more than 10 % fewer devices a second than the best smaller one
 */
import { percentile } from './histogram.ts';
import type { FleetResult, GrowthRow } from './result.ts';

/** A change of devices a second below this share is none: runs of one size differ by as much. */
const LEVEL = 0.1;

export interface Knee {
  /** Devices; undefined where they rose to the end. */
  readonly knee?: number;
  readonly breakdown?: number;
  readonly sentence: string;
}

export function growthRow(result: FleetResult): GrowthRow {
  const { devices, seconds, delivery, latencies, fleet, cloud, broker, ceiling } = result;
  const cpuMs = fleet.cpuMs + (cloud?.cpuMs ?? 0) + (broker?.cpuMs ?? 0);
  return {
    devices,
    peakConnected: result.peakConnected,
    seconds,
    devicesPerSecond: result.counts.done / Math.max(seconds, 0.001),
    blocksPerSecond: delivery.blocksPerSecond,
    blockP99Ms: percentile(latencies.blockMs, 0.99),
    rssBytesPerDevice: fleet.rssBytesPerDevice,
    fleetRssBytes: fleet.rssBytes,
    cloudRssBytes: cloud?.rssBytes ?? 0,
    cpuMsPerDevice: cpuMs / Math.max(devices, 1),
    ...(ceiling && { deliveryRatio: ceiling.deliveryRatio }),
  };
}

/** @param rows by devices, ascending */
export function findKnee(rows: readonly GrowthRow[]): Knee {
  const knee = rows.find((row, index) => {
    const next = rows[index + 1];
    return next && next.devicesPerSecond < row.devicesPerSecond * (1 + LEVEL);
  })?.devices;
  const breakdown = rows.find((row, index) => {
    const best = Math.max(0, ...rows.slice(0, index).map((it) => it.devicesPerSecond));
    return row.devicesPerSecond < best * (1 - LEVEL);
  })?.devices;
  const found = { ...(knee !== undefined && { knee }), ...(breakdown !== undefined && { breakdown }) };
  return { ...found, sentence: sentenceOf(rows, found) };
}

function sentenceOf(rows: readonly GrowthRow[], { knee, breakdown }: Omit<Knee, 'sentence'>): string {
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last || first === last) return 'One size shows no growth: give --growth two or more.';
  const times = `${grouped(last.devices / first.devices)} times the devices took ${(last.seconds / first.seconds).toFixed(1)} times as long`;
  const memory = memorySentence(rows);
  const rate = (row: GrowthRow | undefined): string => `${grouped(row?.devicesPerSecond ?? 0)} devices a second`;
  const rowOf = (devices: number): GrowthRow | undefined => rows.find((row) => row.devices === devices);
  if (knee === undefined)
    return `${times}. No knee up to ${grouped(last.devices)} devices: ${rate(last)}, and still rising. ${memory}`;
  const level = `The knee is at ${grouped(knee)} devices, with ${rate(rowOf(knee))}: the next size brings less than 10 % more`;
  const after =
    breakdown === undefined
      ? 'from there on time grows as the fleet does'
      : `at ${grouped(breakdown)} it falls to ${rate(rowOf(breakdown))}: time grows faster than the fleet`;
  return `${times}. ${level}; ${after}. ${memory}`;
}

/** Between the largest two: what processes need without devices, and grow to with the first few hundred, is left out. */
function memorySentence(rows: readonly GrowthRow[]): string {
  const [before, last] = rows.slice(-2);
  if (!before || !last) return '';
  const added = last.devices - before.devices;
  const each = (of: (row: GrowthRow) => number): string => `${((of(last) - of(before)) / added / 1e3).toFixed(1)} KB`;
  return `Each added device takes ${each((row) => row.fleetRssBytes)} where it is simulated and ${each((row) => row.cloudRssBytes)} in the cloud.`;
}

const grouped = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
