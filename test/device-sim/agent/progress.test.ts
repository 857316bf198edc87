import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDLE, type Progress, readProgress, writeProgress } from '../../../device-sim/agent/progress.ts';
import type { Journal } from '../../../device-sim/ports.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';

function journalOf(bytes?: Uint8Array): Journal {
  let value = bytes;
  return { read: () => value, write: (next) => void (value = next) };
}

const job = { jobId: 'job-1', versionNumber: 3, executionNumber: 9 };
const newImage = {
  slot: 1,
  imageBytes: 10,
  digest: digestOfImage(Uint8Array.of(1)),
  epoch: 3,
  sequenceNumber: 2n ** 63n,
} as const;
const report = { status: 'REJECTED', code: 'unknown-key', at: 'envelope', detail: 'expected, got' } as const;

describe('the journal', () => {
  it.each<[name: string, progress: Progress]>([
    ['nothing', IDLE],
    ['a job', { state: 'fetching-envelope', job }],
    ['a root', { state: 'accepting-root', job, root: { version: 3, bytes: 7_000 } }],
    ['a time', { state: 'downloading', job, envelopeBytes: 5_000, authenticatedAtSeconds: 2 ** 40 }],
    ['an envelope', { state: 'downloading', job, envelopeBytes: 5_000 }],
    ['an image', { state: 'rebooting', job, envelopeBytes: 5_000, newImage }],
    ['a refusal', { state: 'reporting', job, report }],
    [
      'a success',
      {
        state: 'reporting',
        job,
        envelopeBytes: 5_000,
        newImage,
        report: { ...report, status: 'SUCCEEDED', sequenceNumber: 7, imageBytes: 10, suitReport: Uint8Array.of(1, 2) },
      },
    ],
  ])('keeps %s', (_name, progress) => {
    const journal = journalOf();
    writeProgress(journal, progress);
    expect(readProgress(journal)).toEqual(progress);
  });

  it('is idle in a new device', () => {
    expect(readProgress(journalOf())).toEqual(IDLE);
  });

  it('is idle where something else is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(readProgress(journalOf(bytes))).toEqual(IDLE);
      }),
    );
  });
});
