/* oxlint-disable unicorn/require-post-message-target-origin -- between threads there are no origins */
/**
 * Bytes a second that one device downloads through the embedded cloud (job checked, blocks planned, read from disk,
 * encoded, authorized) beside the same messages pushed by a bare aedes to a bare subscription. Both over TCP with QoS 1,
 * the device in a thread of its own; rounds take turns and the median of their ratios counts.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Aedes } from 'aedes';
import { encodeDataBlock } from '../../protocol/aws-iot/streams.ts';
import { startBroker } from '../../cloud/broker/broker.ts';
import { ArtifactReader } from '../../cloud/store/artifact-reader.ts';
import { Artifacts } from '../../cloud/store/artifacts.ts';
import { queueExecutions } from '../../cloud/store/campaigns.ts';
import { openStore } from '../../cloud/store/store.ts';
import { createStream } from '../../cloud/store/streams.ts';
import { startStreamsService } from '../../cloud/streams/service.ts';
import { downloadDevice, type DownloadOrder } from './download-device.ts';
import { median } from './measure.ts';
import type { BenchRow } from './row.ts';

const BLOCK_SIZES = [256, 1024, 4096, 16_384] as const;
const GOAL = 0.7;
const ROUNDS = 21;
/** Until the code is compiled, and the image in the cloud's memory: as it is for every device of a campaign but the first. */
const WARM_UP_ROUNDS = 4;
const MAX_IMAGE_BYTES = 16 * 1024 * 1024;
const BLOCKS_PER_IMAGE = 8_192;
/** Messages that the bare broker has under way at once: more made it slower, as did fewer. */
const PEER_WINDOW = 128;
const THING = 'bench-device';
const DATA_TOPIC = (streamId: string) => `$aws/things/${THING}/streams/${streamId}/data/cbor`;

const silent = { info: () => {}, warn: () => {}, error: console.error };

export async function benchStreamDownload(blockSizes: readonly number[] = BLOCK_SIZES): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-bench-'));
  try {
    const rows: BenchRow[] = [];
    for (const blockBytes of blockSizes) rows.push(await benchBlockSize(blockBytes, folder));
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function benchBlockSize(blockBytes: number, folder: string): Promise<BenchRow> {
  const image = imageOf(Math.min(MAX_IMAGE_BYTES, BLOCKS_PER_IMAGE * blockBytes));
  const ours = await startOurs(image, join(folder, String(blockBytes)));
  const bare = await startBare(image, blockBytes);
  const oursDevice = startDevice({ port: ours.port, blockBytes, imageBytes: image.length, asks: true });
  const bareDevice = startDevice({ port: bare.port, blockBytes, imageBytes: image.length, asks: false });
  await Promise.all([oursDevice.ready, bareDevice.ready]);

  const rounds: { readonly ours: number; readonly peer: number }[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const oursMs = await oursDevice.download();
    const peerMs = await bareDevice.download(bare.push);
    if (round >= WARM_UP_ROUNDS) {
      rounds.push({ ours: (image.length / oursMs) * 1000, peer: (image.length / peerMs) * 1000 });
    }
  }
  await Promise.all([oursDevice.stop(), bareDevice.stop()]);
  await Promise.all([ours.close(), bare.close()]);
  return {
    name: `stream download in blocks of ${blockBytes} bytes`,
    ours: median(rounds.map((it) => it.ours)),
    peer: median(rounds.map((it) => it.peer)),
    ratio: median(rounds.map((it) => it.ours / it.peer)),
    goal: GOAL,
    unit: 'byte/s',
  };
}

async function startOurs(image: Uint8Array, folder: string) {
  const artifacts = await Artifacts.open(folder);
  const store = await openStore(join(folder, 'cloud.sqlite'));
  const { digest, bytes } = await artifacts.put(image);
  await createStream(store, { id: 'image', description: '', files: [{ fileId: 1, digest, bytes }] }, 0);
  await queueExecutions(store, { jobId: 'job', streamId: 'image', things: [THING], document: {}, nowMs: 0 });
  const reader = new ArtifactReader(artifacts);
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log: silent });
  await startStreamsService({ bus: broker.bus, store, artifacts: reader, clock: Date.now, log: silent });
  const close = async (): Promise<void> => {
    await broker.close();
    await reader.close();
    await store.close();
  };
  return { port: broker.port, close };
}

async function startBare(image: Uint8Array, blockBytes: number) {
  const aedes = await Aedes.createBroker();
  const server: Server = createServer({ noDelay: true }, aedes.handle);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const messages: Buffer[] = [];
  for (let blockId = 0; blockId * blockBytes < image.length; blockId++) {
    const payload = image.subarray(blockId * blockBytes, (blockId + 1) * blockBytes);
    messages.push(Buffer.from(encodeDataBlock({ fileId: 1, blockId, payload }, 'cbor')));
  }
  const publish = (payload: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const packet = {
        cmd: 'publish',
        topic: DATA_TOPIC('image'),
        payload,
        qos: 1,
        retain: false,
        dup: false,
      } as const;
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  const push = async (): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let message = messages[next++]; message; message = messages[next++]) await publish(message);
    };
    await Promise.all(Array.from({ length: PEER_WINDOW }, lane));
  };
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  };
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return { port: address.port, push, close };
}

/** The device, in a thread of its own, whose clock says how long each download took. */
function startDevice(order: Omit<DownloadOrder, 'thing' | 'streamId' | 'fileId'>) {
  const full: DownloadOrder = { ...order, thing: THING, streamId: 'image', fileId: 1 };
  const worker = new Worker(import.meta.filename, { workerData: full });
  const next = async <T>(): Promise<T> => {
    const [message] = await once(worker, 'message');
    return message;
  };
  return {
    ready: next<'ready'>(),
    download: async (push?: () => Promise<void>): Promise<number> => {
      const took = next<number>();
      worker.postMessage('start');
      await push?.();
      return took;
    },
    stop: () => worker.terminate(),
  };
}

/** Bytes that do not compress and are the same in every run. */
function imageOf(bytes: number): Uint8Array {
  return new Uint8Array(createHash('shake256', { outputLength: bytes }).update('image').digest());
}

if (!isMainThread && parentPort) {
  await downloadDevice(workerData, parentPort);
} else if (import.meta.main) {
  const sizes = process.argv.slice(2).map(Number);
  for (const { name, ours, peer, ratio } of await benchStreamDownload(sizes.length > 0 ? sizes : BLOCK_SIZES)) {
    console.log(`${name}: ${(ours / 1e6).toFixed(1)} and ${(peer / 1e6).toFixed(1)} MB/s, ratio ${ratio.toFixed(2)}`);
  }
}
