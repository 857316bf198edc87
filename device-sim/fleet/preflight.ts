/**
 * Before a fleet starts: whether this machine has the file descriptors, ports and memory for it. Ten thousand connections
 * that fail one by one say less than one sentence before the first.
 */
import { FleetError } from './fleet-error.ts';

/** What one machine offers. */
export interface Surroundings {
  /** Open files that one process may have; undefined where the system does not say. */
  readonly fileDescriptors: number | undefined;
  /** From one local address to one port; undefined where the system does not say. */
  readonly localPorts: number | undefined;
  readonly freeMemoryBytes: number;
}

export interface Demand {
  readonly devices: number;
  readonly workers: number;
  readonly imageBytes: number;
  /** Whether broker and cloud run here too. */
  readonly isBrokerHere: boolean;
}

/** Files, pipes, database and libraries of a process, beside its connections. */
const OTHER_DESCRIPTORS = 200;
/** Other programs of the machine use some. */
const OTHER_PORTS = 500;
/** A Node process with our code, and a device with its share of the cloud: measured, and rounded up. */
const PROCESS_BYTES = 120_000_000;
const DEVICE_BYTES = 80_000;

/** What the fleet needs: an estimate for memory, exact for the rest. */
export function needsOf({ devices, workers, isBrokerHere }: Demand) {
  const busiest = isBrokerHere ? devices : Math.ceil(devices / workers);
  return {
    fileDescriptors: busiest + OTHER_DESCRIPTORS,
    localPorts: devices + OTHER_PORTS,
    memoryBytes: (workers + (isBrokerHere ? 2 : 1)) * PROCESS_BYTES + devices * DEVICE_BYTES,
  };
}

/** @throws {FleetError} with what would be needed */
export function expectRoomFor(demand: Demand, { fileDescriptors, localPorts, freeMemoryBytes }: Surroundings): void {
  const needs = needsOf(demand);
  const { devices, isBrokerHere } = demand;
  if (fileDescriptors !== undefined && needs.fileDescriptors > fileDescriptors) {
    const who = isBrokerHere
      ? 'the broker holds a connection of each device'
      : 'each worker holds one of each of its devices';
    const instead = isBrokerHere ? 'raise `ulimit -n`' : 'raise `ulimit -n` or --workers';
    throw new FleetError(
      'too-few-file-descriptors',
      `${devices} devices: expected room for ${needs.fileDescriptors} open files in a process (${who}), got ${fileDescriptors}. ` +
        `Instead: ${instead}, or take at most ${fileDescriptors - OTHER_DESCRIPTORS} devices.`,
    );
  }
  if (localPorts !== undefined && needs.localPorts > localPorts) {
    throw new FleetError(
      'too-few-ports',
      `${devices} devices: expected ${needs.localPorts} local ports to one broker, got ${localPorts}. Instead: widen ` +
        `net.ipv4.ip_local_port_range, or take at most ${localPorts - OTHER_PORTS} devices from one host.`,
    );
  }
  if (needs.memoryBytes > freeMemoryBytes) {
    throw new FleetError(
      'not-enough-memory',
      `${devices} devices: expected about ${megabytes(needs.memoryBytes)} of free memory, got ${megabytes(freeMemoryBytes)}. ` +
        'Instead: end other programs, or take fewer devices.',
    );
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
