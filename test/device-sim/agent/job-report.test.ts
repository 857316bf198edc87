import { describe, expect, it } from 'vitest';
import {
  fitSuitReport,
  MAX_SUIT_REPORT_BYTES,
  reportOfRejection,
  reportOfSuccess,
  rootReason,
  statusDetailsOf,
  statusOf,
} from '../../../device-sim/agent/job-report.ts';
import { MAX_DETAIL_VALUE_LENGTH, MAX_STATUS_DETAILS } from '../../../protocol/aws-iot/jobs.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import type { ProcedureRecord } from '../../../protocol/suit/processor/operations.ts';
import { decodeReport } from '../../../protocol/suit/report.ts';

const digest = digestOfImage(Uint8Array.of(1));

describe('the status of a job', () => {
  it.each([
    ['unknown-key', 'authenticating', 'REJECTED'],
    ['image-mismatch', 'downloading', 'REJECTED'],
    ['job-invalid', 'fetching-envelope', 'REJECTED'],
    ['operation-failed', 'downloading', 'FAILED'],
    ['image-mismatch', 'confirming', 'FAILED'],
    ['image-unconfirmed', 'rebooting', 'FAILED'],
  ] as const)('of %s while %s is %s', (code, state, status) => {
    expect(statusOf(code, state)).toBe(status);
  });
});

describe('a report', () => {
  it('of a refusal says code, place and detail', () => {
    const rejection = new Rejection('unknown-key', 'envelope.authentication[1]', 'expected an anchor, got none');
    const refused = reportOfRejection(rejection, 'authenticating', Uint8Array.of(1, 2, 3));
    expect(statusDetailsOf(refused, { newest: 3, proven: 3 })).toEqual({
      code: 'unknown-key',
      at: 'envelope.authentication[1]',
      detail: 'expected an anchor, got none',
      root: '3',
      report: 'AQID',
    });
  });

  it('of a success says what runs now', () => {
    const image = { imageBytes: 10_000, sequenceNumber: 2n ** 53n } as const;
    expect(statusDetailsOf(reportOfSuccess('installed', image, undefined), { newest: 3, proven: 2 })).toEqual({
      code: 'ok',
      detail: 'installed',
      sequence: '9007199254740992',
      bytes: '10000',
      root: '3',
      'root-proven': '2',
    });
  });

  it('fits what AWS takes, however long its parts', () => {
    const rejection = new Rejection('wrong-shape', 'a.b', 'x'.repeat(5_000));
    const versions = { newest: Number.MAX_SAFE_INTEGER, proven: Number.MAX_SAFE_INTEGER - 1 };
    const report = {
      ...reportOfRejection(rejection, 'downloading', new Uint8Array(MAX_SUIT_REPORT_BYTES)),
      imageBytes: 1,
    };
    const details = Object.entries(statusDetailsOf({ ...report, sequenceNumber: 2n ** 64n - 1n }, versions));
    expect(details.length).toBeLessThanOrEqual(MAX_STATUS_DETAILS);
    for (const [, value] of details) expect(value.length).toBeLessThanOrEqual(MAX_DETAIL_VALUE_LENGTH);
    expect(details.map(([key]) => key)).toContain('report');
  });
});

describe('rootReason', () => {
  const cause = new Rejection('image-mismatch', 'manifest.install[1][0][2]', 'expected, got');

  it('is why no alternative fitted', () => {
    const aborted = new Rejection('aborted', 'manifest.install[1]', 'no alternative', { cause });
    expect(rootReason(new Rejection('aborted', 'manifest', 'again', { cause: aborted }))).toBe(cause);
  });

  it('is the refusal itself elsewhere', () => {
    const aborted = new Rejection('aborted', 'manifest.install[1]', 'the manifest says so');
    const other = new Rejection('wrong-class', 'manifest', 'expected, got', { cause });
    expect([rootReason(aborted), rootReason(other)]).toEqual([aborted, other]);
  });
});

const record = (offset: number): ProcedureRecord => ({
  section: 'install',
  offset,
  componentIndex: 0,
  properties: { imageDigest: digest },
});

describe('fitSuitReport', () => {
  it('keeps all records that fit', () => {
    const bytes = fitSuitReport({ uri: '', digest }, { entries: [record(1), record(2)] });
    expect(decodeReport(bytes!).records).toHaveLength(2);
  });

  it('drops the oldest where they do not', () => {
    const entries = Array.from({ length: 64 }, (_, i) => record(i));
    const bytes = fitSuitReport({ uri: '', digest }, { entries })!;
    expect(bytes.length).toBeLessThanOrEqual(MAX_SUIT_REPORT_BYTES);
    const { records } = decodeReport(bytes);
    expect(records.length).toBeGreaterThan(5);
    expect(records.at(-1)).toMatchObject({ offset: 63 });
  });

  it('gives up where even none fits', () => {
    expect(fitSuitReport({ uri: 'x'.repeat(1_000), digest }, {})).toBeUndefined();
  });
});
