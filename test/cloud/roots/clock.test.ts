import { describe, expect, it } from 'vitest';
import {
  CLOCK_TOLERANCE_SECONDS,
  expectCurrent,
  expectNotBefore,
  MAX_DRAFT_AGE_DAYS,
} from '../../../cloud/roots/clock.ts';
import { decodeTranscript } from '../../../cloud/roots/transcript.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { entries, transcriptOf } from '../../support/roots.ts';
import { DAY, FIRST, ISSUED } from '../../support/trust.ts';

const lines = decodeTranscript(transcriptOf([entries(FIRST)('init')]), 'transcript');
const at = (nowSeconds: number) => () => expectCurrent(FIRST, { nowSeconds, lines });

describe('expectCurrent', () => {
  it('lets a draft be signed from its day on, for some weeks', () => {
    for (const nowSeconds of [ISSUED, ISSUED - CLOCK_TOLERANCE_SECONDS, ISSUED + MAX_DRAFT_AGE_DAYS * DAY])
      expect(at(nowSeconds)).not.toThrow();
  });

  it.each<[name: string, nowSeconds: number, code: string]>([
    ['behind the day of the draft', ISSUED - CLOCK_TOLERANCE_SECONDS - 1, 'clock-behind'],
    ['of 1970', 0, 'clock-behind'],
    ['ahead by months, or the draft is as old', ISSUED + MAX_DRAFT_AGE_DAYS * DAY + 1, 'draft-stale'],
    ['after the end of the draft', FIRST.expiresSeconds, 'draft-expired'],
  ])('refuses a clock %s', (_name, nowSeconds, code) => {
    expectOperatorError(at(nowSeconds), code, 'clock');
  });

  it('refuses a clock behind that of the step before, and says whose step it was', () => {
    const later = decodeTranscript(
      transcriptOf([entries({ ...FIRST, issuedSeconds: ISSUED + DAY })('init')]),
      'transcript',
    );
    expectOperatorError(
      () => expectCurrent(FIRST, { nowSeconds: ISSUED, lines: later }),
      'clock-behind',
      'who did init',
    );
  });
});

describe('expectNotBefore', () => {
  it('lets clocks be some minutes apart', () => {
    expectNotBefore(ISSUED - CLOCK_TOLERANCE_SECONDS, ISSUED, 'something was done');
    expectOperatorError(
      () => expectNotBefore(ISSUED - CLOCK_TOLERANCE_SECONDS - 1, ISSUED, 'something was done'),
      'clock-behind',
      'something was done',
    );
  });
});
