/** The embedded cloud: KMS, parameters, broker, jobs, streams and provisioning over one data folder, in one process. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ANY_CREDENTIALS } from './aws-client.ts';
import { startBroker } from './broker/broker.ts';
import type { TlsListenerOptions } from './broker/listeners.ts';
import type { KeyExchange } from './broker/tls-options.ts';
import { createDeviceRegistry, type DeviceRegistry } from './identity/device-registry.ts';
import type { KeyAlgorithm } from './identity/key-pairs.ts';
import { type Identity, openIdentity } from './identity/open-identity.ts';
import { startJobsService } from './jobs/service.ts';
import { startKms } from './kms/server.ts';
import type { KmsCredential } from './kms/sigv4.ts';
import { openParameters } from './parameters/parameters.ts';
import type { Log } from './ports.ts';
import { createHttpHook } from './provisioning/hook.ts';
import type { RateLimits } from './provisioning/rate-limits.ts';
import { registerManufacturedWith } from './provisioning/register-manufactured.ts';
import { startProvisioningService } from './provisioning/service.ts';
import { createKmsClient } from './signing/kms-client.ts';
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
  /** 0: any free port. Left out: devices come in over TLS only. */
  readonly mqttPort?: number;
  readonly tls?: Partial<EmbeddedTls>;
  /** Whose signatures the KMS takes; left out: anybody's, on loopback. */
  readonly kmsCredentials?: readonly KmsCredential[];
  /** Let whoever reaches the KMS use it, also from other machines. */
  readonly kmsAllowAnyCaller?: boolean;
  /** Left out: devices are provisioned as fast as they ask. */
  readonly provisioningLimits?: RateLimits;
  readonly log: Log;
}

/** MQTT over TLS. */
export interface EmbeddedTls {
  /** 0: any free port. */
  readonly port: number;
  readonly keyExchange: KeyExchange;
  /** Of the keys of CAs and server that are not there yet. */
  readonly certificateAlgorithm: KeyAlgorithm;
  /** What devices call the server by, beside loopback and the host it listens on: names and addresses. */
  readonly serverNames: readonly string[];
  /** `off`: whoever names a thing is that thing, as without TLS. */
  readonly deviceCertificates: 'required' | 'off';
  readonly sessionTickets: boolean;
}

const DEFAULT_TLS: EmbeddedTls = {
  port: 0,
  keyExchange: 'preferred',
  // What the TLS of AWS's device SDKs takes.
  certificateAlgorithm: 'P-256',
  serverNames: [],
  deviceCertificates: 'required',
  sessionTickets: false,
};

export interface EmbeddedCloud extends AsyncDisposable {
  /** URL for the AWS SDK: KMS, Parameter Store and Secrets Manager answer there. */
  readonly kms: string;
  /** Where devices come in without TLS; the same as `mqtts` where they may not. */
  readonly mqtt: string;
  readonly mqtts: string;
  /** What whoever starts it should know. */
  readonly notices: readonly string[];
}

/** Everything in the folder survives: the next start goes on where this one ended, also after kill -9. */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const { dataFolder, host, kmsPort, mqttPort, log } = options;
  const tls = { ...DEFAULT_TLS, ...options.tls };
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
  const identity = await openIdentityOf(options, tls, kms.url);
  const registry: DeviceRegistry = createDeviceRegistry({
    ...{ store, clock: Date.now, log, deviceCa: identity.deviceCa.pem },
    registerManufactured: (der) => registerManufactured(der),
  });
  const broker = started.adopt(
    await startBroker({
      host,
      log,
      ...(mqttPort === undefined ? {} : { port: mqttPort }),
      tls: tlsListener(tls, { identity, registry }),
    }),
    (it) => it.close(),
  );
  const services = { bus: broker.bus, store, clock: Date.now, log };
  const registerManufactured = registerManufacturedWith({ ...services, accountId: ACCOUNT.accountId });
  const provisioning = startProvisioningService({
    ...{ store, clock: Date.now, log, random, requests: broker.requests, account: ACCOUNT },
    ...{ deviceCa: identity.deviceCa, hook: createHttpHook(), limits: options.provisioningLimits ?? {} },
  });
  const jobs = await startJobsService(services);
  const streams = await startStreamsService({ ...services, artifacts });
  const remember = (thing: string): Promise<void> =>
    rememberThings(store, [thing], Date.now()).catch((error: unknown) =>
      log.error({ thing, error }, 'thing not noted'),
    );
  broker.onConnect((thing) => void remember(thing));
  broker.onDisconnect((thing) => streams.forget(thing));
  started.defer(repeat(TICK_MS, () => jobs.tick(), log));
  started.defer(repeat(TICK_MS, () => registry.tick(), log));
  started.defer(repeat(TICK_MS, () => provisioning.tick(), log));

  const running = started.move();
  const mqtts = `mqtts://${host}:${broker.tlsPort}`;
  return {
    kms: kms.url,
    mqtt: mqttPort === undefined ? mqtts : `mqtt://${host}:${broker.port}`,
    mqtts,
    notices: [...kms.notices, PLAIN_PARAMETERS],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** With the KMS that was just started, as the first of those that it knows. */
const openIdentityOf = (
  { dataFolder, host, kmsCredentials = [] }: EmbeddedCloudOptions,
  { certificateAlgorithm, serverNames }: EmbeddedTls,
  endpoint: string,
): Promise<Identity> =>
  openIdentity({
    folder: join(dataFolder, 'identity'),
    client: createKmsClient({ endpoint, region: ACCOUNT.region, credentials: kmsCredentials[0] ?? ANY_CREDENTIALS }),
    algorithm: certificateAlgorithm,
    serverNames: [...new Set(['localhost', '127.0.0.1', '::1', host, ...serverNames])],
    nowMs: Date.now,
    random,
  });

const tlsListener = (
  { port, keyExchange, sessionTickets, deviceCertificates }: EmbeddedTls,
  { identity, registry }: { readonly identity: Identity; readonly registry: DeviceRegistry },
): TlsListenerOptions => ({
  port,
  keyExchange,
  sessionTickets,
  credentials: [identity.server],
  ...(deviceCertificates === 'required' ? { registry } : {}),
});

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

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
