/** Services that a campaign can run against: what AWS lets through, and a server that was measured here. */
import type { Limits, Service, Step } from './campaign.ts';

const QUOTAS = 'AWS IoT Core and Device Management quotas, as of September and October 2026';

export interface Quota {
  readonly name: keyof Limits | 'publishesOut' | 'connectionBytes' | 'connectionPublishes' | 'rolloutPerMinute';
  readonly value: number;
  readonly unit: string;
  readonly source: string;
}

/** Of one account and region. */
// oxfmt-ignore
export const AWS_QUOTAS: readonly Quota[] = [
  { name: 'connects', value: 3_000, unit: '1/s', source: `${QUOTAS}: connect requests per second per account` },
  { name: 'publishes', value: 20_000, unit: '1/s', source: `${QUOTAS}: inbound publish requests per second per account` },
  { name: 'publishesOut', value: 20_000, unit: '1/s',
    source: `${QUOTAS}: outbound publish requests per second per account; that more are delayed and not lost is our reading of QoS 1` },
  { name: 'jobRequests', value: 200, unit: '1/s',
    source: `${QUOTAS}: StartNextPendingJobExecution and UpdateJobExecution together, not adjustable` },
  { name: 'streamRequests', value: 1_000, unit: '1/s', source: `${QUOTAS}: GetStream over MQTT` },
  { name: 'connectionBytes', value: 524_288, unit: 'B/s', source: `${QUOTAS}: throughput per connection, 512 KB/s; more is delayed` },
  { name: 'connectionPublishes', value: 100, unit: '1/s', source: `${QUOTAS}: publish requests per connection, both ways` },
  { name: 'rolloutPerMinute', value: 1_000, unit: '1/min', source: `${QUOTAS}: job rollout rate, adjustable` },
];

export type Quotas = Readonly<Record<Quota['name'], number>>;

/** What AWS has, with what the user knows better. */
export function awsQuotas(others: Partial<Quotas> = {}): Quotas {
  const value = (name: Quota['name']): number => others[name] ?? AWS_QUOTAS.find((it) => it.name === name)?.value ?? 0;
  return {
    connects: value('connects'),
    publishes: value('publishes'),
    publishesOut: value('publishesOut'),
    jobRequests: value('jobRequests'),
    streamRequests: value('streamRequests'),
    connectionBytes: value('connectionBytes'),
    connectionPublishes: value('connectionPublishes'),
    rolloutPerMinute: value('rolloutPerMinute'),
  };
}

/** A service as the simulator has it, and what a step is there. */
export interface ModelledService {
  readonly service: Service;
  readonly step: (step: Step) => Step;
}

/** Messages to devices are paced; what goes over one connection takes its time. */
export function awsService(quotas: Quotas): ModelledService {
  const { connects, publishes, jobRequests, streamRequests, publishesOut } = quotas;
  return {
    service: {
      limits: { connects, publishes, jobRequests, streamRequests },
      servers: [{ name: 'publishes out', perMs: publishesOut / 1_000 }],
    },
    step: (step) => ({
      ...step,
      ms: Math.max(
        step.ms,
        ((step.upBytes + step.downBytes) / quotas.connectionBytes) * 1_000,
        step.messages === 0 ? 0 : ((step.messages + 1) / quotas.connectionPublishes) * 1_000,
      ),
      work: [step.messages],
    }),
  };
}

/** ms of a processor that each request takes. */
export interface ServiceTimes {
  /** Of what begins a connection, a subscription, a request of the Jobs service, and of streams. */
  readonly requestMs: number;
  /** More, for each block that is sent. */
  readonly blockMs: number;
}

export interface MeasuredTimes {
  /** Broker and services. */
  readonly cloud: ServiceTimes;
  /** Where the devices are simulated: theirs, and nothing in a fleet of real ones. */
  readonly devices: ServiceTimes;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

const workOf = ({ requestMs, blockMs }: ServiceTimes, { kind, messages }: Step): number =>
  requestMs + (kind === 'get' ? messages * blockMs : 0);

/** One core for the cloud, which is one process; the others for the devices, where this machine simulates them. */
export function measuredService({ cloud, devices }: MeasuredTimes, deviceCores: number): ModelledService {
  return {
    service: {
      limits: { connects: NO_LIMIT, publishes: NO_LIMIT, jobRequests: NO_LIMIT, streamRequests: NO_LIMIT },
      servers: [
        { name: 'cloud', perMs: 1 },
        { name: 'devices', perMs: deviceCores },
      ],
    },
    step: (step) => ({ ...step, work: [workOf(cloud, step), workOf(devices, step)] }),
  };
}
