/** The embedded cloud: KMS, parameters, broker, jobs, streams and provisioning over one data folder, in one process. */
import { join } from 'node:path';
import { ANY_CREDENTIALS } from './aws-client.ts';
import { type BrokerLoad, startBroker } from './broker/broker.ts';
import type { TlsListenerOptions } from './broker/listeners.ts';
import { connectMqttBus, type MqttBusOptions } from './broker/mqtt-bus.ts';
import type { KeyExchange } from './broker/tls-options.ts';
import { type DeviceServices, startDeviceServices } from './device-services.ts';
import { createDeviceRegistry, type DeviceRegistry } from './identity/device-registry.ts';
import type { KeyAlgorithm } from './identity/key-pairs.ts';
import { type Identity, openIdentity } from './identity/open-identity.ts';
import { startKms } from './kms/server.ts';
import type { KmsCredential } from './kms/sigv4.ts';
import { openParameters } from './parameters/parameters.ts';
import { LoadMeter, type ProcessLoad } from './load-meter.ts';
import type { Bus, Log } from './ports.ts';
import { createHttpHook } from './provisioning/hook.ts';
import type { RateLimits } from './provisioning/rate-limits.ts';
import { registerManufacturedWith } from './provisioning/register-manufactured.ts';
import { startProvisioningService } from './provisioning/service.ts';
import { repeat } from './repeat.ts';
import { createKmsClient } from './signing/kms-client.ts';
import { ArtifactReader } from './store/artifact-reader.ts';
import { Artifacts } from './store/artifacts.ts';
import { openStore, type Store } from './store/store.ts';
import { thingNotes } from './store/things.ts';

/** How soon a device hears of what another process has written, and how late a step timer may run out. */
const TICK_MS = 100;

/** Whose KMS and Parameter Store these say they are. */
const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' };

const NO_PROVISIONING = 'Provisioning is offered by the embedded broker only.';
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
  /** Instead of an own one: then ports and TLS of devices are none of ours, and there is no provisioning. */
  readonly externalBroker?: ExternalBroker;
  /** Size of the blocks of the stream `bare`, the ceiling of a fleet; left out: there is none. */
  readonly bareBlockBytes?: number | undefined;
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

/** A broker of somebody else's, that the services use as a client who may hear and say everything below `$aws`. */
export interface ExternalBroker {
  /** `mqtt://host:port` or `mqtts://…`, without credentials: it is shown. */
  readonly url: string;
  /** Credentials and TLS, as MQTT.js takes them. */
  readonly connection?: MqttBusOptions['connection'];
}

/** Since the start; what waits does so now, and `eventLoop…` is since it was last read. */
export type CloudLoad = ProcessLoad & BrokerLoad & ServiceLoad;

export interface ServiceLoad {
  /** Messages of devices that came to the services, and of the services to devices. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Things that are being answered by the Jobs service, and those that blocks are on their way to. */
  readonly jobsWaiting: number;
  readonly streamsWaiting: number;
  /** Writes that are not on disk yet; those that are, and the commits that it took. */
  readonly writesWaiting: number;
  readonly writes: number;
  readonly commits: number;
}

export interface EmbeddedCloud extends AsyncDisposable {
  /** URL for the AWS SDK: KMS, Parameter Store and Secrets Manager answer there. */
  readonly kms: string;
  /** Where devices come in without TLS; the same as `mqtts` where they may not. */
  readonly mqtt: string;
  /** Absent beside a broker of somebody else's. */
  readonly mqtts?: string;
  /** What whoever starts it should know. */
  readonly notices: readonly string[];
  /** Each reader has its own time between readings. */
  loadReader(): () => CloudLoad;
}

/** Everything in the folder survives: the next start goes on where this one ended, also after kill -9. */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const { dataFolder, host, kmsPort, log } = options;
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
  const { externalBroker } = options;
  const side = externalBroker
    ? await openExternalSide(externalBroker, log, started)
    : await openEmbeddedSide(options, { store, kmsUrl: kms.url }, started);
  const { bareBlockBytes } = options;
  const services = await startDeviceServices({ bus: side.bus, store, artifacts, clock: Date.now, log, bareBlockBytes });
  side.onDisconnect((thing) => services.streams.forget(thing));
  started.defer(repeat(TICK_MS, () => services.jobs.tick(), log));

  const running = started.move();
  return {
    kms: kms.url,
    mqtt: side.mqtt,
    ...(side.mqtts === undefined ? {} : { mqtts: side.mqtts }),
    notices: [...kms.notices, PLAIN_PARAMETERS, ...side.notices],
    loadReader: () => {
      const meter = new LoadMeter();
      return () => ({ ...meter.read(), ...side.load(), ...loadOf(services, store) });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** How devices come in. */
interface DeviceSide {
  readonly bus: Bus;
  readonly mqtt: string;
  readonly mqtts?: string;
  readonly notices: readonly string[];
  readonly onDisconnect: (handler: (thing: string) => void) => void;
  readonly load: () => BrokerLoad;
}

async function openEmbeddedSide(
  options: EmbeddedCloudOptions,
  { store, kmsUrl }: { readonly store: Store; readonly kmsUrl: string },
  started: AsyncDisposableStack,
): Promise<DeviceSide> {
  const { host, mqttPort, log } = options;
  const tls = { ...DEFAULT_TLS, ...options.tls };
  const identity = await openIdentityOf(options, tls, kmsUrl);
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
  const note = thingNotes(store, Date.now);
  broker.onConnect((thing) => {
    note(thing).catch((error: unknown) => log.error({ thing, error }, 'thing not noted'));
  });
  started.defer(repeat(TICK_MS, () => registry.tick(), log));
  started.defer(repeat(TICK_MS, () => provisioning.tick(), log));
  const mqtts = `mqtts://${host}:${broker.tlsPort}`;
  return {
    bus: broker.bus,
    mqtt: mqttPort === undefined ? mqtts : `mqtt://${host}:${broker.port}`,
    mqtts,
    notices: [],
    onDisconnect: (handler) => broker.onDisconnect(handler),
    load: () => broker.load,
  };
}

async function openExternalSide(
  { url, connection }: ExternalBroker,
  log: Log,
  started: AsyncDisposableStack,
): Promise<DeviceSide> {
  const bus = started.adopt(await connectMqttBus({ url, log, ...(connection && { connection }) }), (it) => it.close());
  return {
    bus,
    mqtt: url,
    notices: [`Devices connect to ${url}, and that broker keeps them apart. ${NO_PROVISIONING}`],
    // Another broker tells nobody who comes and goes.
    onDisconnect: () => {},
    load: () => ({ handling: bus.handling, publishing: bus.publishing }),
  };
}

const loadOf = ({ jobs, streams, traffic }: DeviceServices, store: Store): ServiceLoad => ({
  messagesIn: traffic.in,
  messagesOut: traffic.out,
  jobsWaiting: jobs.waiting,
  streamsWaiting: streams.waiting,
  writesWaiting: store.writes.waiting,
  writes: store.writes.written,
  commits: store.writes.commits,
});

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
