/** Whether the clock of this machine can be right: what a ceremony dates, devices and auditors believe for decades. */
import { describeSeconds } from '../../protocol/trust/diff-roots.ts';
import { OperatorError } from '../errors.ts';
import type { TranscriptLine } from './transcript.ts';

/** How far the clocks of two machines of one ceremony may be apart. */
export const CLOCK_TOLERANCE_SECONDS = 300;

/** A draft that nobody signed for so long is made anew: who began it may have had reasons to stop. */
export const MAX_DRAFT_AGE_DAYS = 60;

const DAY_SECONDS = 86_400;

interface Dated {
  readonly issuedSeconds: number;
  readonly expiresSeconds: number;
}

/** @throws {OperatorError} `clock-behind`, `draft-stale`, `draft-expired` */
export function expectCurrent(
  draft: Dated,
  { nowSeconds, lines }: { readonly nowSeconds: number; readonly lines: readonly TranscriptLine[] },
): void {
  const last = lines.at(-1);
  expectNotBefore(nowSeconds, draft.issuedSeconds, 'the draft was issued');
  if (last)
    expectNotBefore(nowSeconds, Date.parse(last.at) / 1000, `the last step (${last.step} by ${last.by}) was done`);
  if (nowSeconds >= draft.expiresSeconds) {
    throw new OperatorError(
      'draft-expired',
      `expected a draft that is valid now (${describeSeconds(nowSeconds)}), got one that expired on ${describeSeconds(draft.expiresSeconds)}. ` +
        'Set the clock of this machine, or begin a new ceremony.',
    );
  }
  if (nowSeconds - draft.issuedSeconds <= MAX_DRAFT_AGE_DAYS * DAY_SECONDS) return;
  throw new OperatorError(
    'draft-stale',
    `expected a draft of the last ${MAX_DRAFT_AGE_DAYS} days, got one of ${describeSeconds(draft.issuedSeconds)} while this machine says ` +
      `${describeSeconds(nowSeconds)}. Set the clock of this machine, or begin a new ceremony.`,
  );
}

/** @throws {OperatorError} `clock-behind` */
export function expectNotBefore(nowSeconds: number, earlierSeconds: number, what: string): void {
  if (nowSeconds + CLOCK_TOLERANCE_SECONDS >= earlierSeconds) return;
  throw new OperatorError(
    'clock-behind',
    `this machine says ${describeSeconds(nowSeconds)}, but ${what} on ${describeSeconds(earlierSeconds)}. Set its clock first.`,
  );
}
