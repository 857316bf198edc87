/**
 * What the agent does in each state. A state may be entered again after a reboot at any point of it, so each one begins
 * by finding out what is already done; the transitions are the table in update-state.ts.
 */
import type { JobRootFile } from '../../protocol/aws-iot/job-document.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { runProcedure } from '../../protocol/suit/processor.ts';
import type { ProcessorContext } from '../../protocol/suit/processor/operations.ts';
import type { AuthenticatedRelease } from '../../protocol/trust/release.ts';
import { type AgentPorts, isOlder, isSameImage, type ReleaseNumber, type SlotImage } from '../ports.ts';
import { hasComponent } from './components.ts';
import type { AgentContext } from './context.ts';
import { download, type StreamFile } from './download.ts';
import { ImageInstaller } from './install-image.ts';
import { endJob, type JobReference, nextJob } from './job-client.ts';
import { reportOfSuccess, statusDetailsOf } from './job-report.ts';
import type { Progress, StagedRoot } from './progress.ts';
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
  'fetching-root': fetchRoot,
  'accepting-root': acceptRoot,
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

/** The next root after the newest that is trusted, if the job has it: one at a time, since each must verify the next. */
async function fetchRoot(context: AgentContext, progress: Progress): Promise<Step<'fetching-root'>> {
  const { link, ports, trust } = context;
  const { stream, roots } = context.document();
  const root = nextRoot(roots, trust.versions.newest);
  if (!root) return { result: 'unchanged' };
  const { areaBytes } = ports.trust.roots[0];
  const { fileId, bytes: fileBytes, version } = root;
  if (fileBytes > areaBytes) {
    const detail = `expected at most ${areaBytes} bytes on this board, got ${fileBytes} of version ${version}`;
    throw new Rejection('too-large', 'job.bristlecone.roots', detail);
  }
  const streamId = root.stream ?? stream;
  await download(link, { streamId, fileId, fileBytes, ...stagingFor(`root-${version}`, progress, context) }, ports);
  return { result: 'success', keep: { root: { version, bytes: fileBytes } } };
}

function nextRoot(roots: readonly JobRootFile[], newest: number): JobRootFile | undefined {
  const [first] = roots.filter(({ version }) => version > newest);
  if (!first || first.version === newest + 1) return first;
  const versions = `expected version ${newest + 1}, got ${first.version}`;
  throw new Rejection('root-version-gap', 'job.bristlecone.roots', versions);
}

function acceptRoot({ ports, trust }: AgentContext, progress: Progress): Step<'accepting-root'> {
  const { version, bytes } = rootOf(progress);
  // It counts already where the power was cut after this was last done.
  if (trust.versions.newest < version) trust.accept(bytes, ports.verify);
  ports.observe({ kind: 'root', version });
  return { result: 'success' };
}

/** The one area for what must be whole before it is looked at. */
function stagingFor(
  content: string,
  progress: Progress,
  { ports }: AgentContext,
): Pick<StreamFile, 'key' | 'area' | 'log'> {
  const { jobId, executionNumber } = jobOf(progress);
  return {
    key: utf8(`${jobId}/${executionNumber}/${content}`),
    area: ports.envelopeArea,
    log: ports.blockLogs.envelope,
  };
}

async function fetchEnvelope(context: AgentContext, progress: Progress): Promise<Step<'fetching-envelope'>> {
  const { link, ports, trust } = context;
  const { stream, envelope } = context.document();
  if (!envelope) {
    const report = reportOfSuccess(`trust root ${trust.versions.newest}`, ports.boot.confirmed(), undefined);
    return { result: 'unchanged', keep: { report } };
  }
  const { areaBytes } = ports.envelopeArea;
  const { fileId, bytes: fileBytes } = envelope;
  if (fileBytes > areaBytes) {
    const detail = `expected at most ${areaBytes} bytes, got ${fileBytes}`;
    throw new Rejection('too-large', 'job.bristlecone.envelope.bytes', detail);
  }
  await download(link, { streamId: stream, fileId, fileBytes, ...stagingFor(stream, progress, context) }, ports);
  return { result: 'success', keep: { envelopeBytes: fileBytes } };
}

/** Before any byte of an image is asked for. */
function authenticateEnvelope(context: AgentContext, progress: Progress): Step<'authenticating'> {
  const nowSeconds = context.ports.nowSeconds();
  context.trust.noteTime(nowSeconds);
  const release = context.openEnvelope(envelopeBytesOf(progress), nowSeconds);
  context.trust.expectRoomFor(release);
  return { result: 'success', ...(nowSeconds !== undefined && { keep: { authenticatedAtSeconds: nowSeconds } }) };
}

