/** `bristlecone campaign`: bring things to a release, and watch how it goes. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable } from '../../command-line.ts';
import { launchCampaign } from '../campaigns/create-campaign.ts';
import { type CampaignProgress, campaignProgress } from '../campaigns/campaign-progress.ts';
import type { RootArtifact } from '../campaigns/plan-roots.ts';
import { publishedRoots } from '../roots/published-roots.ts';
import { type DataOptions, withDataOption } from './kms-option.ts';
import { type CloudFiles, openCloudFiles } from './open-cloud.ts';
import { chosenThings, type ThingOptions, withThingOptions } from './which-things.ts';

const WATCH_INTERVAL_MS = 500;
/** Of people's patience; programs get all. */
const REFUSALS_SHOWN = 50;

export function registerCampaignCommands(program: Command): void {
  const campaign = program.command('campaign').description('bring things to a release');
  registerCreate(campaign);
  registerStatus(campaign);
}

function registerCreate(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'create',
      summary: 'queue a job for each thing; a running cloud tells them at once',
      examples: [
        'campaign create --release 1.2.3-8293a8b6 --thing hub-1 hub-2',
        'campaign create --release 1.2.3-8293a8b6 --all',
        'campaign create --release 1.2.3-8293a8b6 --thing-prefix fleet- --count 10000',
      ],
    }),
  ).requiredOption('--release <id>', 'release to bring them to');
  withThingOptions(command);
  run<DataOptions & ThingOptions & { release: string }>(command, async ({ options, io }) => {
    await using cloud = await openCloudFiles(options.data);
    const things = await chosenThings(options, cloud.store);
    const nowMs = io.nowMs();
    const id = `c-${new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+Z$/g, '')}-${io.randomHex(2)}`;
    const roots = await storeRoots(cloud);
    const campaign = await launchCampaign(cloud.store, { releaseId: options.release, roots, things, id, nowMs });
    const text =
      `Campaign ${campaign.id}: ${things.length === 1 ? `thing ${things[0]}` : `${things.length} things`} to ${campaign.releaseId}${rootsText(roots)}\n` +
      `Next: bristlecone device run --thing ${things[0]}\n      bristlecone campaign status ${campaign.id} --watch`;
    return { json: { ...campaign, things, roots: roots.map(({ version }) => version) }, text };
  });
}

/** Version 1 is flashed by the factory, so no device ever needs it. */
async function storeRoots({ folder, artifacts }: CloudFiles): Promise<readonly RootArtifact[]> {
  const later = publishedRoots(folder.root).filter(({ version }) => version > 1);
  const roots: RootArtifact[] = [];
  for (const { version, bytes } of later) roots.push({ version, ...(await artifacts.put(bytes)) });
  return roots;
}

function rootsText(roots: readonly RootArtifact[]): string {
  const newest = roots.at(-1);
  return newest ? `; devices that are behind get the trust roots up to version ${newest.version} first` : '';
}

function registerStatus(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'status',
      summary: 'how many things are where, and what those that failed said',
      examples: ['campaign status c-20261121T101500-a1b2', 'campaign status c-20261121T101500-a1b2 --watch'],
    }),
  )
    .argument('<id>', 'campaign')
    .option('--watch', 'until every thing is done or refused');
  run<DataOptions & { watch?: true }>(command, async ({ args: [id = ''], options, io }) => {
    await using cloud = await openCloudFiles(options.data);
    let progress = await campaignProgress(cloud.store, id);
    if (options.watch) {
      const bar = io.progress(id, progress.total);
      while (progress.ended < progress.total && !io.signal.aborted) {
        bar.update(progress.ended);
        await io.sleep(WATCH_INTERVAL_MS);
        progress = await campaignProgress(cloud.store, id);
      }
      bar.stop();
    }
    return statusResult(progress);
  });
}

function statusResult(progress: CampaignProgress): CommandResult {
  const { counts, refusals, total, ended } = progress;
  const states = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  const head = `Campaign ${progress.id} to ${progress.releaseId}: ${ended} of ${total} ended (${states.join(', ')})`;
  return { json: progress, text: refusals.length === 0 ? head : `${head}\n\n${refusalTable(refusals)}` };
}

function refusalTable(refusals: CampaignProgress['refusals']): string {
  const rows = refusals.slice(0, REFUSALS_SHOWN).map((it) => [it.thing, it.status, it.code, it.detail]);
  const table = textTable(['thing', 'status', 'code', 'detail'], rows);
  const more = refusals.length - rows.length;
  return more === 0 ? table : `${table}\n… and ${more} more: --json has them all`;
}
