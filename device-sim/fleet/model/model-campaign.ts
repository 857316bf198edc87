/** `fleet --model`: a campaign with one algorithm and with another, and what the difference is. */
import { AWS_PRICES, awsBill } from '../../cost-model/aws-bill.ts';
import { type CostValue, given, type Unavailable } from '../../cost-model/value.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import type { Board } from '../../profiles/boards.ts';
import type { LinkProfile } from '../../profiles/links.ts';
import type { Arrivals, Campaign, CampaignRun, DeviceKind, Patience, Rollout } from './campaign.ts';
import type { ModelledService } from './services.ts';
import { simulate } from './simulate.ts';
import { stepsOfUpdate, type UpdateSteps } from './update-steps.ts';

export interface ModelPlan {
  readonly devices: number;
  readonly imageBytes: number;
  readonly blockBytes: number;
  readonly requestBytes: number;
  readonly qos: 0 | 1;
  readonly board: Board;
  /** False: boards take no time, as in a fleet that is simulated on one machine. */
  readonly isBoardTimed?: boolean;
  /** Their shares are 1 together. Without a link, messages take no time. */
  readonly links: readonly { readonly link: LinkProfile | undefined; readonly share: number }[];
  readonly service: ModelledService;
  readonly rollout: Rollout;
  readonly arrivals: Arrivals;
  readonly dropRate: number;
  readonly restAfterFailureMs: number;
  readonly seed: number;
  /** Chosen by how long it will take about, where it is not said. */
  readonly slotMs?: number;
}

export interface ModelledCampaign {
  readonly algorithms: readonly AlgorithmName[];
  readonly run: CampaignRun;
  readonly slotMs: number;
  /** What it cannot be shorter than, the longest first. */
  readonly bounds: readonly Bound[];
  /** Of each link, alone and with nothing in its way. */
  readonly updates: readonly (Omit<UpdateSteps, 'steps'> & {
    readonly link: string;
    readonly share: number;
    readonly requests: number;
    readonly aloneMs: number;
  })[];
  /** US dollars, of all devices. */
  readonly bill: readonly CostValue[];
}

/** As `device run` has it. */
const PATIENCE: Omit<Patience, 'restAfterFailureMs'> = {
  answerTimeoutMs: 10_000,
  attempts: 5,
  connections: 8,
  backoffMs: { first: 500, longest: 30_000 },
};

const NICE_SLOTS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/** Slots that a campaign should take about. */
const ENOUGH_SLOTS = 100_000;
const TOO_LONG = 50;
const DAY_MS = 86_400_000;
const MILLION = 1e6;

/** @throws {CannotUpdate} where a device alone would not get to the end */
export async function modelCampaign(
  plan: ModelPlan,
  algorithms: readonly AlgorithmName[],
  onProgress?: (done: number, atMs: number) => void,
): Promise<ModelledCampaign> {
  const { board, seed, dropRate, imageBytes, blockBytes, requestBytes, qos } = plan;
  const choice = { algorithms, imageBytes, keyForm: 'key-id', blockBytes, requestBytes, qos } as const;
  const updates: (UpdateSteps & { readonly link: string; readonly share: number })[] = [];
  for (const { link, share } of plan.links) {
    const update = await stepsOfUpdate({
      choice,
      board,
      link,
      seed,
      dropRate,
      isBoardTimed: plan.isBoardTimed ?? true,
    });
    updates.push({ ...update, link: link?.name ?? 'none', share });
  }
  const kinds = updates.map(({ link, share, steps }): DeviceKind => ({
    name: link,
    share,
    steps: steps.map((step) => plan.service.step(step)),
  }));
  const bounds = boundsOf(plan, kinds);
  const campaign = campaignOf(plan, kinds, bounds[0]?.ms ?? 0);
  const run = simulate(campaign, onProgress);
  return {
    algorithms,
    run,
    slotMs: campaign.slotMs,
    bounds,
    updates: updates.map(({ steps, ...update }, at) => ({
      ...update,
      requests: steps.length,
      aloneMs: (kinds[at]?.steps ?? []).reduce((sum, { ms }) => sum + ms, 0),
    })),
    bill: billOf(run, plan.devices),
  };
}

