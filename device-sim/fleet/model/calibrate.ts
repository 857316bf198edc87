/**
 * How long a cloud of ours takes for a request, from real runs (`fleet.json`), and how well a campaign that is simulated
 * with it fits runs that it was not taken from.
 *
 *     CPU time of a process = devices × (requests × request time + blocks × block time)
 *
 * One run cannot tell requests from blocks: then a request counts as so many blocks. What a core then needs beyond that
 * (waiting for the other processes of the machine) is one factor, such that the run that it is fitted to takes as long.
 */
import { mean } from '../histogram.ts';
import type { FleetResult } from '../result.ts';
import { boardFor } from '../prepare.ts';
import { boardNamed } from '../../profiles/boards.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { modelCampaign, type ModelledCampaign, type ModelPlan } from './model-campaign.ts';
import { measuredService, type MeasuredTimes, type ServiceTimes } from './services.ts';
import { stepsOfUpdate } from './update-steps.ts';

export interface Calibration {
  readonly times: MeasuredTimes;
  readonly warmUp: WarmUp;
  readonly deviceCores: number;
  /** Time that passes for each ms of CPU time. */
  readonly stretch: number;
  /** Devices of the run that it is fitted to. */
  readonly fittedTo: number;
  readonly checks: readonly CalibrationCheck[];
}

export interface CalibrationCheck {
  readonly devices: number;
  readonly isFitted: boolean;
  readonly quantity: string;
  readonly unit: string;
  readonly predicted: number;
  readonly measured: number;
  readonly errorPercent: number;
}

/**
 * Requests that cost what a block costs: 200 devices took 0.06 ms of the cloud's CPU for each block more, and 0.2 ms for
 * each of 16 other requests (images of 16 and 64 KiB, this project's own runs).
 */
const REQUEST_IN_BLOCKS = 3;
const FIT_ROUNDS = 4;
/** Of each worker: fleet/devices/arrivals.ts. */
const ARRIVING_AT_ONCE = 64;

/**
 * @param results of fleets with one image, algorithm and block size. It is fitted to the smallest; of three or more to the
 *   two smallest, which also tell what does not depend on the number of devices. The others only check it.
 */
export async function calibrate(
  results: readonly FleetResult[],
  algorithmsOf: (names: string) => readonly AlgorithmName[],
): Promise<Calibration> {
  const ascending = results.toSorted((one, other) => one.devices - other.devices);
  const fit = ascending.length > 2 ? ascending[1] : ascending[0];
  if (!fit) throw new RangeError('expected a fleet.json to calibrate with');
  const warmUp = warmUpOf(ascending);
  const cpu = await timesOf(fit, warmUp, algorithmsOf);
  const deviceCores = coresOf(fit);
  const simulate = (result: FleetResult, stretch: number): Promise<ModelledCampaign> =>
    modelCampaign(planFor(result, stretched(cpu, stretch), deviceCores), algorithmsOf(result.options.algorithm));
  let stretch = 1;
  for (let round = 0; round < FIT_ROUNDS; round++) {
    const { run } = await simulate(fit, stretch);
    const otherMs = Math.max(0, fit.seconds * 1_000 - stretch * slowerOf(warmUp));
    stretch *= Math.max(otherMs, run.durationMs / 10) / Math.max(1, run.durationMs);
  }
  const checks: CalibrationCheck[] = [];
  for (const result of ascending)
    checks.push(...checksOf(result, await simulate(result, stretch), { stretch, warmUp, isFitted: result === fit }));
  return { times: stretched(cpu, stretch), warmUp, deviceCores, stretch, fittedTo: fit.devices, checks };
}

/** ms of CPU that a process takes however many devices there are: compiling, above all. */
export interface WarmUp {
  readonly cloudMs: number;
  readonly devicesMs: number;
}

const slowerOf = ({ cloudMs, devicesMs }: WarmUp): number => Math.max(cloudMs, devicesMs);

/** By the straight line through the two smallest runs of three or more; one run says nothing of it. */
function warmUpOf([small, large, ...others]: readonly FleetResult[]): WarmUp {
  if (!small || !large || others.length === 0) return { cloudMs: 0, devicesMs: 0 };
  const at = (of: (result: FleetResult) => number): number => {
    const perDevice = (of(large) - of(small)) / Math.max(1, large.devices - small.devices);
    return Math.max(0, of(small) - perDevice * small.devices);
  };
  return { cloudMs: at(({ cloud }) => cloud?.cpuMs ?? 0), devicesMs: at(({ fleet }) => fleet.cpuMs) };
}

