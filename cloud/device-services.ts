/** What devices talk to over whichever broker: the Jobs and the streams service, and how busy they are. */
import type { Bus, Clock, Log } from './ports.ts';
import { type JobsService, startJobsService } from './jobs/service.ts';
import type { ArtifactReader } from './store/artifact-reader.ts';
import type { Store } from './store/store.ts';
import { bareStream } from './streams/bare.ts';
import { startStreamsService, type StreamsService } from './streams/service.ts';

export interface DeviceServicesOptions {
  readonly bus: Bus;
  readonly store: Store;
  readonly artifacts: ArtifactReader;
  readonly clock: Clock;
  readonly log: Log;
  /** Size of the blocks of the stream `bare`; left out: there is no such stream. */
  readonly bareBlockBytes?: number | undefined;
}

export interface DeviceServices {
  readonly jobs: JobsService;
  readonly streams: StreamsService;
  /** Messages of devices that came to the services, and of the services to devices, since the start. */
  readonly traffic: { readonly in: number; readonly out: number };
}

export async function startDeviceServices(options: DeviceServicesOptions): Promise<DeviceServices> {
  const { bareBlockBytes } = options;
  const traffic = { in: 0, out: 0 };
  const services = { ...options, bus: countedBus(options.bus, traffic) };
  const jobs = await startJobsService(services);
  const bare = bareBlockBytes === undefined ? undefined : bareStream(services.bus, bareBlockBytes);
  const streams = await startStreamsService({ ...services, bare });
  return { jobs, streams, traffic };
}

const countedBus = (bus: Bus, traffic: { in: number; out: number }): Bus => ({
  subscribe: (filter, handler) =>
    bus.subscribe(filter, (topic, payload) => {
      traffic.in += 1;
      return handler(topic, payload);
    }),
  publish: (topic, payload, options) => {
    traffic.out += 1;
    return bus.publish(topic, payload, options);
  },
});
