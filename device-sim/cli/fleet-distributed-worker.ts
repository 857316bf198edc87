/** `bristlecone fleet worker`: this machine runs shares of fleets that coordinators put into a queue. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';
import { serveShares } from '../fleet/distributed/serve-shares.ts';
import { splitOrder } from '../fleet/distributed/split-order.ts';
import { expectRoomOnThisMachine, machineFacts } from '../fleet/machine-facts.ts';
import { generateHere } from '../fleet/workers.ts';
import { parseCount } from './files.ts';
import { QUEUE_VARIABLE, queueOf } from './fleet-distributed.ts';

interface WorkerOptions {
  readonly queue?: string;
  readonly workers?: string;
}

const WHAT_IT_DOES =
  'It takes one share at a time and waits for the next until Ctrl-C. Its machine needs ways to the queue and to the broker,\n' +
  'and no other. Whoever may write to the queue may give it devices to run and brokers to connect to: protect it by a\n' +
  `password and TLS, and keep the password out of lists of processes: ${QUEUE_VARIABLE}=rediss://:password@host:6380.\n` +
  'Shares carry images and public trust roots, never private keys.';

export function registerFleetWorker(fleet: Command): void {
  const command = subcommand(fleet, {
    name: 'worker',
    summary: 'run shares of fleets on this machine, for `bristlecone fleet --hosts`',
    examples: ['fleet worker --queue redis://queue.example:6379', 'fleet worker --workers 2'],
  })
    .option('--queue <url>', `redis://host:6379, rediss://… or postgres://… (default: ${QUEUE_VARIABLE})`)
    .option('--workers <n>', 'processes that devices are simulated in (default: one for each core)')
    .addHelpText('after', `\n${WHAT_IT_DOES}`);
  run<WorkerOptions>(command, async ({ options, io }) => {
    const queue = queueOf(options, io.env);
    const workers = parseCount(options.workers, '--workers') ?? availableParallelism();
    if (workers < 1) throw new UsageError('--workers: expected 1 or more, got 0');
    const shares = await serveShares({
      queue,
      machine: machineFacts(''),
      generate: (order, work) => {
        const orders = splitOrder(order, workers);
        expectRoomOnThisMachine({
          devices: order.things.count,
          workers: orders.length,
          imageBytes: order.expects.imageBytes,
          broker: order.mqttUrl,
        });
        return generateHere(orders, work);
      },
      nowMs: io.nowMs,
      note: io.note,
      signal: io.signal,
    });
    return { json: { shares }, text: `Ran ${shares} shares.` };
  });
}
