import { describe, expect, it } from 'vitest';
import { REJECTIONS, type RejectionCode } from '../../../protocol/errors.ts';
import {
  reasonOfNumber,
  rejectionCodeOf,
  REPORT_REASONS,
  reportReasonOf,
} from '../../../protocol/suit/report-reasons.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const codes = Object.keys(REJECTIONS) as RejectionCode[];

describe('reportReasonOf', () => {
  it('gives every rejection a reason and a number of its own, from which it comes back', () => {
    expect(codes.length).toBeGreaterThan(36);
    expect(codes.map((code) => rejectionCodeOf(reportReasonOf(code).number))).toEqual(codes);
  });

  it.each<[code: RejectionCode, reason: string]>([
    ['malformed', 'cbor-parse'],
    ['critical-header', 'cose-unsupported'],
    ['unsupported-algorithm', 'alg-unsupported'],
    ['signature-invalid', 'unauthorised'],
    ['requirement-not-met', 'unauthorised'],
    ['digest-mismatch', 'unauthorised'],
    ['unsupported-command', 'command-unsupported'],
    ['unsupported-component', 'component-unsupported'],
    ['unsupported-parameter', 'parameter-unsupported'],
    ['severed-missing', 'severing-unsupported'],
    ['wrong-vendor', 'condition-failed'],
    ['image-mismatch', 'condition-failed'],
    ['operation-failed', 'operation-failed'],
  ])('%s is %s', (code, reason) => {
    expect(reportReasonOf(code).reason).toBe(reason);
  });

  it('never says ok', () => {
    for (const code of codes) expect(REPORT_REASONS[reportReasonOf(code).reason]).toBeGreaterThan(0);
  });

  it('knows no number of another implementation', () => {
    expect([rejectionCodeOf(0), rejectionCodeOf(-1), rejectionCodeOf(1000)]).toEqual([undefined, undefined, undefined]);
    expect([reasonOfNumber(13), reasonOfNumber(-1)]).toEqual([undefined, undefined]);
  });
});

describeWithVectors('the CDDL of draft-ietf-suit-report-18', () => {
  it('has these reasons and no others', () => {
    const cddl = new TextDecoder().decode(readVector('suit-ietf/draft-ietf-suit-report.cddl'));
    const reasons = [...cddl.matchAll(/^suit-report-reason-([a-z-]+) = (\d+)$/gm)];
    expect(Object.fromEntries(reasons.map(([, name, number]) => [name, Number(number)]))).toEqual(REPORT_REASONS);
  });
});
