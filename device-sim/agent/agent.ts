/**
 * The update agent: from one boot to the next, or until a job is done. It owns no thread, clock or socket; everything it
 * touches is in AgentPorts.
 *
 * After each state it writes the next one to the journal, so a reboot at any point continues there. What a state had
 * done by then it finds in flash.
 */
import { Rejection } from '../../protocol/errors.ts';
import type { AgentPorts } from '../ports.ts';
import { AgentContext } from './context.ts';
import { nextJob } from './job-client.ts';
import { type JobReport, reportOfRejection } from './job-report.ts';
import { IDLE, type Progress, readProgress, writeProgress } from './progress.ts';
import { HANDLERS } from './states.ts';
import { nextState, type Result, type UpdateState } from './update-state.ts';

export type AgentResult =
  | { readonly kind: 'no-job' }
  | {
      readonly kind: 'job-done';
      readonly jobId: string;
      readonly report: JobReport;
      /** False where the service did not take the report: the job was cancelled, or ended before. */
      readonly accepted: boolean;
    };

/** States that need the job's document, which only the service has. */
const NEEDS_DOCUMENT: readonly UpdateState[] = [
  'fetching-root',
  'accepting-root',
  'fetching-envelope',
  'authenticating',
  'downloading',
];
/** States in which the image that runs may be one on trial. */
const MAY_BE_ON_TRIAL: readonly UpdateState[] = ['installing', 'rebooting', 'confirming', 'rolling-back'];

/**
 * @throws {Rejection} `too-large`, where the board has no RAM to ask for a job
 * @throws {Unavailable} where the cloud could not be reached often enough; call it again later
 * @throws {Reboot} through `ports.reboot`
 */
export async function runAgent(ports: AgentPorts): Promise<AgentResult> {
  await using context = new AgentContext(ports);
  context.trust.settle();
  let progress = await resume(context);
  for (;;) {
    ports.observe({ kind: 'state', state: progress.state });
    const { next, result } = await advance(context, progress);
    if (next.state !== progress.state) writeProgress(ports.journal, next);
    if (next.state === 'idle') return resultOf(progress, result);
    progress = next;
  }
}

/** Where the journal says we were, if that still is where we should be. */
async function resume(context: AgentContext): Promise<Progress> {
  const { ports, link } = context;
  const progress = readProgress(ports.journal);
  if (ports.boot.trial() && !MAY_BE_ON_TRIAL.includes(progress.state)) {
    // The journal was lost during a trial: nobody can say any more whether this image is good.
    ports.boot.giveUp();
    ports.reboot();
  }
  if (!NEEDS_DOCUMENT.includes(progress.state)) return progress;
  context.execution = await nextJob(link, ports);
  if (!context.execution) return IDLE;
  const { jobId, executionNumber, versionNumber } = context.execution;
  if (jobId !== progress.job?.jobId || executionNumber !== progress.job.executionNumber) return IDLE;
  return { ...progress, job: { jobId, executionNumber, versionNumber } };
}

interface Advance {
  readonly next: Progress;
  readonly result: Result;
}

async function advance(context: AgentContext, progress: Progress): Promise<Advance> {
  const { state } = progress;
  try {
    const { result, keep } = await HANDLERS[state](context, progress);
    const next = nextState(state, result);
    // Of a job that is over nothing stays: what the next run finds must be about the next job.
    return { next: next === 'idle' ? IDLE : { ...progress, ...keep, state: next }, result };
  } catch (error) {
    // Without a job there is nobody to tell but whoever runs this: a board whose RAM does not hold a receive buffer, say.
    if (!(error instanceof Rejection) || state === 'idle') throw error;
    context.closeEnvelope();
    const report = reportOfRejection(error, state, context.suitReport({ rejection: error }));
    return { next: { ...progress, report, state: nextState(state, 'failure') }, result: 'failure' };
  }
}

function resultOf({ job, report }: Progress, result: Result): AgentResult {
  if (!job || !report) return { kind: 'no-job' };
  return { kind: 'job-done', jobId: job.jobId, report, accepted: result === 'success' };
}
