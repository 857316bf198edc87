/**
 * One simulated device as a process: a folder with its flash, a connection over a real socket, and meters on both. It
 * runs until its job is done, reboots included, or until none comes. Killed at any point and run again, it continues.
 */
import type { VerifySignature } from '../protocol/cose/algorithms.ts';
import { verifyWithNoble } from '../protocol/cose/reference-verifier.ts';
import { MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from '../protocol/limits.ts';
import type { RootVersions } from './agent/trust-store.ts';
import { openCredentials, operationalCredential } from './device-credentials.ts';
import { DeviceMeters } from './device-meters.ts';
import { type Device, openDevice } from './factory.ts';
import { systemClock, systemRandom } from './hardware/system-clock.ts';
import { teeTaps } from './links/trace.ts';
import { type Machine, type MachineResult, runMachine } from './machine.ts';
import type { MqttVersion, WireTap } from './metrics/connection-meter.ts';
import type { CostContext, CostRow } from './metrics/cost.ts';
import type { AgentEvent, AgentSettings, Connect } from './ports.ts';
import { mqttConnect, type MqttTransportOptions, type Qos } from './transports/mqtt.ts';
import type { DeviceTls } from './transports/tls-line.ts';

export interface RunDeviceOptions {
  /** Made by `manufacture`. */
  readonly stateFolder: string;
  /** `mqtt://host:port`, or `mqtts://host:port` with `tls`. */
  readonly mqttUrl: string;
  /** Whose server certificates count. The credential is the one that provisioning gave the device, unless told otherwise. */
  readonly tls?: DeviceTls;
  readonly mqttVersion?: MqttVersion;
  readonly qos?: Qos;
  /** What speaks MQTT; MQTT.js, unless told otherwise. */
  readonly openTransport?: (options: MqttTransportOptions) => Connect;
  /** Of the stream: 256 to 131,072, a multiple of 4. */
  readonly blockBytes?: number;
  /** How much one request asks for; at least one block is. */
  readonly requestBytes?: number;
  /** How long to wait for a job. */
  readonly timeoutMs?: number;
  /** Time-outs and retries, where the defaults do not suit. */
  readonly settings?: Partial<Omit<AgentSettings, 'blockBytes' | 'requestBytes' | 'idleTimeoutMs'>>;
  readonly verify?: VerifySignature;
  readonly isHealthy?: () => boolean;
  /** In [0, 1): the dice of its tokens and its jitter. */
  readonly random?: () => number;
  /** Seconds since 1970: what its clock says at the start; without it, it has no clock that could be believed. */
  readonly nowSeconds?: number;
  readonly onEvent?: (event: AgentEvent) => void;
  /** Looks at the device before it connects; what it throws ends the run. */
  readonly inspect?: (device: Device) => void;
  /** Sees every byte of MQTT of each new connection, beside the meters. */
  readonly openTap?: (version: MqttVersion) => WireTap;
  readonly signal?: AbortSignal;
  /** For the cost record. */
  readonly costs?: Partial<Pick<CostContext, 'run' | 'seed' | 'commit' | 'link'>>;
}

export interface DeviceOutcome {
  readonly thing: string;
  /** `offline`: the cloud could not be reached, or stopped answering; the update goes on at the next run. */
  readonly result: 'succeeded' | 'failed' | 'rejected' | 'no-job' | 'offline';
  readonly jobId?: string;
  /** `ok`, or why not. */
  readonly code: string;
  readonly at: string;
  readonly detail: string;
  /** False where the Jobs service did not take the report: the job was cancelled meanwhile. */
  readonly reported: boolean;
  /** Of the image that is confirmed now. */
  readonly sequenceNumber: number | bigint;
  readonly slot: number;
  /** Versions of the trust roots that count now. */
  readonly root: RootVersions;
  /** Starts of the boot loader. */
  readonly boots: number;
  readonly costs: readonly CostRow[];
}

const DEFAULT_BLOCK_BYTES = 4_096;
const DEFAULT_REQUEST_BYTES = 8_192;

const SETTINGS: Omit<AgentSettings, 'blockBytes' | 'requestBytes' | 'idleTimeoutMs'> = {
  answerTimeoutMs: 10_000,
  attempts: 5,
  connections: 8,
  backoffMs: { first: 500, longest: 30_000 },
};
const IDLE_TIMEOUT_MS = 60_000;

/**
 * @throws {RangeError} where there is no device in the folder, or the block size is not one
 * @throws {BootFailure} where it holds no intact image
 * @throws whatever `signal` is aborted with
 */
export async function runDevice(options: RunDeviceOptions): Promise<DeviceOutcome> {
  using device = openDevice(options.stateFolder);
  const { thing, machine, meters } = powerOn(options, device);
  options.inspect?.(device);
  const outcome = await runMachine(machine);
  return {
    thing,
    ...resultOf(outcome),
    boots: outcome.boots,
    sequenceNumber: device.installed.sequenceNumber,
    slot: device.installed.slot,
    root: device.rootVersions,
    costs: meters.costs({ run: thing, ...options.costs }, machine.settings.blockBytes),
  };
}

/** All that a boot needs, with meters on it. */
export interface PoweredDevice {
  readonly thing: string;
  readonly machine: Machine;
  readonly meters: DeviceMeters;
}

/** @throws {RangeError} where the block size is not one */
export function powerOn(options: RunDeviceOptions, device: Device): PoweredDevice {
  const own = operationalCredential(openCredentials(device, options.stateFolder));
  const thing = own?.thing ?? device.identity.thing;
  const meters = new DeviceMeters(device);
  const machine: Machine = {
    board: device.board,
    flash: device.flash,
    ram: meters.ram,
    settings: settingsOf(options, device),
    connect: (options.openTransport ?? mqttConnect)({
      url: options.mqttUrl,
      clientId: thing,
      protocolVersion: options.mqttVersion ?? 5,
      qos: options.qos ?? 1,
      tls: options.tls && { credential: own?.credential, ...options.tls },
      openTap: (version) => {
        const tap = meters.wire.openConnection(version);
        return options.openTap ? teeTaps(tap, options.openTap(version)) : tap;
      },
      openTlsTap: () => meters.wire.tls.openConnection(),
      signal: options.signal,
    }),
    verify: options.verify ?? verifyWithNoble,
    clock: systemClock(options.signal),
    random: options.random ?? systemRandom,
    isHealthy: options.isHealthy ?? (() => true),
    nowSeconds: () => options.nowSeconds,
    observe: (event) => {
      meters.note(event);
      options.onEvent?.(event);
    },
  };
  return { thing, machine, meters };
}

function settingsOf(options: RunDeviceOptions, { board }: Device): AgentSettings {
  const {
    blockBytes = DEFAULT_BLOCK_BYTES,
    requestBytes = DEFAULT_REQUEST_BYTES,
    timeoutMs = IDLE_TIMEOUT_MS,
  } = options;
  const isBlockSize = Number.isInteger(blockBytes) && blockBytes >= MIN_BLOCK_BYTES && blockBytes <= MAX_BLOCK_BYTES;
  if (!isBlockSize || blockBytes % board.writeBytes !== 0) {
    const rule = `${MIN_BLOCK_BYTES} to ${MAX_BLOCK_BYTES}, a multiple of ${board.writeBytes}`;
    throw new RangeError(`block size: expected ${rule}, got ${blockBytes}`);
  }
  return { ...SETTINGS, ...options.settings, blockBytes, requestBytes, idleTimeoutMs: timeoutMs };
}

const RESULTS = { SUCCEEDED: 'succeeded', FAILED: 'failed', REJECTED: 'rejected' } as const;

function resultOf(
  ending: MachineResult,
): Pick<DeviceOutcome, 'result' | 'jobId' | 'code' | 'at' | 'detail' | 'reported'> {
  if (ending.kind === 'job-done') {
    const { status, code, at, detail } = ending.report;
    return { result: RESULTS[status], jobId: ending.jobId, code, at, detail, reported: ending.accepted };
  }
  const detail = ending.kind === 'offline' ? ending.detail : 'no job came';
  return { result: ending.kind, code: ending.kind, at: '', detail, reported: false };
}
