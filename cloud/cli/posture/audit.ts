/** `bristlecone posture audit`: who signs with what, read from CloudTrail files. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { trailQueries } from '../../posture/audit/queries.ts';
import { type ReadTrail, readTrail } from '../../posture/audit/read-trail.ts';
import { type Audit, type Connections, type KeyUse, TrailSummary } from '../../posture/audit/trail-summary.ts';
import { decodeKeySpecs } from '../../posture/inventory/inventory.ts';
import { TokenBucket } from '../../posture/inventory/token-bucket.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from '../kms-option.ts';
import { takeInventory } from './inventory.ts';

interface AuditOptions extends KmsOptions {
  readonly inventory?: string;
  readonly live?: true;
  readonly queries?: true;
  readonly table: string;
  readonly eventDataStore: string;
}

export function registerAudit(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'audit',
      summary: 'who signs with what and over which key exchange, from CloudTrail files',
      examples: [
        'posture audit AWSLogs/111122223333/CloudTrail',
        'posture audit trail.json.gz --inventory keys.json',
        'posture audit .bristlecone/cloudtrail --live          # specs from the running KMS',
        'posture audit --queries --event-data-store 1234abcd-12ab-34cd-56ef-1234567890ab',
      ],
    }),
  )
    .argument('[path...]', 'files, or folders of them: .json, .jsonl, each also .gz')
    .option('--inventory <file>', 'specs of keys, from `bristlecone posture inventory --json`')
    .option('--live', 'specs of keys, from the KMS itself')
    .option('--queries', 'print the same questions for Athena, CloudTrail Lake and Logs Insights')
    .option('--table <name>', 'with --queries: the Athena table', 'cloudtrail_logs')
    .option('--event-data-store <id>', 'with --queries: the event data store of CloudTrail Lake', 'EVENT_DATA_STORE');
  run<AuditOptions>(command, async ({ args: paths, options, io }) => {
    if (options.queries) return queries(options);
    if (paths.length === 0) throw new UsageError('expected files or folders of CloudTrail, or --queries');
    const specs = await specsOf(options, io);
    const summary = new TrailSummary();
    const progress = io.progress('files', 0);
    const read = await readTrail(paths, summary, {
      signal: io.signal,
      onFile: (files) => progress.update(files, files),
    });
    progress.stop();
    return resultOf(summary.finish(specs), read);
  });
}

async function specsOf(options: AuditOptions, io: Io): Promise<ReadonlyMap<string, string>> {
  if (options.inventory !== undefined)
    return decodeKeySpecs(readFileSync(options.inventory, 'utf8'), options.inventory);
  if (!options.live) return new Map();
  const bucket = new TokenBucket({ perSecond: 50, burst: 10, clock: io });
  const { keys } = await takeInventory(kmsClientOf(options, io.env), bucket, io);
  return new Map(keys.filter(({ spec }) => spec !== '').map(({ keyArn, spec }) => [keyArn, spec]));
}

function queries(options: AuditOptions): CommandResult {
  const list = trailQueries(options);
  const text = list.map(({ service, question, query }) => `-- ${service}: ${question}\n${query}\n`).join('\n');
  return { json: list, text };
}

function resultOf(audit: Audit, read: ReadTrail): CommandResult {
  const isPartial = read.problems.length > 0 || read.isInterrupted || audit.malformedEvents + audit.uncountedEvents > 0;
  const notUpgraded = {
    uses: audit.uses.filter(({ isPostQuantum }) => !isPostQuantum).length,
    connections: audit.connections.filter(({ isPostQuantum }) => !isPostQuantum).length,
  };
  return {
    json: { partial: isPartial, files: read.files, problems: read.problems, notUpgraded, ...audit },
    text: describe(audit, read, isPartial),
    exit: isPartial ? 'refused' : 'done',
  };
}

function describe(audit: Audit, read: ReadTrail, isPartial: boolean): string {
  const { uses, connections, kmsEvents, events, first, last } = audit;
  const span = first === '' ? '' : `, ${first} to ${last}`;
  return [
    `${read.files} files, ${events} events, ${kmsEvents} of KMS${span}`,
    ...section('Who used which key', uses.length, () =>
      textTable(
        ['', 'principal', 'operation', 'algorithm', 'key', 'spec', 'times', 'refused', 'last'],
        uses.map(useRow),
      ),
    ),
    ...section('Connections to KMS', connections.length, () =>
      textTable(['', 'principal', 'client', 'key exchange', 'requests', 'last'], connections.map(connectionRow)),
    ),
    ...noteLines(audit),
    ...(isPartial ? partialLines(audit, read) : []),
  ].join('\n');
}

const section = (title: string, rows: number, table: () => string): string[] =>
  rows === 0 ? [] : ['', title, table()];

const mark = (isPostQuantum: boolean): string => (isPostQuantum ? 'ok' : 'classical');

const useRow = (use: KeyUse) => [
  mark(use.isPostQuantum),
  use.principal,
  use.operation,
  [use.algorithm, use.messageType].filter((it) => it !== '').join(' '),
  use.keyArn.split('key/')[1] ?? '–',
  use.spec || 'not known',
  use.count,
  use.refused,
  use.last,
];

const connectionRow = (it: Connections) => [
  mark(it.isPostQuantum),
  it.principal,
  it.client,
  it.keyExchange,
  it.count,
  it.last,
];

function noteLines({ uses, connections, eventsWithoutKeyExchange }: Audit): string[] {
  const classicalUses = uses.filter(({ isPostQuantum }) => !isPostQuantum).length;
  const classicalClients = connections.filter(({ isPostQuantum }) => !isPostQuantum).length;
  const isUnknown = uses.some(({ spec }) => spec === '');
  return [
    '',
    `Not upgraded: ${classicalUses} of ${uses.length} uses of keys, ${classicalClients} of ${connections.length} kinds of connection.`,
    ...(eventsWithoutKeyExchange > 0
      ? [
          `${eventsWithoutKeyExchange} events name no TLS key exchange: an AWS service called, or the endpoint has no TLS.`,
        ]
      : []),
    ...(isUnknown ? ['Sign events do not say the spec of their key: give --inventory FILE or --live.'] : []),
  ];
}

const MAX_PROBLEM_LINES = 20;

function partialLines({ malformedEvents, uncountedEvents }: Audit, { problems, isInterrupted }: ReadTrail): string[] {
  const shown = problems.slice(0, MAX_PROBLEM_LINES);
  return [
    '',
    'Partial:',
    ...shown.map((it) => `  ${it.file}: ${it.message} [${it.code}], ${it.events} events of it are counted`),
    ...(problems.length > shown.length ? [`  and ${problems.length - shown.length} more files`] : []),
    ...(malformedEvents > 0 ? [`  ${malformedEvents} records are no events`] : []),
    ...(uncountedEvents > 0
      ? [`  ${uncountedEvents} events have more principals, keys and clients than are kept apart`]
      : []),
    ...(isInterrupted ? ['  interrupted before the end'] : []),
  ];
}
