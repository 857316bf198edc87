/** A campaign over the embedded broker and services, and the order of a worker whose devices take it. */
import { createServer } from 'node:net';
import { FleetWorker } from '../../device-sim/fleet/devices/worker.ts';
import {
  devicesIn,
  thingName,
  type WorkerOrder,
  type WorkerProgress,
  type WorkerResult,
} from '../../device-sim/fleet/devices/worker-protocol.ts';
import { forgeEnvelope } from '../../device-sim/measure/forge-envelope.ts';
import { toHex } from '../../protocol/bytes.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { firstRoot } from './device-roots.ts';
import { IMAGE_URI, imageOf, OLD_IMAGE, releaseOf } from './device-world.ts';
import { classId, mlDsa65, vendorId } from './suit.ts';
import { queueJob, startTestCloud, type TestCloud } from './test-cloud.ts';

const IMAGE = imageOf(20_000, 7);
const RELEASE = releaseOf({ signers: [mlDsa65], image: IMAGE });
const ROOT = firstRoot([mlDsa65]);
const NAMES = { prefix: 'fleet-', digits: 5 };

/** Of a device that is done: the envelope's blocks and the image's. */
export const BLOCKS_OF_UPDATE = Math.ceil(RELEASE.envelope.length / 4_096) + Math.ceil(IMAGE.length / 4_096);
export const BYTES_OF_UPDATE = RELEASE.envelope.length + IMAGE.length;

export interface FleetCampaign extends AsyncDisposable {
  cloud: TestCloud;
  order(changes?: Partial<WorkerOrder>): WorkerOrder;
}

/** @param rogues numbers of the things whose envelope somebody has tampered with */
export async function startCampaign(count: number, rogues: readonly number[] = []): Promise<FleetCampaign> {
  // It keeps its port when it is restarted.
  const cloud = await startTestCloud({ port: await freePort() });
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const good = numbers.filter((number) => !rogues.includes(number));
  await queue(cloud, 'good', { numbers: good, envelope: RELEASE.envelope, image: IMAGE });
  if (rogues.length > 0) await queue(cloud, 'rogue', { numbers: rogues, ...forgeEnvelope(RELEASE) });
  const campaign: FleetCampaign = {
    cloud,
    order: (changes) => ({ ...fleetOrder(count, `mqtt://127.0.0.1:${cloud.broker.port}`), ...changes }),
    [Symbol.asyncDispose]: () => campaign.cloud[Symbol.asyncDispose](),
  };
  return campaign;
}

export const fleetOrder = (count: number, mqttUrl: string): WorkerOrder => ({
  things: { ...NAMES, first: 1, count },
  mqttUrl,
  seed: 1,
  blockBytes: 4_096,
  requestBytes: 8_192,
  factory: {
    board: 'nrf52840',
    vendorIdHex: toHex(vendorId),
    classIdHex: toHex(classId),
    rootBase64: ROOT.bytes.toBase64(),
    imageBase64: OLD_IMAGE.toBase64(),
    sequenceNumber: 1,
  },
  expects: { imageBytes: IMAGE.length, digestHex: toHex(digestOfImage(IMAGE).bytes) },
  arrivalsPerSecond: 0,
  timeLimitSeconds: 20,
  slowShare: 0,
  slowBytesPerSecond: 20_000,
  dropRate: 0,
});

interface Job {
  readonly numbers: readonly number[];
  readonly envelope: Uint8Array;
  readonly image: Uint8Array;
}

function queue(cloud: TestCloud, jobId: string, { numbers, envelope, image }: Job): Promise<void> {
  const files = [{ fileId: 1, bytes: image.length, uri: IMAGE_URI }];
  return queueJob(cloud, {
    jobId,
    things: numbers.map((number) => thingName(NAMES, number)),
    document: { bristlecone: { v: 1, stream: jobId, envelope: { fileId: 0, bytes: envelope.length }, files } },
    stream: {
      id: jobId,
      files: new Map([
        [0, envelope],
        [1, image],
      ]),
    },
  });
}

/** To its end; every report on the way has to account for every device. */
export async function runWorker(
  order: WorkerOrder,
  meanwhile: (worker: FleetWorker, progress: WorkerProgress) => void = () => {},
): Promise<WorkerResult> {
  const worker = new FleetWorker(order);
  const unaccounted: WorkerProgress[] = [];
  const result = await worker.run((progress) => {
    if (devicesIn(progress) !== order.things.count) unaccounted.push(progress);
    meanwhile(worker, progress);
  });
  if (devicesIn(result) !== order.things.count || unaccounted.length > 0) {
    throw new Error(`devices are unaccounted for: ${JSON.stringify([...unaccounted, result])}`);
  }
  return result;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  return address.port;
}
