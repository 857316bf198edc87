/** Orders and results of a fleet whose devices are none: for tests of what carries them between hosts. */
import type { WorkerOrder, WorkerResult } from '../../device-sim/fleet/devices/worker-protocol.ts';
import type { Liveness } from '../../device-sim/fleet/distributed/share-queue.ts';
import { EMPTY_HISTOGRAM, Histogram } from '../../device-sim/fleet/histogram.ts';

/** The death of a host is noticed within two seconds. */
export const QUICK: Liveness = { lockMs: 800, checkMs: 300 };

export const standInOrder = (things: Partial<WorkerOrder['things']> = {}): WorkerOrder => ({
  things: { prefix: 'fleet-', digits: 5, first: 1, count: 10, ...things },
  mqttUrl: 'mqtt://127.0.0.1:1',
  seed: 7,
  blockBytes: 4096,
  requestBytes: 4096,
  factory: { board: 'nrf52840', vendorIdHex: '', classIdHex: '', rootBase64: '', imageBase64: '', sequenceNumber: 1 },
  expects: { imageBytes: 0, digestHex: '' },
  arrivalsPerSecond: 100,
  timeLimitSeconds: 60,
  slowShare: 0,
  slowBytesPerSecond: 0,
  dropRate: 0,
});

/** Milliseconds that the update of the device with this number takes: spread over three powers of ten. */
export const standInMs = (number: number): number => 10 ** (1 + ((number * 7919) % 1000) / 333);

/** @param values of the devices that are done */
export function standInResult(
  { things }: Pick<WorkerOrder, 'things'>,
  { startedAtMs, atMs, values }: { startedAtMs: number; atMs: number; values: readonly number[] },
): WorkerResult {
  const updateMs = new Histogram();
  for (const value of values) updateMs.record(value);
  return {
    waiting: 0,
    running: things.count - values.length,
    done: values.length,
    refused: {},
    failed: {},
    lost: {},
    startedAtMs,
    atMs,
    endedAtMs: atMs,
    connected: 0,
    connections: values.length,
    reconnects: 0,
    boots: values.length,
    blocks: values.length,
    payloadBytes: 0,
    sentBytes: 0,
    receivedBytes: 0,
    verifications: values.length,
    blockMs: updateMs.data(),
    stateMs: {},
    drops: 0,
    slowDevices: 0,
    rssBytes: 0,
    idleRssBytes: 0,
    heapBytes: 0,
    cpuMs: 0,
    peakRssBytes: 0,
    updateMs: updateMs.data(),
    firstByteMs: EMPTY_HISTOGRAM,
    unexplained: [],
  };
}
