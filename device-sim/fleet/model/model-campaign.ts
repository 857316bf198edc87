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
const ENOUGH_SLOTS = 200_000;
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
    const update = await stepsOfUpdate({ choice, board, link, seed, dropRate });
    updates.push({ ...update, link: link?.name ?? 'none', share });
  }
  const kinds = updates.map(({ link, share, steps }): DeviceKind => ({
    name: link,
    share,
    steps: steps.map((step) => plan.service.step(step)),
  }));
  const campaign = campaignOf(plan, kinds);
  const run = simulate(campaign, onProgress);
  return {
    algorithms,
    run,
    slotMs: campaign.slotMs,
    updates: updates.map(({ steps, ...update }, at) => ({
      ...update,
      requests: steps.length,
      aloneMs: (kinds[at]?.steps ?? []).reduce((sum, { ms }) => sum + ms, 0),
    })),
    bill: billOf(run, plan.devices),
  };
}

function campaignOf(plan: ModelPlan, kinds: readonly DeviceKind[]): Campaign {
  const { devices, rollout, arrivals, seed, restAfterFailureMs } = plan;
  const aboutMs = estimatedMs(plan, kinds);
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

/** The longest of what it cannot be shorter than. */
function estimatedMs({ devices, rollout, arrivals, service }: ModelPlan, kinds: readonly DeviceKind[]): number {
  const { limits, servers } = service.service;
  const perDevice = (of: (kind: DeviceKind) => number): number =>
    kinds.reduce((sum, kind) => sum + kind.share * of(kind), 0);
  const requests = (names: readonly string[]): number =>
    perDevice(({ steps }) => steps.filter(({ kind }) => names.includes(kind)).length);
  const perSecond = (asked: number, rate: number): number => (devices * asked * 1_000) / rate;
  const startsMs =
    rolloutMs(rollout, devices) + arrivals.withinMs + (arrivals.offlineShare > 0 ? arrivals.offlineMs : 0);
  return Math.max(
    startsMs,
    Math.max(...kinds.map(({ steps }) => steps.reduce((sum, { ms }) => sum + ms, 0))),
    perSecond(requests(['connect']), limits.connects),
    perSecond(requests(['start-next', 'update']), limits.jobRequests),
    perSecond(requests(['get']), limits.streamRequests),
    ...servers.map(
      ({ perMs }, at) =>
        (devices * perDevice(({ steps }) => steps.reduce((sum, { work }) => sum + (work[at] ?? 0), 0))) / perMs,
    ),
  );
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
