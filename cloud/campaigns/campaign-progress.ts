/** How far a campaign has come, and the words of the devices that would not have it. */
import { OperatorError } from '../errors.ts';
import { type CampaignCounts, campaignById, campaignCounts, listCampaigns } from '../store/campaigns.ts';
import { executionsOfJob } from '../store/executions.ts';
import type { Store } from '../store/store.ts';

const FAILED = ['FAILED', 'REJECTED', 'TIMED_OUT', 'REMOVED', 'CANCELED'] as const;

/** One thing whose job did not succeed. Code and detail are what its agent reported. */
export interface Refusal {
  readonly thing: string;
  readonly status: string;
  readonly code: string;
  readonly detail: string;
}

export interface CampaignProgress {
  readonly id: string;
  readonly releaseId: string;
  readonly counts: CampaignCounts;
  readonly total: number;
  /** In a status that nothing leaves: succeeded, failed, rejected, timed out, removed, canceled. */
  readonly ended: number;
  readonly refusals: readonly Refusal[];
}

/** @throws {OperatorError} `campaign-not-found` */
export async function campaignProgress(store: Store, id: string): Promise<CampaignProgress> {
  const campaign = await campaignById(store, id);
  if (!campaign) {
    const known = (await listCampaigns(store)).slice(-5).map((it) => it.id);
    const hint = known.length === 0 ? '`bristlecone campaign create` makes one' : `the newest are ${known.join(', ')}`;
    throw new OperatorError('campaign-not-found', `there is no campaign ${id}: ${hint}`);
  }
  const counts = await campaignCounts(store, id);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const running = (counts.QUEUED ?? 0) + (counts.IN_PROGRESS ?? 0);
  return {
    id,
    releaseId: campaign.releaseId,
    counts,
    total,
    ended: total - running,
    refusals: (await executionsOfJob(store, id, FAILED)).map(({ thing, status, statusDetails }) => ({
      thing,
      status,
      code: statusDetails['code'] ?? '',
      detail: statusDetails['detail'] ?? statusDetails['at'] ?? '',
    })),
  };
}
