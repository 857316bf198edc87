/** `bristlecone fleet --queue URL --hosts N`: the devices run on other hosts, which meet at a queue. */
import type { Command } from 'commander';
import { type Io, textTable, UsageError } from '../../command-line.ts';
import { hostRows } from '../fleet/distributed/host-rows.ts';
import { Hosts } from '../fleet/distributed/hosts.ts';
import { parseQueueAddress, type QueueAddress } from '../fleet/distributed/queue-address.ts';
import type { Generate } from '../fleet/generators.ts';
import { type HistogramData, percentile } from '../fleet/histogram.ts';
import { machineFacts } from '../fleet/machine-facts.ts';
import type { FleetHost, FleetResult } from '../fleet/result.ts';
import { count, duration, milliseconds } from '../fleet/words.ts';
import { parseCount } from './files.ts';
import { secondsOf } from './fleet-options.ts';

export interface QueueOptions {
  readonly queue?: string;
  readonly hosts?: string;
  readonly wait: string;
  readonly takeOver?: true;
  readonly connectFirst?: true;
}

/** Of the environment: there a password is in no list of processes. */
export const QUEUE_VARIABLE = 'BRISTLECONE_QUEUE';

export const withQueueOptions = (command: Command): Command =>
  command
    .option('--hosts <n>', 'run the devices on so many hosts, each with `bristlecone fleet worker`, instead of here')
    .option(
      '--queue <url>',
      `where they meet: redis://host:6379, rediss://… or postgres://… (default: ${QUEUE_VARIABLE})`,
    )
    .option('--wait <time>', 'how long to wait for the hosts to come', '5m')
    .option('--take-over', 'stop a run that has been left in the queue, or still runs there');

/** @throws {QueueError} `invalid-url` @throws {UsageError} where none is given */
export function queueOf({ queue }: Pick<QueueOptions, 'queue'>, env: Io['env']): QueueAddress {
  const url = queue ?? env[QUEUE_VARIABLE];
  if (url === undefined || url === '')
    throw new UsageError(`--queue: expected the URL of a Redis or PostgreSQL, there or in ${QUEUE_VARIABLE}, got none`);
  return parseQueueAddress(url);
}

/** The hosts of one run after the other: a ceiling before, the campaign, a ceiling after. */
export interface Distribution {
  readonly hosts: number;
  readonly generate: Generate;
  /** With a row of each host that had devices of the campaign. */
  readonly complete: (result: FleetResult) => FleetResult;
}

/** @returns undefined where the devices run here */
export function distributionOf(
  options: QueueOptions,
  { io, broker, devices }: { readonly io: Io; readonly broker: string; readonly devices: number },
): Distribution | undefined {
  const hosts = parseCount(options.hosts, '--hosts');
  if (hosts === undefined) {
    if (options.queue !== undefined) throw new UsageError('--queue: expected --hosts too: how many to wait for');
    return undefined;
  }
  if (options.connectFirst)
    throw new UsageError('--connect-first: expected it without --hosts, whose devices cannot be told of a begin yet');
  if (hosts < 1 || hosts > devices)
    throw new UsageError(`--hosts: expected 1 to ${devices}, at least a device for each, got ${hosts}`);
  const queue = queueOf(options, io.env);
  const waitMs = secondsOf(options.wait, '--wait') * 1_000;
  if (!broker.includes('://'))
    io.note(`The ${broker} broker listens on this machine only: for hosts on others, give --broker mqtt://host:1883`);
  let campaign: Hosts | undefined;
  // The same hosts take the shares of the next pass, and at once.
  let haveCome = false;
  const onReady = (names: readonly string[], wanted: number): void => {
    if (!haveCome) io.note(`${names.length} of ${wanted} hosts are ready: ${names.join(', ')}`);
    haveCome ||= names.length === wanted;
  };
  return {
    hosts,
    generate: (orders, work) => {
      const gathered = new Hosts(orders, work, {
        queue,
        run: io.randomHex(8),
        bristlecone: machineFacts('').bristlecone,
        waitMs,
        takeOver: options.takeOver === true,
        onReady,
        note: io.note,
      });
      if (orders.every(({ bare }) => bare === undefined)) campaign = gathered;
      return gathered;
    },
    complete: (result) => completed(result, campaign ? hostRows(campaign.shares) : []),
  };
}

/** Its machines: that of the coordinator, where the cloud ran, and those of the hosts. */
function completed(result: FleetResult, rows: readonly FleetHost[]): FleetResult {
  const broker = result.machines[0]?.broker ?? result.options.broker;
  const hosts = rows.map(({ machine, ...row }) => ({ ...row, ...(machine && { machine: { ...machine, broker } }) }));
  return { ...result, machines: [...result.machines, ...hosts.flatMap(({ machine }) => machine ?? [])], hosts };
}

export function hostsText(hosts: readonly FleetHost[]): string {
  const rows = hosts.map(({ name, machine, state, devices, counts, seconds, updateMs, blockMs, clockOffsetMs }) => [
    name,
    machine?.cores ?? '',
    machine?.node ?? '',
    state,
    `${count(counts.done)} of ${count(devices)}`,
    duration(seconds),
    latency(updateMs, 0.5),
    latency(updateMs, 0.99),
    latency(blockMs, 0.99),
    clockOffsetMs === undefined ? 'not known' : `${clockOffsetMs} ms`,
  ]);
  const head = ['host', 'cores', 'node', 'state', 'done', 'in', 'update p50', 'p99', 'block p99', 'clock off by'];
  return textTable(head, rows);
}

const latency = (histogram: HistogramData, share: number): string =>
  histogram.n === 0 ? '–' : milliseconds(percentile(histogram, share));
