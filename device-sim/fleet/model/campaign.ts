/**
 * A campaign as the simulator sees it: how many devices, what each of them asks for, what the service lets through, and
 * when they begin. Plain data: the same campaign gives the same result, on any machine.
 */

/** What a request is for; each service has a limit of its own. */
export type StepKind = 'connect' | 'subscribe' | 'start-next' | 'update' | 'get';

/** A request of the agent, and all until it has the next one. */
export interface Step {
  readonly kind: StepKind;
  /** Until the next request where the service answers at once: the link, and what the board then does. */
  readonly ms: number;
  /** Messages that the service sends for it. */
  readonly messages: number;
  /** bytes of MQTT. */
  readonly upBytes: number;
  readonly downBytes: number;
  /** What AWS bills for it. */
  readonly units: number;
  /** Of each server of the service, in its units; none where the list is shorter. */
  readonly work: readonly number[];
  /** 0 to 1: how likely the connection is cut meanwhile. */
  readonly dropRate: number;
}

/** Devices that are alike: one link, one algorithm, one board. */
export interface DeviceKind {
  readonly name: string;
  /** Of all devices; the shares of all kinds are 1. */
  readonly share: number;
  /** Of one update, in order. The first is a connect; one that reboots connects again. */
  readonly steps: readonly Step[];
}

/** What is let through in a second; what is more is refused, and the agent asks again. Infinity: no limit. */
export interface Limits {
  readonly connects: number;
  /** Of all devices together. More is discarded, so no answer comes. */
  readonly publishes: number;
  /** StartNextPendingJobExecution and UpdateJobExecution. */
  readonly jobRequests: number;
  /** GetStream. */
  readonly streamRequests: number;
}

/** First come, first served, and nobody is refused: a processor, or messages that are paced. */
export interface ModelServer {
  readonly name: string;
  /** Units of work that it does in a millisecond. */
  readonly perMs: number;
}

export interface Service {
  readonly limits: Limits;
  /** A request passes all of them, one after the other. */
  readonly servers: readonly ModelServer[];
}

/** What the agent does where it is refused: AgentSettings (device-sim/ports.ts), and when it is run again after that. */
export interface Patience {
  readonly answerTimeoutMs: number;
  readonly attempts: number;
  readonly connections: number;
  readonly backoffMs: { readonly first: number; readonly longest: number };
  /** After `connections` failures in a row it stops; whoever runs it tries again after half of this to all of it. */
  readonly restAfterFailureMs: number;
}

/** When devices are told that there is a job. AWS Jobs: maximumPerMinute, or an exponential rate. */
export type Rollout =
  | { readonly kind: 'at-once' }
  | { readonly kind: 'constant'; readonly perMinute: number }
  | {
      readonly kind: 'exponential';
      readonly basePerMinute: number;
      readonly factor: number;
      /** The rate goes up each time that so many more were notified, or have succeeded. */
      readonly each: number;
      readonly of: 'notified' | 'succeeded';
      readonly mostPerMinute: number;
    }
  /** Not a rollout: only so many are on their way to a connection at once, as workers of a real fleet have it. */
  | { readonly kind: 'arriving'; readonly atOnce: number }
  /** Not one either: devices come by themselves, independently of each other. */
  | { readonly kind: 'poisson'; readonly perSecond: number };

export interface Arrivals {
  /** True: they are connected, and are told at once. False: they connect first. */
  readonly areListening: boolean;
  /** Told, a device begins within this time, each moment as likely: those that look for a job now and then. */
  readonly withinMs: number;
  /** Share of devices that are away then, and how long at the most until they come back. */
  readonly offlineShare: number;
  readonly offlineMs: number;
}

export interface Campaign {
  readonly devices: number;
  readonly kinds: readonly DeviceKind[];
  readonly service: Service;
  readonly patience: Patience;
  readonly rollout: Rollout;
  readonly arrivals: Arrivals;
  readonly seed: number;
  /** Of simulated time. What happens in one slot happens together. */
  readonly slotMs: number;
  /** Gives up after this much simulated time. */
  readonly longestMs: number;
}

/** What is counted, in total and over time. */
export const COUNTED = [
  'started',
  'done',
  'connects',
  'jobRequests',
  'streamRequests',
  'publishesIn',
  'publishesOut',
  'refusedConnects',
  'refusedJobRequests',
  'refusedStreamRequests',
  'discardedPublishes',
  'drops',
  'rests',
] as const;
export type Counted = (typeof COUNTED)[number];
export type Counts = Readonly<Record<Counted, number>>;

/** The whole campaign, cut into equal pieces of time. */
export interface Timeline {
  readonly binMs: number;
  /** One for each piece. */
  readonly counts: Readonly<Record<Counted, readonly number[]>>;
}

export interface CampaignRun {
  /** Simulated. */
  readonly durationMs: number;
  /** Of all devices; fewer than there are where it took longer than `longestMs`. */
  readonly done: number;
  /** From the start until so many of all devices were done; absent where that many never were. */
  readonly doneAtMs: { readonly p50?: number; readonly p90?: number; readonly p99?: number; readonly all?: number };
  readonly counts: Counts;
  /** The most in any one second. */
  readonly peaksPerSecond: Counts;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly units: number;
  /** All devices together. */
  readonly connectedMs: number;
  /** Mean time from a device's start to its end. */
  readonly meanUpdateMs: number;
  /** Of each server, in the order of the service. */
  readonly servers: readonly ServerUse[];
  readonly timeline: Timeline;
  /** What devices did, one by one, and in how many batches the simulator did it. */
  readonly events: number;
  readonly batches: number;
}

export interface ServerUse {
  readonly name: string;
  /** 0 to 1, of the time until the last device was done. */
  readonly busy: number;
  readonly meanWaitMs: number;
  readonly longestWaitMs: number;
}