async function timesOf(
  { options, devices, cloud, fleet }: FleetResult,
  warmUp: WarmUp,
  algorithmsOf: (names: string) => readonly AlgorithmName[],
): Promise<MeasuredTimes> {
  const { steps } = await stepsOfUpdate({
    choice: {
      ...options,
      algorithms: algorithmsOf(options.algorithm),
      keyForm: 'key-id',
      qos: 1,
    },
    board: expectBoardFor(options.imageBytes),
    link: undefined,
    seed: 1,
    dropRate: 0,
  });
  const blocks = steps.reduce((sum, { kind, messages }) => sum + (kind === 'get' ? messages : 0), 0);
  const share = (cpuMs: number): ServiceTimes => {
    const blockMs = cpuMs / devices / (REQUEST_IN_BLOCKS * steps.length + blocks);
    return { requestMs: REQUEST_IN_BLOCKS * blockMs, blockMs };
  };
  return {
    cloud: share(Math.max(0, (cloud?.cpuMs ?? 0) - warmUp.cloudMs)),
    devices: share(Math.max(0, fleet.cpuMs - warmUp.devicesMs)),
  };
}

const stretched = ({ cloud, devices }: MeasuredTimes, by: number): MeasuredTimes => {
  const times = ({ requestMs, blockMs }: ServiceTimes): ServiceTimes => ({
    requestMs: requestMs * by,
    blockMs: blockMs * by,
  });
  return { cloud: times(cloud), devices: times(devices) };
};

/** The cloud has one for itself. */
function coresOf({ machines, fleet }: FleetResult): number {
  const cores = machines.reduce((sum, machine) => sum + machine.cores, 0);
  return Math.max(1, Math.min(fleet.workers, cores - 1));
}

function expectBoardFor(imageBytes: number) {
  const board = boardNamed(boardFor(imageBytes) ?? '');
  if (!board) throw new RangeError(`no board of a fleet has room for ${imageBytes} bytes`);
  return board;
}

function planFor({ options, devices }: FleetResult, times: MeasuredTimes, deviceCores: number): ModelPlan {
  const { imageBytes, blockBytes, requestBytes, arrivalsPerSecond, dropRate, seed } = options;
  return {
    devices,
    imageBytes,
    blockBytes,
    requestBytes,
    qos: 1,
    board: expectBoardFor(imageBytes),
    isBoardTimed: false,
    links: [{ link: undefined, share: 1 }],
    service: measuredService(times, deviceCores),
    rollout:
      arrivalsPerSecond > 0
        ? { kind: 'constant', perMinute: arrivalsPerSecond * 60 }
        : { kind: 'arriving', atOnce: ARRIVING_AT_ONCE * options.workers },
    arrivals: { areListening: false, withinMs: 0, offlineShare: 0, offlineMs: 0 },
    dropRate,
    restAfterFailureMs: 60_000,
    seed,
  };
}

function checksOf(
  result: FleetResult,
  { run }: ModelledCampaign,
  { stretch, warmUp, isFitted }: { readonly stretch: number; readonly warmUp: WarmUp; readonly isFitted: boolean },
): readonly CalibrationCheck[] {
  const { devices, seconds, counts, latencies, traffic } = result;
  const check = (
    quantity: string,
    unit: string,
    [predicted, measured]: readonly [number, number],
  ): CalibrationCheck => ({
    devices,
    isFitted,
    quantity,
    unit,
    predicted,
    measured,
    errorPercent: measured === 0 ? 0 : 100 * (predicted / measured - 1),
  });
  const cpuOf = (place: number, cores: number): number =>
    ((run.servers[place]?.busy ?? 0) * cores * run.durationMs) / stretch / 1_000;
  const warmUpMs = stretch * slowerOf(warmUp);
  const allMs = run.durationMs + warmUpMs;
  const half = halfDone(result);
  return [
    check('all done', 's', [allMs / 1_000, seconds]),
    ...(half === undefined ? [] : [check('half done', 's', [((run.doneAtMs.p50 ?? 0) + warmUpMs) / 1_000, half])]),
    check('devices a second', '1/s', [run.done / (allMs / 1_000), counts.done / seconds]),
    check('one update, mean', 's', [run.meanUpdateMs / 1_000, mean(latencies.updateMs) / 1_000]),
    check('bytes of MQTT', 'MB', [
      (run.upBytes + run.downBytes) / 1e6,
      (traffic.sentBytes + traffic.receivedBytes) / 1e6,
    ]),
    ...(result.cloud
      ? [check('CPU of the cloud', 's', [cpuOf(0, 1) + warmUp.cloudMs / 1_000, result.cloud.cpuMs / 1_000])]
      : []),
    check('CPU of the devices', 's', [
      cpuOf(1, coresOf(result)) + warmUp.devicesMs / 1_000,
      result.fleet.cpuMs / 1_000,
    ]),
  ];
}

/** Between the samples that it was reached in. */
function halfDone({ samples, devices }: FleetResult): number | undefined {
  const after = samples.findIndex(({ done }) => done >= devices / 2);
  const sample = samples[after];
  if (!sample) return undefined;
  const before = samples[after - 1] ?? { atSeconds: 0, done: 0 };
  const share = (devices / 2 - before.done) / Math.max(1, sample.done - before.done);
  return before.atSeconds + share * (sample.atSeconds - before.atSeconds);
}