function campaignOf(plan: ModelPlan, kinds: readonly DeviceKind[], aboutMs: number): Campaign {
  const { devices, rollout, arrivals, seed, restAfterFailureMs } = plan;
  const slotMs = plan.slotMs ?? NICE_SLOTS_MS.find((ms) => ms * ENOUGH_SLOTS >= aboutMs) ?? 1_000;
  return {
    devices,
    kinds,
    service: plan.service.service,
    patience: { ...PATIENCE, restAfterFailureMs },
    rollout,
    arrivals,
    seed,
    slotMs,
    longestMs: TOO_LONG * aboutMs + 30 * DAY_MS,
  };
}

export interface Bound {
  readonly what: string;
  readonly ms: number;
}

/** What the campaign cannot be shorter than, the longest first. */
function boundsOf({ devices, rollout, arrivals, service }: ModelPlan, kinds: readonly DeviceKind[]): readonly Bound[] {
  const { limits, servers } = service.service;
  const perDevice = (of: (kind: DeviceKind) => number): number =>
    kinds.reduce((sum, kind) => sum + kind.share * of(kind), 0);
  const requests = (names: readonly string[]): number =>
    perDevice(({ steps }) => steps.filter(({ kind }) => names.includes(kind)).length);
  const atRate = (what: string, each: number, rate: number): Bound => ({ what, ms: (devices * each * 1_000) / rate });
  const workOf = (at: number): number =>
    perDevice(({ steps }) => steps.reduce((sum, { work }) => sum + (work[at] ?? 0), 0));
  const aloneMs = Math.max(...kinds.map(({ steps }) => steps.reduce((sum, { ms }) => sum + ms, 0)));
  const away = arrivals.offlineShare > 0 ? [{ what: 'devices that are away', ms: arrivals.offlineMs }] : [];
  const bounds = [
    { what: 'rollout', ms: rolloutMs(rollout, devices) },
    { what: 'devices that begin when they like', ms: arrivals.withinMs },
    ...away,
    { what: 'one update alone', ms: aloneMs },
    atRate('connects', requests(['connect']), limits.connects),
    atRate('publishes in', requests(['start-next', 'update', 'get']), limits.publishes),
    atRate('job requests', requests(['start-next', 'update']), limits.jobRequests),
    atRate('stream requests', requests(['get']), limits.streamRequests),
    ...servers.map(({ name, perMs }, at) => atRate(name, workOf(at), perMs * 1_000)),
  ];
  return bounds.filter(({ ms }) => ms > 0).toSorted((one, other) => other.ms - one.ms);
}

function rolloutMs(rollout: Rollout, devices: number): number {
  if (rollout.kind === 'constant') return (devices / rollout.perMinute) * 60_000;
  if (rollout.kind === 'exponential') return (devices / rollout.mostPerMinute) * 60_000;
  return rollout.kind === 'poisson' ? (devices / rollout.perSecond) * 1_000 : 0;
}

/** The cost model's bill is that of a million devices. */
function billOf({ units, connectedMs, done }: CampaignRun, devices: number): readonly CostValue[] {
  const source = 'counted in the simulated campaign, refused requests included: the mean of its devices';
  const each = Math.max(1, done);
  const unitsEach = given({ quantity: 'aws-units', value: units / each, unit: '1', source });
  const minutesEach = given({ quantity: 'connected', value: connectedMs / each / 60_000, unit: 'min', source });
  return awsBill(unitsEach, minutesEach, AWS_PRICES).map((value) => ({
    ...value,
    value: (value.value * devices) / MILLION,
    formula: `(${value.formula}) × devices ÷ fleet`,
  }));
}

/** What is not known of the board, and so is in no time: each once. */
export const unknownIn = ({ updates }: ModelledCampaign): readonly Unavailable[] => [
  ...new Map(updates.flatMap(({ unknown }) => unknown).map((it) => [it.quantity, it])).values(),
];
