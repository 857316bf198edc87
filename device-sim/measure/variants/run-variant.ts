/**
 * One update of one point of an experiment, by a device of its own over a real socket, with every byte counted.
 *
 * The cloud is there already, and a job for the thing is queued in it: who runs the experiment has seen to that
 * (device-sim/measure/run/).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDevice, type RunDeviceOptions } from '../../device.ts';
import { type FactoryContent, manufacture } from '../../factory.ts';
import { verifyWithOpenSsl } from '../../hardware/native-verifier.ts';
import { systemClock } from '../../hardware/system-clock.ts';
import { seededRandom } from '../../links/seeded-random.ts';
import { teeTaps, type Trace, TraceRecorder } from '../../links/trace.ts';
import type { MqttVersion } from '../../metrics/connection-meter.ts';
import type { CostRow } from '../../metrics/cost.ts';
import type { Board } from '../../profiles/boards.ts';
import { awsSdkConnect } from '../../transports/aws-sdk.ts';
import { mqttConnect } from '../../transports/mqtt.ts';
import type { DeviceTls } from '../../transports/tls-line.ts';
import { BlockTimes } from './block-times.ts';
import { runSizedUpdate } from './sized-update.ts';

/** What of a CaseSpec (results/results.ts) decides how the device behaves. */
export interface VariantSpec {
  /** As the rows name it: `none`, `ES256+ML-DSA-65`, `SLH-DSA-SHA2-128s`. */
  readonly algorithm: string;
  /** `none` and `size-only` are carried over the wire like any other, and verified by nobody. */
  readonly signature: 'verified' | 'none' | 'size-only';
  readonly blockBytes: number;
  readonly qos: 0 | 1;
  readonly encoding: 'cbor' | 'json';
  readonly mqttVersion: MqttVersion;
  readonly security: 'plain' | 'tls' | 'mtls';
  readonly transport: 'mqttjs' | 'aws-sdk';
}

export interface VariantWorld {
  /** Of the broker that the spec names: `mqtt://host:port`, `mqtts://host:port` with `tls`. */
  readonly mqttUrl: string;
  /** Whose server certificates count; with the device's own `credential` for mtls. */
  readonly tls?: DeviceTls;
  /** Its job is queued. Names of one length, or the topics make the runs differ. */
  readonly thing: string;
  readonly board: Board;
  /** The image that runs before, and whose releases count. */
  readonly factory: Omit<FactoryContent, 'thing' | 'claim'>;
  /** How much one request asks for; 8,192 unless told otherwise, and always at least one block. */
  readonly requestBytes?: number;
  /** Of the dice that the device throws: tokens and jitter. */
  readonly seed: number;
  /** For the cost record. */
  readonly run: string;
  readonly commit?: string;
  /** How long to wait for the job. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface VariantRun {
  /** How: measured. The algorithm of a run without verification ends in ` (size-only)`, that of none is `none`. */
  readonly rows: readonly CostRow[];
  readonly trace: Trace;
  /** ms from a request to each of its blocks, on this machine: never a device's cost. */
  readonly blockMs: readonly number[];
  readonly wallMs: number;
  /** `ok`, or why the update did not come to its end. */
  readonly code: string;
  readonly detail: string;
}

/**
 * @throws {RangeError} where spec and world do not go together
 * @throws {Error} `aws-sdk-missing`, `aws-sdk-tls`: what that transport cannot do here
 */
export async function runVariant(spec: VariantSpec, world: VariantWorld): Promise<VariantRun> {
  expectAgreement(spec, world);
  const clock = systemClock();
  const recorder = new TraceRecorder();
  const times = new BlockTimes(() => clock.nowMs());
  const stateFolder = mkdtempSync(join(tmpdir(), 'bristlecone-variant-'));
  try {
    manufacture({ ...world.factory, stateFolder, board: world.board, thing: world.thing });
    const startMs = clock.nowMs();
    const { costs, code, detail } = await update(spec, {
      ...optionsOf(spec, world),
      stateFolder,
      openTap: (version) => teeTaps(recorder.openConnection(version), times.openConnection(version)),
    });
    const wallMs = clock.nowMs() - startMs;
    const rows = costs.map((row) => ({ ...row, algorithm: algorithmOf(spec) }));
    return { rows, trace: recorder.trace, blockMs: times.blockMs, wallMs, code, detail };
  } finally {
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

const update = (
  spec: VariantSpec,
  options: RunDeviceOptions,
): Promise<Pick<VariantRun, 'code' | 'detail'> & { readonly costs: readonly CostRow[] }> =>
  spec.signature === 'verified' ? runDevice(options) : runSizedUpdate(options);

const algorithmOf = ({ algorithm, signature }: VariantSpec): string =>
  signature === 'size-only' ? `${algorithm} (size-only)` : algorithm;

function optionsOf(spec: VariantSpec, world: VariantWorld): Omit<RunDeviceOptions, 'stateFolder'> {
  const { mqttUrl, tls, requestBytes, timeoutMs, signal, seed, run, commit } = world;
  return {
    mqttUrl,
    blockBytes: spec.blockBytes,
    mqttVersion: spec.mqttVersion,
    qos: spec.qos,
    openTransport: TRANSPORTS[spec.transport],
    settings: { streamFormat: spec.encoding },
    random: seededRandom(seed),
    // Of the same answers as the reference, and its time is nobody's cost.
    verify: verifyWithOpenSsl,
    costs: { run, seed: String(seed), ...(commit !== undefined && { commit }) },
    ...(tls && { tls }),
    ...(requestBytes !== undefined && { requestBytes }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(signal && { signal }),
  };
}

const TRANSPORTS = { mqttjs: mqttConnect, 'aws-sdk': awsSdkConnect } as const;

/** The world is made for the spec by somebody else: what would be measured must be what the spec says. */
function expectAgreement({ security }: VariantSpec, { mqttUrl, tls }: VariantWorld): void {
  const found = !mqttUrl.startsWith('mqtts:') ? 'plain' : tls?.credential ? 'mtls' : 'tls';
  if (found !== security)
    throw new RangeError(`variant: expected a broker for ${security}, got ${mqttUrl} for ${found}`);
}