async function runUpdate(context: AgentContext, progress: Progress): Promise<Step<'downloading'>> {
  const { link, ports } = context;
  const release = openRelease(context, progress);
  const { envelope, staged } = release;
  const job = context.document();
  const installer = new ImageInstaller({ envelope, epoch: staged.epoch, job, link, ports });
  const outcome = await installer.run(runProcedure(envelope, 'update', processorContext(ports, staged)));
  const newImage = installer.newImage();
  context.closeEnvelope();
  if (newImage) return { result: 'success', keep: { newImage } };

  // It runs already, and is confirmed: for the trust root that is as good as a confirmation.
  if (isOlder(ports.boot.confirmed(), staged)) {
    expectHealthy(ports);
    ports.boot.confirm(staged);
  }
  context.trust.confirm(release);
  const suitReport = context.suitReport(outcome);
  return {
    result: 'unchanged',
    keep: { report: reportOfSuccess('installed already', ports.boot.confirmed(), suitReport) },
  };
}

function install({ ports }: AgentContext, progress: Progress): Step<'installing'> {
  const newImage = newImageOf(progress);
  // It runs already where the power was cut after this was last done.
  if (!isSameImage(ports.boot.running, newImage)) ports.boot.tryNext(newImage);
  return { result: 'success' };
}

function reboot({ ports }: AgentContext, progress: Progress): Step<'rebooting'> {
  const { boot } = ports;
  const newImage = newImageOf(progress);
  if (isSameImage(boot.running, newImage)) return { result: 'success' };
  const trial = boot.trial();
  if (trial && isSameImage(trial, newImage)) ports.reboot();
  const { slot, sequenceNumber } = boot.running;
  const running = `sequence ${sequenceNumber} in slot ${slot}`;
  throw unconfirmed('boot', `expected the image of sequence ${newImage.sequenceNumber} to start, got ${running}`);
}

/**
 * The point of no return: with the confirmation, and not before, the installed sequence number advances, and a new trust
 * root takes the place of the one that it was proven under.
 */
async function confirm(context: AgentContext, progress: Progress): Promise<Step<'confirming'>> {
  const { ports } = context;
  if (!isSameImage(ports.boot.running, newImageOf(progress))) {
    throw unconfirmed('boot', 'expected the new image to keep running');
  }
  const release = openRelease(context, progress);
  const { envelope, staged } = release;
  const installer = new ImageInstaller({ envelope, epoch: staged.epoch, ports });
  const outcome = await installer.run(runProcedure(envelope, 'invocation', processorContext(ports, staged)));
  context.closeEnvelope();
  if (ports.boot.trial()) {
    expectHealthy(ports);
    ports.boot.confirm(staged);
  }
  // After the image, never before: a cut in between leaves the older root in place, and this state is entered again.
  context.trust.confirm(release);
  const report = reportOfSuccess('installed', ports.boot.confirmed(), context.suitReport(outcome));
  return { result: 'success', keep: { report } };
}

function rollBack({ ports }: AgentContext, progress: Progress): Step<'rolling-back'> {
  const isOnTrial = ports.boot.trial() !== undefined && isSameImage(ports.boot.running, newImageOf(progress));
  if (!isOnTrial) return { result: 'success' };
  ports.boot.giveUp();
  return ports.reboot();
}

async function report({ link, ports, trust }: AgentContext, progress: Progress): Promise<Step<'reporting'>> {
  const { report } = progress;
  if (!report) throw new TypeError('reporting without a report');
  const update = { status: report.status, statusDetails: statusDetailsOf(report, trust.versions) };
  return { result: (await endJob(link, jobOf(progress), update, ports)) ? 'success' : 'failure' };
}

/** An older epoch's number says nothing any more; the floor of the trust root has been checked. */
export function processorContext({ identity, boot, layout }: AgentPorts, { epoch }: ReleaseNumber): ProcessorContext {
  const installed = boot.confirmed();
  return {
    vendorIds: [identity.vendorId],
    classIds: [identity.classId],
    ...(installed.epoch === epoch && { installedSequence: installed.sequenceNumber }),
    hasComponent: (id) => hasComponent(layout, id),
  };
}

const openRelease = (context: AgentContext, progress: Progress): AuthenticatedRelease =>
  context.openEnvelope(envelopeBytesOf(progress), progress.authenticatedAtSeconds);

function expectHealthy(ports: AgentPorts): void {
  if (!ports.isHealthy()) throw unconfirmed('health', 'expected the new image to pass its own tests');
}

const unconfirmed = (at: string, detail: string): Rejection => new Rejection('image-unconfirmed', at, detail);

function jobOf({ job, state }: Progress): JobReference {
  if (!job) throw new TypeError(`${state} without a job`);
  return job;
}

function envelopeBytesOf({ envelopeBytes, state }: Progress): number {
  if (envelopeBytes === undefined) throw new TypeError(`${state} without an envelope`);
  return envelopeBytes;
}

function rootOf({ root, state }: Progress): StagedRoot {
  if (!root) throw new TypeError(`${state} without a root`);
  return root;
}

function newImageOf({ newImage, state }: Progress): SlotImage {
  if (!newImage) throw new TypeError(`${state} without a new image`);
  return newImage;
}
