/**
 * One fleet, from an empty folder to its result:
 *
 *     cloud ─▶ keys, release, campaign ─▶ ceiling ─▶ workers run their devices ─▶ ceiling ─▶ the cloud's books ─▶ result
 *                                                     └ samples, faults
 */
import { join } from 'node:path';
import { assembleResult, type Findings } from './assemble-result.ts';
import { BrokerFault } from './broker-fault.ts';
import { bareBytes, ceilingPass } from './ceiling-pass.ts';
import type { WorkerOrder, WorkerProgress } from './devices/worker-protocol.ts';
import type { Generate, Generators } from './generators.ts';
import { Muster } from './muster.ts';
import { Operator, type Prepared, thingsOf } from './prepare.ts';
import type { CeilingRun, FleetResult, FleetSettings } from './result.ts';
import { Sampler } from './sampler.ts';
import { type Servers, startServers } from './servers.ts';
import type { FleetView } from './view.ts';

export interface FleetRun {
  readonly settings: FleetSettings;
  /** Empty; everything of the run is kept there. */
  readonly folder: string;
  readonly withCeiling: boolean;
  readonly view: FleetView;
  /** What simulates the devices: one order for each of the settings' workers. */
  readonly generate: Generate;
  readonly signal: AbortSignal;
}

/** The run, with its servers up and its campaign created, or ready to be. */
interface Stage extends FleetRun {
  readonly servers: Servers;
  readonly operator: Operator;
  readonly prepared: Prepared;
}

/**
 * Interrupted while devices run, it gives what was measured until then.
 * @throws {FleetError} where cloud, broker or a worker dies
 * @throws whatever `signal` is aborted with, before a device has begun
 */
export async function runFleet(run: FleetRun): Promise<FleetResult> {
  const { settings, view, signal, folder } = run;
  view.begin(settings);
  view.phase('preparing', 'keys, a signed release, its campaign');
  try {
    await using servers = await startServers(settings, run);
    const operator = new Operator(settings, { folder: join(folder, 'operator'), data: join(folder, 'cloud') });
    const prepared = await servers.lives(operator.prepare());
    signal.throwIfAborted();
    const stage: Stage = { ...run, servers, operator, prepared };
    const before = await measureCeiling('ceiling before', stage);
    signal.throwIfAborted();
    const campaign = await runCampaign(stage);
    const after = await measureCeiling('ceiling after', stage);
    const books = signal.aborted ? undefined : await servers.lives(operator.counts());
    const rogues = prepared.rogues.length;
    const result = assembleResult({ settings, rogues, isWhole: !signal.aborted, ...campaign, before, after, books });
    view.end(result);
    return result;
  } catch (error) {
    // What children said when Ctrl-C reached them is not what happened.
    signal.throwIfAborted();
    throw error;
  }
}

/** @returns undefined where none was asked for, or the run was interrupted */
async function measureCeiling(
  phase: 'ceiling before' | 'ceiling after',
  stage: Stage,
): Promise<CeilingRun | undefined> {
  const { settings, view, signal, servers, generate } = stage;
  if (!stage.withCeiling || signal.aborted) return undefined;
  const bytes = bareBytes(settings);
  view.phase(phase, 'bare packets over the same connections');
  const onRate = (rate: number): void => view.phase(phase, `bare packets: ${(rate / 1e6).toFixed(1)} MB/s`);
  const run = await servers.lives(ceilingPass(ordersOf(stage), { bytes, signal, generate, onRate }));
  return signal.aborted ? undefined : run;
}

type CampaignFindings = Pick<
  Findings,
  'results' | 'peakConnected' | 'beforeCampaign' | 'samples' | 'faults' | 'cloud' | 'broker' | 'brokerName'
>;

async function runCampaign(stage: Stage): Promise<CampaignFindings> {
  const { settings, view, signal, servers, prepared } = stage;
  const good = settings.devices - prepared.rogues.length;
  const fault = new BrokerFault(settings, { broker: servers.killable, onEvent: (event) => view.fault(event) });
  const sampler = new Sampler({
    view,
    payloadBytes: settings.devices * prepared.envelopeBytes + good * settings.imageBytes,
    cloudLoad: () => servers.cloud.load,
    connectFirst: settings.connectFirst === true,
    onMoment: (atSeconds, sinceCampaign) => {
      servers.read();
      if (!signal.aborted && sinceCampaign !== undefined) fault.at(atSeconds, sinceCampaign);
    },
  });
  const muster = settings.connectFirst && new Muster(settings, view);
  view.phase('updating', 'devices leave their factory');
  const onProgress = (latest: readonly WorkerProgress[]): void => {
    sampler.take(latest);
    if (muster) muster.take(latest);
  };
  await using workers = stage.generate(ordersOf(stage), { signal, onProgress });
  await servers.lives(workers.ready());
  servers.markIdle();
  if (!muster) view.phase('updating', 'all devices at once');
  const running = servers.lives(workers.run());
  if (muster) await beginCampaign(stage, { muster, workers, running });
  const results = await running;
  sampler.end(results);
  await fault.settle();
  servers.read();
  return {
    results,
    peakConnected: sampler.peakConnected,
    ...(muster && { beforeCampaign: muster.last }),
    samples: sampler.samples,
    faults: fault.events,
    cloud: servers.cloud.cost,
    broker: servers.brokerCost,
    brokerName: servers.brokerName,
  };
}

/** Once all devices wait for it; not at all where they end before, because the run was interrupted. */
async function beginCampaign(
  { servers, operator, view, signal }: Stage,
  {
    muster,
    workers,
    running,
  }: { readonly muster: Muster; readonly workers: Generators; readonly running: Promise<unknown> },
): Promise<void> {
  await Promise.race([running, muster.complete]);
  if (signal.aborted) return;
  workers.beginCampaign?.();
  view.phase('updating', 'all devices are connected, and are told of their campaign');
  await servers.lives(operator.beginCampaigns());
}

const ordersOf = ({ settings, servers, prepared }: Stage): readonly WorkerOrder[] =>
  Array.from({ length: settings.workers }, (_, index) =>
    orderOf(thingsOf(index, settings), { settings, servers, prepared }),
  );

/** As long as one device waits (device.ts), which is not one of thousands. */
const ANSWER_TIMEOUT_SECONDS = 10;

const orderOf = (
  things: WorkerOrder['things'],
  { settings, servers, prepared }: Pick<Stage, 'settings' | 'servers' | 'prepared'>,
): WorkerOrder => ({
  things,
  mqttUrl: servers.cloud.mqttUrl,
  seed: settings.seed,
  blockBytes: settings.blockBytes,
  requestBytes: settings.requestBytes,
  factory: prepared.factory,
  expects: prepared.expects,
  arrivalsPerSecond: settings.arrivalsPerSecond / settings.workers,
  timeLimitSeconds: settings.timeLimitSeconds,
  ...(settings.connectFirst && { connectFirst: true }),
  // Where the broker dies, requests die with it, and nobody answers them.
  ...(settings.killBrokerAtSeconds !== undefined && { answerTimeoutSeconds: ANSWER_TIMEOUT_SECONDS }),
  slowShare: settings.slowShare,
  slowBytesPerSecond: settings.slowBytesPerSecond,
  dropRate: settings.dropRate,
});
