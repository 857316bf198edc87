/**
 * Where the update stands, as the journal keeps it: all that the agent knows after a reboot.
 *
 *     { 1: state, ? 2: [ job id, version number, execution number ], ? 3: image to start, ? 4: report, ? 5: envelope bytes,
 *       ? 6: [ root version, root bytes ], ? 7: seconds since 1970 }
 *     report = [ status, code, at, detail, sequence number / nil, image bytes / nil, SUIT report / nil ]
 */
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import {
  expectArray,
  expectBytes,
  expectMap,
  expectText,
  expectUint,
  expectUint64,
} from '../../protocol/cbor/expect.ts';
import type { CborValue } from '../../protocol/cbor/value.ts';
import { Rejection } from '../../protocol/errors.ts';
import { type Journal, type SlotImage, slotImageOf, slotImageValue } from '../ports.ts';
import type { JobReference } from './job-client.ts';
import { isReportStatus, type JobReport } from './job-report.ts';
import { isUpdateState, type UpdateState } from './update-state.ts';

export interface StagedRoot {
  readonly version: number;
  readonly bytes: number;
}

export interface Progress {
  readonly state: UpdateState;
  /** In every state but idle. */
  readonly job?: JobReference;
  /** From authenticating on: how much of the envelope area is the envelope. */
  readonly envelopeBytes?: number;
  /** In accepting-root: what is in the envelope area, as the job announced it. */
  readonly root?: StagedRoot;
  /**
   * Since 1970, from downloading on: when the release was authenticated. It is authenticated again after the reboot, as of
   * then: a root that expires meanwhile does not undo what was begun under it.
   */
  readonly authenticatedAtSeconds?: number;
  /** From installing on. */
  readonly newImage?: SlotImage;
  /** In reporting, and in rolling-back: why. */
  readonly report?: JobReport;
}

const KEY = {
  state: 1,
  job: 2,
  newImage: 3,
  report: 4,
  envelopeBytes: 5,
  root: 6,
  authenticatedAtSeconds: 7,
} as const;
const MAX_BYTES = 4_096;

export const IDLE: Progress = { state: 'idle' };

export const writeProgress = (journal: Journal, progress: Progress): void =>
  journal.write(encodeCbor(progressValue(progress)));

/** `IDLE` in a new device, and where another version of this agent wrote something else. */
export function readProgress(journal: Journal): Progress {
  const bytes = journal.read();
  if (!bytes) return IDLE;
  try {
    return progressOf(expectMap(decodeCbor(bytes, { at: 'journal', maxBytes: MAX_BYTES }), 'journal'));
  } catch (error) {
    if (error instanceof Rejection) return IDLE;
    throw error;
  }
}

function progressValue(progress: Progress): CborValue {
  const { state, job, envelopeBytes, root, authenticatedAtSeconds, newImage, report } = progress;
  const map = new Map<CborValue, CborValue>([[KEY.state, state]]);
  if (job) map.set(KEY.job, [job.jobId, job.versionNumber, job.executionNumber]);
  if (envelopeBytes !== undefined) map.set(KEY.envelopeBytes, envelopeBytes);
  if (root) map.set(KEY.root, [root.version, root.bytes]);
  if (authenticatedAtSeconds !== undefined) map.set(KEY.authenticatedAtSeconds, authenticatedAtSeconds);
  if (newImage) map.set(KEY.newImage, slotImageValue(newImage));
  if (report) map.set(KEY.report, reportValue(report));
  return map;
}

function progressOf(map: ReadonlyMap<CborValue, CborValue>): Progress {
  const state = expectText(map.get(KEY.state), 'journal.state');
  if (!isUpdateState(state)) throw new Rejection('wrong-shape', 'journal.state', 'expected a state of this agent');
  const job = map.get(KEY.job);
  const newImage = map.get(KEY.newImage);
  const report = map.get(KEY.report);
  const envelopeBytes = map.get(KEY.envelopeBytes);
  const root = map.get(KEY.root);
  const seconds = map.get(KEY.authenticatedAtSeconds);
  return {
    state,
    ...(job !== undefined && { job: jobOf(job) }),
    ...(envelopeBytes !== undefined && { envelopeBytes: expectUint(envelopeBytes, 'journal.envelopeBytes') }),
    ...(root !== undefined && { root: stagedRootOf(root) }),
    ...(seconds !== undefined && { authenticatedAtSeconds: expectUint(seconds, 'journal.seconds') }),
    ...(newImage !== undefined && { newImage: slotImageOf(newImage, 'journal.newImage') }),
    ...(report !== undefined && { report: reportOf(report) }),
  };
}

function stagedRootOf(value: CborValue): StagedRoot {
  const [version, bytes] = expectArray(value, 'journal.root', 2);
  return { version: expectUint(version, 'journal.root.version'), bytes: expectUint(bytes, 'journal.root.bytes') };
}

function jobOf(value: CborValue): JobReference {
  const [jobId, versionNumber, executionNumber] = expectArray(value, 'journal.job', 3);
  return {
    jobId: expectText(jobId, 'journal.job.id'),
    versionNumber: expectUint(versionNumber, 'journal.job.version'),
    executionNumber: expectUint(executionNumber, 'journal.job.execution'),
  };
}

const reportValue = ({ status, code, at, detail, sequenceNumber, imageBytes, suitReport }: JobReport): CborValue => [
  status,
  code,
  at,
  detail,
  sequenceNumber ?? null,
  imageBytes ?? null,
  suitReport ?? null,
];

function reportOf(value: CborValue): JobReport {
  const [status, code, at, detail, sequenceNumber, imageBytes, suitReport] = expectArray(value, 'journal.report', 7);
  const statusText = expectText(status, 'journal.report.status');
  if (!isReportStatus(statusText)) throw new Rejection('wrong-shape', 'journal.report.status', 'expected a status');
  return {
    status: statusText,
    code: expectText(code, 'journal.report.code'),
    at: expectText(at, 'journal.report.at'),
    detail: expectText(detail, 'journal.report.detail'),
    ...(sequenceNumber !== null && { sequenceNumber: expectUint64(sequenceNumber, 'journal.report.sequence') }),
    ...(imageBytes !== null && { imageBytes: expectUint(imageBytes, 'journal.report.imageBytes') }),
    ...(suitReport !== null && { suitReport: expectBytes(suitReport, 'journal.report.suitReport') }),
  };
}
