/**
 * A host of fleets as a process of its own, to be killed: `node stand-in-host.ts QUEUE_URL VERSION`. Its devices are none: one
 * of a share is done every `EVERY_MS`, with an update time that its number alone decides.
 */
import { setTimeout } from 'node:timers/promises';
import type { WorkerOrder, WorkerResult } from '../../device-sim/fleet/devices/worker-protocol.ts';
import { parseQueueAddress } from '../../device-sim/fleet/distributed/queue-address.ts';
import { serveShares } from '../../device-sim/fleet/distributed/serve-shares.ts';
import type { GeneratorOptions, Generators } from '../../device-sim/fleet/generators.ts';
import { machineFacts } from '../../device-sim/fleet/machine-facts.ts';
import { QUICK, standInMs, standInResult } from './stand-in-fleet.ts';

const [queueUrl = '', version = ''] = process.argv.slice(2);
const EVERY_MS = 10;

function generate(order: WorkerOrder, { signal, onProgress }: GeneratorOptions): Generators {
  return {
    ready: async () => {
      if (order.things.prefix === 'broken-') throw new Error('too few ports');
    },
    run: async () => {
      const startedAtMs = Date.now();
      const values: number[] = [];
      const result = (): WorkerResult => standInResult(order, { startedAtMs, atMs: Date.now(), values });
      for (let n = 0; n < order.things.count && !signal.aborted; n++) {
        await setTimeout(EVERY_MS);
        values.push(standInMs(order.things.first + n));
        onProgress([result()]);
      }
      return [result()];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());
await serveShares({
  queue: parseQueueAddress(queueUrl),
  machine: { ...machineFacts('stand-in'), bristlecone: version },
  generate,
  nowMs: Date.now,
  note: (line) => console.log(line),
  signal: ended.signal,
  liveness: QUICK,
});
