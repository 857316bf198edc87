/** What a fleet run has running beside its devices: the cloud, and mosquitto where that is its broker. */
import { join } from 'node:path';
import { Cloud } from './cloud.ts';
import { expectMosquitto, type Mosquitto, startMosquitto } from './mosquitto.ts';
import type { FleetSettings, ProcessCost } from './result.ts';
import type { Service } from './service.ts';

export interface Servers extends AsyncDisposable {
  readonly cloud: Cloud;
  /** Whoever dies where the broker is killed; undefined where it is not ours. */
  readonly killable: Service | undefined;
  /** As results call it: `mosquitto 2.0.11`. */
  readonly brokerName: string;
  /** The result of the work, or the death of a server, whichever comes first. @throws {FleetError} */
  lives<T>(work: Promise<T>): Promise<T>;
  /** Counting begins. */
  markIdle(): void;
  /** Takes a reading of each. */
  read(): void;
  readonly brokerCost: ProcessCost | undefined;
}

/**
 * @param signal once it has aborted, servers may die: Ctrl-C reaches them too
 * @throws {FleetError} where one of them cannot be started
 */
export async function startServers(
  { broker, blockBytes }: FleetSettings,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Servers> {
  await using started = new AsyncDisposableStack();
  const version = broker === 'mosquitto' ? expectMosquitto() : undefined;
  const mosquitto = version === undefined ? undefined : await startMosquitto(join(folder, 'mosquitto'));
  if (mosquitto) started.use(mosquitto.service);
  const brokerUrl = broker === 'embedded' ? undefined : (mosquitto?.url ?? broker);
  const cloud = started.use(
    new Cloud({
      dataFolder: join(folder, 'cloud'),
      brokerUrl,
      brokerPasswordFile: mosquitto?.passwordFile,
      bareBlockBytes: blockBytes,
    }),
  );
  await cloud.start();
  const running = started.move();
  const services: readonly Service[] = [cloud, ...(mosquitto ? [mosquitto.service] : [])];
  return {
    cloud,
    killable: killableOf(cloud, mosquitto, broker),
    brokerName: version ?? broker,
    lives: (work) => Promise.race([work, ...services.map((service) => diesUnasked(service, signal))]),
    markIdle: () => services.forEach((service) => service.markIdle()),
    read: () => services.forEach((service) => service.read()),
    get brokerCost() {
      return mosquitto?.service.cost;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function killableOf(cloud: Cloud, mosquitto: Mosquitto | undefined, broker: string): Service | undefined {
  if (broker === 'embedded') return cloud;
  return mosquitto?.service;
}

/** Rejects when it dies; never resolves. */
function diesUnasked({ died }: Service, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  died.catch((error: unknown) => {
    if (!signal.aborted) reject(error);
  });
  return promise;
}
