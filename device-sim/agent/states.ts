/**
 * What the agent does in each state. A state may be entered again after a reboot at any point of it, so each one begins
 * by finding out what is already done; the transitions are the table in update-state.ts.
 */
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { runProcedure } from '../../protocol/suit/processor.ts';
import type { ProcessorContext } from '../../protocol/suit/processor/operations.ts';
import type { AgentPorts, SlotImage } from '../ports.ts';
import { hasComponent } from './components.ts';
import type { AgentContext } from './context.ts';
import { download } from './download.ts';
import { ImageInstaller } from './install-image.ts';
import { endJob, type JobReference, nextJob } from './job-client.ts';
import { reportOfSuccess, statusDetailsOf } from './job-report.ts';
import type { Progress } from './progress.ts';
import type { ResultOf, UpdateState } from './update-state.ts';

export interface Step<S extends UpdateState> {
  readonly result: ResultOf<S>;
  /** What the journal keeps from now on, beside what it has. */
  readonly keep?: Omit<Progress, 'state'>;
}

/** A Rejection that it throws is its failure. */
type Handler<S extends UpdateState> = (context: AgentContext, progress: Progress) => Promise<Step<S>> | Step<S>;

export const HANDLERS: { readonly [S in UpdateState]: Handler<S> } = {
  idle: takeJob,
  'fetching-envelope': fetchEnvelope,
  authenticating: authenticateEnvelope,
  downloading: runUpdate,
  installing: install,
  rebooting: reboot,
  confirming: confirm,
  'rolling-back': rollBack,
  reporting: report,
};

async function takeJob(context: AgentContext): Promise<Step<'idle'>> {
  context.execution ??= await nextJob(context.link, context.ports);
  if (!context.execution) return { result: 'unchanged' };
  const { jobId, versionNumber, executionNumber } = context.execution;
  context.ports.observe({ kind: 'job', jobId });
  return { result: 'success', keep: { job: { jobId, versionNumber, executionNumber } } };
}

async function fetchEnvelope(context: AgentContext, progress: Progress): Promise<Step<'fetching-envelope'>> {
  const { link, ports } = context;
  const { stream, envelope } = context.document();
  if (!envelope) throw new Rejection('job-invalid', 'job.bristlecone.envelope', 'expected an envelope, got none');
  const { areaBytes } = ports.envelopeArea;
  if (envelope.bytes > areaBytes) {
    const detail = `expected at most ${areaBytes} bytes, got ${envelope.bytes}`;
    throw new Rejection('too-large', 'job.bristlecone.envelope.bytes', detail);
  }
  const { jobId, executionNumber } = jobOf(progress);
  const file = {
    streamId: stream,
    fileId: envelope.fileId,
    fileBytes: envelope.bytes,
    key: utf8(`${jobId}/${executionNumber}/${stream}`),
    area: ports.envelopeArea,
    log: ports.blockLogs.envelope,
  };
  await download(link, file, ports);
  return { result: 'success', keep: { envelopeBytes: envelope.bytes } };
}

/** Before any byte of an image is asked for. */
function authenticateEnvelope(context: AgentContext, progress: Progress): Step<'authenticating'> {
  context.openEnvelope(envelopeBytesOf(progress));
  return { result: 'success' };
}

async function runUpdate(context: AgentContext, progress: Progress): Promise<Step<'downloading'>> {
  const { link, ports } = context;
  const envelope = context.openEnvelope(envelopeBytesOf(progress));
  const installer = new ImageInstaller({ envelope, job: context.document(), link, ports });
  const outcome = await installer.run(runProcedure(envelope, 'update', processorContext(ports)));
  const newImage = installer.newImage();
  const { sequenceNumber } = envelope.manifest;
  context.closeEnvelope();
  if (newImage) return { result: 'success', keep: { newImage } };

  if (sequenceNumber > ports.boot.confirmed().sequenceNumber) ports.boot.confirm(sequenceNumber);
  const suitReport = context.suitReport(outcome);
  return {
    result: 'unchanged',
    keep: { report: reportOfSuccess('installed already', ports.boot.confirmed(), suitReport) },
  };
}

function install({ ports }: AgentContext, progress: Progress): Step<'installing'> {
  const newImage = newImageOf(progress);
  // It runs already where the power was cut after this was last done.
  if (ports.boot.running.slot !== newImage.slot) ports.boot.tryNext(newImage);
  return { result: 'success' };
}

function reboot({ ports }: AgentContext, progress: Progress): Step<'rebooting'> {
  const { slot } = newImageOf(progress);
  if (ports.boot.running.slot === slot) return { result: 'success' };
  if (ports.boot.trial()?.slot === slot) ports.reboot();
  throw unconfirmed('boot', `expected the image in slot ${slot} to start, got slot ${ports.boot.running.slot}`);
}

/** The point of no return: with the confirmation, and not before, the installed sequence number advances. */
async function confirm(context: AgentContext, progress: Progress): Promise<Step<'confirming'>> {
  const { ports } = context;
  const { slot, sequenceNumber } = newImageOf(progress);
  if (ports.boot.running.slot !== slot) throw unconfirmed('boot', `expected slot ${slot} to keep running`);
  const envelope = context.openEnvelope(envelopeBytesOf(progress));
  const installer = new ImageInstaller({ envelope, ports });
  const outcome = await installer.run(runProcedure(envelope, 'invocation', processorContext(ports)));
  context.closeEnvelope();
  if (ports.boot.trial()) {
    if (!ports.isHealthy()) throw unconfirmed('health', 'expected the new image to pass its own tests');
    ports.boot.confirm(sequenceNumber);
  }
  const report = reportOfSuccess('installed', ports.boot.confirmed(), context.suitReport(outcome));
  return { result: 'success', keep: { report } };
}

function rollBack({ ports }: AgentContext, progress: Progress): Step<'rolling-back'> {
  const isOnTrial = ports.boot.trial() !== undefined && ports.boot.running.slot === newImageOf(progress).slot;
  if (!isOnTrial) return { result: 'success' };
  ports.boot.giveUp();
  return ports.reboot();
}

async function report({ link, ports }: AgentContext, progress: Progress): Promise<Step<'reporting'>> {
  const { report } = progress;
  if (!report) throw new TypeError('reporting without a report');
  const update = { status: report.status, statusDetails: statusDetailsOf(report) };
  return { result: (await endJob(link, jobOf(progress), update, ports)) ? 'success' : 'failure' };
}

const processorContext = ({ identity, boot }: AgentPorts): ProcessorContext => ({
  vendorIds: [identity.vendorId],
  classIds: [identity.classId],
  installedSequence: boot.confirmed().sequenceNumber,
  hasComponent,
});

const unconfirmed = (at: string, detail: string): Rejection => new Rejection('image-unconfirmed', at, detail);

function jobOf({ job, state }: Progress): JobReference {
  if (!job) throw new TypeError(`${state} without a job`);
  return job;
}

function envelopeBytesOf({ envelopeBytes, state }: Progress): number {
  if (envelopeBytes === undefined) throw new TypeError(`${state} without an envelope`);
  return envelopeBytes;
}

function newImageOf({ newImage, state }: Progress): SlotImage {
  if (!newImage) throw new TypeError(`${state} without a new image`);
  return newImage;
}
