/**
 * One update of one point of an experiment, by a device of its own over a real socket, with every byte counted.
 *
 * The cloud is there already, and a job for the thing is queued in it: who runs the experiment has seen to that
 * (device-sim/measure/run/).
 */
import type { FactoryContent } from '../../factory.ts';
import type { Trace } from '../../links/trace.ts';
import type { MqttVersion } from '../../metrics/connection-meter.ts';
import type { CostRow } from '../../metrics/cost.ts';
import type { Board } from '../../profiles/boards.ts';
import type { DeviceTls } from '../../transports/tls-line.ts';

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
 * @throws {Unavailable} `aws-sdk-missing` in its message, where that transport is not installed
 */
export type RunVariant = (spec: VariantSpec, world: VariantWorld) => Promise<VariantRun>;
