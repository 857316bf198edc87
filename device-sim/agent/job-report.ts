/**
 * What the device says came of a job: a status that the Jobs service understands, a stable code for programs, and the
 * SUIT report (draft-ietf-suit-report-18) for whoever has the manifest.
 */
import { MAX_DETAIL_VALUE_LENGTH, type StatusDetails } from '../../protocol/aws-iot/jobs.ts';
import { toBase64Url } from '../../protocol/bytes.ts';
import { Rejection, type RejectionCode } from '../../protocol/errors.ts';
import { createReport, type Outcome } from '../../protocol/suit/make-report.ts';
import { encodeReport, type SuitReport } from '../../protocol/suit/report.ts';
import type { SlotImage } from '../ports.ts';
import type { RootVersions } from './trust-store.ts';
import type { UpdateState } from './update-state.ts';

/** `REJECTED`: what was sent is refused; the same again would be too. `FAILED`: this device could not do it. */
export type ReportStatus = 'SUCCEEDED' | 'FAILED' | 'REJECTED';

export interface JobReport {
  readonly status: ReportStatus;
  /** `ok`, or a RejectionCode. */
  readonly code: string;
  readonly at: string;
  readonly detail: string;
  /** Of the manifest that is installed now. */
  readonly sequenceNumber?: number | bigint;
  /** Of the image that is running now. */
  readonly imageBytes?: number;
  /** Encoded; at most `MAX_SUIT_REPORT_BYTES`. */
  readonly suitReport?: Uint8Array;
}

/** bytes. What fits one value of a job's status details in base64url. */
export const MAX_SUIT_REPORT_BYTES = Math.floor((MAX_DETAIL_VALUE_LENGTH * 3) / 4);

const MAX_DETAIL_CHARACTERS = 256;

export const isReportStatus = (text: string): text is ReportStatus =>
  text === 'SUCCEEDED' || text === 'FAILED' || text === 'REJECTED';

/** From here on, what fails is the new image on this device, not what was sent. */
const AFTER_INSTALLATION: readonly UpdateState[] = ['installing', 'rebooting', 'confirming', 'rolling-back'];
const OURS: readonly RejectionCode[] = ['operation-failed', 'image-unconfirmed'];

export const statusOf = (code: RejectionCode, state: UpdateState): ReportStatus =>
  AFTER_INSTALLATION.includes(state) || OURS.includes(code) ? 'FAILED' : 'REJECTED';

export function reportOfRejection(
  rejection: Rejection,
  state: UpdateState,
  suitReport: Uint8Array | undefined,
): JobReport {
  const { code, at, detail } = rootReason(rejection);
  return {
    status: statusOf(code, state),
    code,
    at,
    detail: detail.slice(0, MAX_DETAIL_CHARACTERS),
    ...(suitReport && { suitReport }),
  };
}

/**
 * What an operator can act on. A try-each whose last alternative fails is `aborted`; that the image was another one, or
 * that there was none, is why.
 */
export function rootReason(rejection: Rejection): Rejection {
  const { code, cause } = rejection;
  return code === 'aborted' && cause instanceof Rejection ? rootReason(cause) : rejection;
}

export const reportOfSuccess = (
  detail: string,
  { imageBytes, sequenceNumber }: Pick<SlotImage, 'imageBytes' | 'sequenceNumber'>,
  suitReport: Uint8Array | undefined,
): JobReport => ({
  status: 'SUCCEEDED',
  code: 'ok',
  at: '',
  detail,
  imageBytes,
  sequenceNumber,
  ...(suitReport && { suitReport }),
});

/** The report, with as many of its newest records as fit. */
export function fitSuitReport(reference: SuitReport['reference'], outcome: Outcome): Uint8Array | undefined {
  const report = createReport(reference, outcome);
  for (let dropped = 0; dropped <= report.records.length; dropped++) {
    const bytes = encodeReport({ ...report, records: report.records.slice(dropped) });
    if (bytes.length <= MAX_SUIT_REPORT_BYTES) return bytes;
  }
  return undefined;
}

/** Values of status details may not be empty. `root-proven` only while it is another one than `root`. */
export function statusDetailsOf(report: JobReport, { newest, proven }: RootVersions): StatusDetails {
  const { code, at, detail, sequenceNumber, imageBytes, suitReport } = report;
  return {
    code,
    ...(at !== '' && { at }),
    ...(detail !== '' && { detail }),
    ...(sequenceNumber !== undefined && { sequence: String(sequenceNumber) }),
    ...(imageBytes !== undefined && { bytes: String(imageBytes) }),
    root: String(newest),
    ...(proven !== newest && { 'root-proven': String(proven) }),
    ...(suitReport && { report: toBase64Url(suitReport) }),
  };
}
