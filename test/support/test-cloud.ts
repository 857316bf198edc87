/**
 * The embedded broker with the Jobs and streams services over a folder of its own, a clock to turn, and devices that
 * are plain MQTT.js clients on real sockets.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { type Broker, type BrokerOptions, startBroker } from '../../cloud/broker/broker.ts';
import { type JobsService, startJobsService } from '../../cloud/jobs/service.ts';
import type { Log } from '../../cloud/ports.ts';
import { ArtifactReader } from '../../cloud/store/artifact-reader.ts';
import { Artifacts } from '../../cloud/store/artifacts.ts';
import { queueExecutions } from '../../cloud/store/campaigns.ts';
import { openStore, type Store } from '../../cloud/store/store.ts';
import { createStream } from '../../cloud/store/streams.ts';
import { startStreamsService, type StreamsService } from '../../cloud/streams/service.ts';
import type { JsonObject } from '../../protocol/aws-iot/json.ts';

const START_MS = 1_763_000_000_250;
export const START = 1_763_000_000;

/** A log that keeps what it is told. */
export interface TestLog extends Log {
  readonly lines: { readonly level: 'info' | 'warn' | 'error'; readonly message: string; readonly fields: object }[];
}

export function createTestLog(): TestLog {
  const lines: TestLog['lines'] = [];
  const at = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

export interface TestCloud extends AsyncDisposable {
  readonly folder: string;
  readonly broker: Broker;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly jobs: JobsService;
  readonly streams: StreamsService;
  readonly log: TestLog;
  readonly clock: { nowMs: number };
  /** As after a kill: a new broker, new services and a new connection to the database, over the same folder. */
  restart(): Promise<TestCloud>;
}

export async function startTestCloud({
  folder,
  clock = { nowMs: START_MS },
  ...options
}: { folder?: string; clock?: { nowMs: number } } & Partial<BrokerOptions> = {}): Promise<TestCloud> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'bristlecone-cloud-')));
  const log = createTestLog();
  const store = await openStore(join(home, 'cloud.sqlite'));
  const artifacts = await Artifacts.open(join(home, 'artifacts'));
  const reader = new ArtifactReader(artifacts);
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log, ...options });
  const services = { bus: broker.bus, store, log, clock: () => clock.nowMs };
  const jobs = await startJobsService(services);
  const streams = await startStreamsService({ ...services, artifacts: reader });
  broker.onDisconnect((thing) => streams.forget(thing));
  const stop = async (): Promise<void> => {
    await broker.close();
    await reader.close();
    await store.close();
  };
  return {
    folder: home,
    broker,
    store,
    artifacts,
    jobs,
    streams,
    log,
    clock,
    restart: async () => {
      await stop();
      return startTestCloud({ folder: home, clock, ...options });
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A job for each thing, and its stream where files are given. */
export async function queueJob(
  cloud: TestCloud,
  job: {
    readonly jobId: string;
    readonly things: readonly string[];
    readonly document?: JsonObject;
    readonly stream?: { readonly id: string; readonly files: ReadonlyMap<number, Uint8Array> };
  },
): Promise<void> {
  const { jobId, things, document = { job: jobId }, stream } = job;
  if (stream) {
    const files = await Promise.all(
      [...stream.files].map(async ([fileId, bytes]) => ({ fileId, ...(await cloud.artifacts.put(bytes)) })),
    );
    await createStream(cloud.store, { id: stream.id, description: `of ${jobId}`, files }, cloud.clock.nowMs);
  }
  const { nowMs } = cloud.clock;
  await queueExecutions(cloud.store, { jobId, streamId: stream?.id ?? null, things, document, nowMs });
}

export interface Heard {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface TestDevice extends AsyncDisposable {
  readonly client: MqttClient;
  /** All that came, in order. */
  readonly heard: readonly Heard[];
  subscribe(...filters: readonly string[]): Promise<void>;
  publish(topic: string, payload: Uint8Array | string): Promise<void>;
  /** The next message on `topic` that has not been taken yet. */
  next(topic: string): Promise<Uint8Array>;
  /** Publish to `topic`, and take what comes back on one of its two answer topics. */
  ask(topic: string, request: object): Promise<{ readonly outcome: 'accepted' | 'rejected'; readonly reply: unknown }>;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export async function connectDevice(
  port: number,
  thing: string,
  { version = 5 }: { readonly version?: 4 | 5 } = {},
): Promise<TestDevice> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId: thing,
    protocolVersion: version,
    reconnectPeriod: 0,
  });
  const heard: Heard[] = [];
  const untaken: Heard[] = [];
  let wake = Promise.withResolvers<void>();
  client.on('message', (topic, buffer) => {
    const message = { topic, payload: new Uint8Array(buffer) };
    heard.push(message);
    untaken.push(message);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const take = async (topics: readonly string[]): Promise<Heard> => {
    for (;;) {
      const index = untaken.findIndex((it) => topics.includes(it.topic));
      const [found] = index < 0 ? [] : untaken.splice(index, 1);
      if (found) return found;
      await wake.promise;
    }
  };
  const publish = async (topic: string, payload: Uint8Array | string): Promise<void> => {
    await client.publishAsync(topic, typeof payload === 'string' ? payload : Buffer.from(payload), { qos: 1 });
  };
  return {
    client,
    heard,
    subscribe: async (...filters) => void (await client.subscribeAsync([...filters], { qos: 1 })),
    publish,
    next: async (topic) => (await take([topic])).payload,
    ask: async (topic, request) => {
      await publish(topic, JSON.stringify(request));
      const answer = await take([`${topic}/accepted`, `${topic}/rejected`]);
      const outcome = answer.topic.endsWith('accepted') ? 'accepted' : 'rejected';
      return { outcome, reply: JSON.parse(text(answer.payload)) };
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
