/** The embedded cloud: KMS, parameters, broker, jobs and streams over one data folder, in one process. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startBroker } from './broker/broker.ts';
import { startJobsService } from './jobs/service.ts';
import { startKms } from './kms/server.ts';
import type { KmsCredential } from './kms/sigv4.ts';
import { openParameters } from './parameters/parameters.ts';
import type { Log } from './ports.ts';
import { ArtifactReader } from './store/artifact-reader.ts';
import { Artifacts } from './store/artifacts.ts';
import { openStore } from './store/store.ts';
import { rememberThings } from './store/things.ts';
import { startStreamsService } from './streams/service.ts';

/** How soon a device hears of what another process has written, and how late a step timer may run out. */
const TICK_MS = 100;

/** Whose KMS and Parameter Store these say they are. */
const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' };

const PLAIN_PARAMETERS =
  'Parameter Store and Secrets Manager answer at the same address. This is no safe: what they keep are plain files.';

export interface EmbeddedCloudOptions {
  readonly dataFolder: string;
  readonly host: string;
  /** 0: any free port. */
  readonly kmsPort: number;
  readonly mqttPort: number;
  /** Whose signatures the KMS takes; left out: anybody's, on loopback. */
  readonly kmsCredentials?: readonly KmsCredential[];
  /** Let whoever reaches the KMS use it, also from other machines. */
  readonly kmsAllowAnyCaller?: boolean;
  readonly log: Log;
}

export interface EmbeddedCloud extends AsyncDisposable {
  /** URL for the AWS SDK: KMS, Parameter Store and Secrets Manager answer there. */
  readonly kms: string;
  readonly mqtt: string;
  /** What whoever starts it should know. */
  readonly notices: readonly string[];
}

/** Everything in the folder survives: the next start goes on where this one ended, also after kill -9. */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const { dataFolder, host, kmsPort, mqttPort, log } = options;
  await using started = new AsyncDisposableStack();
  const store = started.adopt(await openStore(join(dataFolder, 'cloud.sqlite')), (it) => it.close());
  const artifacts = started.adopt(new ArtifactReader(await Artifacts.open(join(dataFolder, 'artifacts'))), (it) =>
    it.close(),
  );
  const surroundings = { account: ACCOUNT, nowMs: Date.now, newId: () => crypto.randomUUID() };
  const parameters = started.adopt(await openParameters(join(dataFolder, 'parameters'), surroundings), (it) =>
    it.close(),
  );
  const { neighbours } = parameters;
  const kms = started.adopt(
    await startKms({
      folder: join(dataFolder, 'kms'),
      trailFolder: join(dataFolder, 'cloudtrail'),
      port: kmsPort,
      host,
      ...ACCOUNT,
      neighbours,
      ...(options.kmsCredentials ? { credentials: options.kmsCredentials } : {}),
      allowAnyCaller: options.kmsAllowAnyCaller ?? false,
    }),
    (it) => it.close(),
  );
  const broker = started.adopt(await startBroker({ port: mqttPort, host, log }), (it) => it.close());
  const services = { bus: broker.bus, store, clock: Date.now, log };
  const jobs = await startJobsService(services);
  const streams = await startStreamsService({ ...services, artifacts });
  const remember = (thing: string): Promise<void> =>
    rememberThings(store, [thing], Date.now()).catch((error: unknown) =>
      log.error({ thing, error }, 'thing not noted'),
    );
  broker.onConnect((thing) => void remember(thing));
  broker.onDisconnect((thing) => streams.forget(thing));
  started.defer(repeat(TICK_MS, () => jobs.tick(), log));

  const running = started.move();
  const mqtt = `mqtt://${host}:${broker.port}`;
  return {
    kms: kms.url,
    mqtt,
    notices: [...kms.notices, PLAIN_PARAMETERS],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** One after the other, never two at once. @returns what stops it, once the last one is over */
function repeat(everyMs: number, work: () => Promise<void>, log: Log): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await work().catch((error: unknown) => log.error({ error }, 'cloud: a periodic task failed'));
      await setTimeout(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ended = loop();
  return async () => {
    ending.abort();
    await ended;
  };
}
