import { describe, expect, it } from 'vitest';
import { Rejection } from '../../../protocol/errors.ts';
import { createReport } from '../../../protocol/suit/make-report.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { decodeReport, encodeReport } from '../../../protocol/suit/report.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { classId, device, drive, trusted, updateManifest } from '../../support/suit.ts';

const envelope = trusted(updateManifest);
const reference = { uri: '', digest: envelope.digest };

describe('createReport', () => {
  it('says true of a procedure that ran to its end', () => {
    const { entries } = drive(runProcedure(envelope, 'update', device)).result;
    expect(createReport(reference, { entries })).toEqual({ reference, records: [], result: true });
  });

  it('points at the command that failed, and says what was found there', () => {
    const other = classId.toReversed();
    const rejection = expectRejection(
      () => drive(runProcedure(envelope, 'update', { ...device, classIds: [other] })),
      'wrong-class',
    );
    const report = createReport(reference, { rejection });
    // Section 3 is common, where the shared sequence stands.
    const record = { manifestId: [], section: 3, componentIndex: 0, properties: { classId: other } };
    expect(report.result).toMatchObject({ code: 22, reason: 'condition-failed', record });
    expect(report.records).toMatchObject([record, { component: [Uint8Array.of(0)], measured: { classId: other } }]);
    expect(decodeReport(encodeReport(report))).toEqual(report);
  });

  it('points at the manifest as a whole where no command is to blame', () => {
    const report = createReport(reference, { rejection: new Rejection('signature-invalid', 'envelope', 'no') });
    expect(report).toMatchObject({ records: [], result: { code: 8, reason: 'unauthorised', record: { section: 0 } } });
    expect(decodeReport(encodeReport(report))).toEqual(report);
  });
});
