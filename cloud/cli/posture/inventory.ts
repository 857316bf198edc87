/** `bristlecone posture inventory`: every key of an account, the ones to replace first on top. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { inventoryCbom, randomSerialNumber } from '../../posture/inventory/cbom.ts';
import { inventoryCsv } from '../../posture/inventory/csv.ts';
import { inventoryHtml } from '../../posture/inventory/html.ts';
import { createInventory, describeGaps, type Inventory } from '../../posture/inventory/inventory.ts';
import { lastUsed } from '../../posture/inventory/key-rows.ts';
import { RISKS } from '../../posture/inventory/rank-risk.ts';
import { readKeys } from '../../posture/inventory/read-keys.ts';
import { TokenBucket } from '../../posture/inventory/token-bucket.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from '../kms-option.ts';

type Form = (inventory: Inventory) => string;

const FORMS: Readonly<Record<string, Form>> = {
  table: (inventory) => describe(inventory),
  csv: (inventory) => inventoryCsv(inventory),
  html: (inventory) => inventoryHtml(inventory),
  cbom: (inventory) => inventoryCbom(inventory, randomSerialNumber()),
};

export function registerInventory(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'inventory',
      summary: 'every KMS key of an account and Region, classified, the ones to replace first on top',
      examples: [
        'posture inventory --kms-endpoint aws',
        'posture inventory --format cbom --out keys.cdx.json     # CycloneDX 1.6',
        'posture inventory --json > keys.json                    # for posture audit --inventory keys.json',
      ],
    }),
  )
    .option('--format <form>', Object.keys(FORMS).join(', '), 'table')
    .option('--out <file>', 'write it there instead of to standard output')
    .option('--rate <n>', 'requests a second at most: KMS counts them for the whole account', '50');
  run<KmsOptions & { format: string; out?: string; rate: string }>(command, async ({ options, io }) => {
    const form = expectForm(options.format);
    const bucket = new TokenBucket({ perSecond: expectRate(options.rate), burst: 10, clock: io });
    const inventory = await takeInventory(kmsClientOf(options, io.env), bucket, io);
    const text = form(inventory);
    if (options.out !== undefined) writeFileSync(options.out, text);
    for (const line of describeGaps(inventory.gaps)) io.note(`${inventory.partial ? 'missing: ' : 'note: '}${line}`);
    return resultOf(inventory, options.out, text);
  });
}

/** Also for the audit, which asks the account for the specs of its keys. */
export async function takeInventory(
  client: ReturnType<typeof kmsClientOf>,
  bucket: TokenBucket,
  io: Io,
): Promise<Inventory> {
  const progress = io.progress('keys', 0);
  try {
    const read = await readKeys(client, {
      bucket,
      signal: io.signal,
      onProgress: (done, total) => progress.update(done, total),
    });
    return createInventory(read, io.nowMs());
  } finally {
    progress.stop();
  }
}

/** An inventory that is partial is an answer, and no reason to go on: exit code 1. */
function resultOf(inventory: Inventory, out: string | undefined, text: string): CommandResult {
  const exit = inventory.partial ? 'refused' : 'done';
  if (out === undefined) return { json: inventory, text, exit };
  return { json: { ...inventory, out }, text: `Wrote ${inventory.keys.length} keys to ${out}`, exit };
}

function describe(inventory: Inventory): string {
  const { keys, byRisk, partial } = inventory;
  if (keys.length === 0) return 'No keys in this account and Region.';
  const rows = keys.map((key) => [
    key.risk,
    key.aliases.join(' ') || key.keyId,
    key.spec,
    key.class,
    key.state,
    lastUsed(key),
    key.reasons[0] ?? '',
  ]);
  const counts = RISKS.filter((risk) => byRisk[risk] !== undefined).map((risk) => `${byRisk[risk]} ${risk}`);
  const first = keys.find(({ risk }) => risk !== 'none');
  return [
    textTable(['risk', 'key', 'spec', 'class', 'state', 'last used', 'why'], rows),
    '',
    `${keys.length} keys of ${inventory.accountId} in ${inventory.region}: ${counts.join(', ')}.`,
    ...(first ? [`First: ${first.aliases[0] ?? first.keyId}. ${first.nextStep}`] : []),
    ...(partial ? ['Partial: what is missing is listed on standard error, and under "gaps" with --json.'] : []),
  ].join('\n');
}

function expectForm(name: string): Form {
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (form) return form;
  throw new UsageError(`--format: expected ${Object.keys(FORMS).join(', ')}, got ${JSON.stringify(name.slice(0, 40))}`);
}

function expectRate(text: string): number {
  const rate = Number(text);
  if (rate > 0 && rate <= 2_000) return rate;
  throw new UsageError(`--rate: expected requests a second, above 0 and at most 2000, got ${JSON.stringify(text)}`);
}
