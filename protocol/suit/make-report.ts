/** From what came of a manifest on this device to the report about it. */
import type { Rejection } from '../errors.ts';
import { labelOf, MANIFEST_MEMBERS } from './labels.ts';
import { type ProcedureRecord, ProcedureRejection, type ReportEntry } from './processor/operations.ts';
import type { ReportedFailure, SuitRecord, SuitReport, SystemClaim } from './report.ts';
import { reportReasonOf } from './report-reasons.ts';

/** What ended it: nothing, in a procedure that ran to its end, or a reason. */
export interface Outcome {
  readonly entries?: readonly ReportEntry[];
  readonly rejection?: Rejection;
}

/** With a nonce or capabilities: add them to the result. */
export function createReport(reference: SuitReport['reference'], { entries, rejection }: Outcome): SuitReport {
  const known = rejection instanceof ProcedureRejection ? rejection.entries : (entries ?? []);
  return { reference, records: known.map(entryOf), result: rejection ? failureOf(rejection) : true };
}

function failureOf(rejection: Rejection): ReportedFailure {
  const { number, reason } = reportReasonOf(rejection.code);
  const record = rejection instanceof ProcedureRejection ? rejection.record : undefined;
  return { code: number, record: record ? recordOf(record) : WHOLE_MANIFEST, reason };
}

/** The CDDL demands a record also where no command is to blame. */
const WHOLE_MANIFEST: SuitRecord = { manifestId: [], section: 0, offset: 0, componentIndex: 0, properties: {} };

const entryOf = (entry: ReportEntry): SuitRecord | SystemClaim => ('section' in entry ? recordOf(entry) : entry);

const recordOf = ({ section, offset, componentIndex, properties }: ProcedureRecord): SuitRecord => ({
  manifestId: [],
  // The shared sequence is no member of the manifest but of its member common.
  section: labelOf(MANIFEST_MEMBERS, section === 'shared-sequence' ? 'common' : section),
  offset,
  componentIndex,
  properties,
});
