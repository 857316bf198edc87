import { describe, expect, it } from 'vitest';
import type { CeremonyFiles } from '../../../cloud/roots/ceremony.ts';
import { decodeTranscript, sha384Hex, type TranscriptEntry } from '../../../cloud/roots/transcript.ts';
import { verifyCeremony } from '../../../cloud/roots/verify-ceremony.ts';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { ceremonyFiles, transcriptOf } from '../../support/roots.ts';
import { DAY, FIRST, HOLDERS, ROOT_KEYS, signRoot, successor, verifiedFirst, verify } from '../../support/trust.ts';

const audit = (files: CeremonyFiles) => verifyCeremony(files, { verify });
const files = ceremonyFiles();
const lines = decodeTranscript(files.transcript, 'transcript');
const v1 = verifiedFirst(FIRST, HOLDERS);

describe('verifyCeremony', () => {
  it('recomputes everything, and says what witnesses compare', () => {
    const report = audit(files);
    expect(report).toMatchObject({
      version: 1,
      digest: toHex(v1.digest),
      previousDigest: undefined,
      transcriptHash: lines.at(-1)?.hash,
      steps: 5,
      tools: ['bristlecone test'],
    });
    expect(report.signers.map(({ keyId }) => keyId)).toEqual(HOLDERS.map(({ anchor }) => toHex(anchor.keyId)));
    const compare = report.compare.join('\n');
    for (const fact of [
      report.digest,
      report.transcriptHash,
      ...HOLDERS.map(({ anchor }) => toHex(anchor.keyId).slice(0, 16)),
    ])
      expect(compare).toContain(fact);
  });

  it('names the root before, where there is one', () => {
    expect(audit(ceremonyFiles({ draft: successor(v1), previous: [v1] })).previousDigest).toBe(toHex(v1.digest));
  });
});

/** The same ceremony, its transcript written anew by a forger who takes care of the hashes. */
function rewritten(
  change: (steps: TranscriptEntry[]) => readonly TranscriptEntry[],
  more: Partial<CeremonyFiles> = {},
): CeremonyFiles {
  return { ...files, transcript: transcriptOf(change([...lines])), ...more };
}

describe('a transcript that was written anew', () => {
  it('is the same again where nothing was changed', () => {
    expect(rewritten((steps) => steps).transcript).toEqual(files.transcript);
  });

  it('that names somebody else is another one, which its hash shows to whoever noted it', () => {
    const renamed = rewritten((steps) => steps.map((step) => ({ ...step, by: 'Mallory' })));
    expect(audit(renamed).transcriptHash).not.toBe(audit(files).transcriptHash);
  });

  const without = (index: number) => rewritten((steps) => steps.filter((_, i) => i !== index));
  const dated = (index: number, atMs: number) =>
    rewritten((steps) => steps.map((step, i) => (i === index ? { ...step, at: new Date(atMs).toISOString() } : step)));

  it.each<[name: string, changed: CeremonyFiles, code: string]>([
    ['without its beginning', without(0), 'wrong-order'],
    ['without a signature', without(2), 'signature-unrecorded'],
    ['without its end', without(4), 'not-finalized'],
    ['with a signature of before the draft', dated(1, (FIRST.issuedSeconds - DAY) * 1000), 'clock-behind'],
    ['with a signature of after the draft expired', dated(3, FIRST.expiresSeconds * 1000), 'draft-expired'],
    ['with an end before the signatures', dated(4, (FIRST.issuedSeconds - DAY) * 1000), 'clock-behind'],
    ['with an end months later', dated(4, (FIRST.issuedSeconds + 61 * DAY) * 1000), 'draft-stale'],
    [
      'with a day that there is not',
      rewritten((steps) => steps.map((step) => ({ ...step, at: '2027-13-40T00:00:00.000Z' }))),
      'wrong-order',
    ],
    [
      'about another end',
      rewritten((steps) => [...steps.slice(0, 4), { ...steps[4]!, file: 'ab'.repeat(48) }]),
      'final-changed',
    ],
  ])('%s is refused', (_name, changed, code) => {
    expectOperatorError(() => audit(changed), code);
  });
});

describe('a transcript that was changed by hand', () => {
  const text = new TextDecoder().decode(files.transcript);
  const changed = (edit: (all: readonly string[]) => readonly string[]): CeremonyFiles => ({
    ...files,
    transcript: utf8(`${edit(text.trimEnd().split('\n')).join('\n')}\n`),
  });

  it.each<[name: string, edited: CeremonyFiles]>([
    ['a line taken out', changed(([a, , ...rest]) => [a!, ...rest])],
    ['two lines exchanged', changed(([a, b, c, ...rest]) => [a!, c!, b!, ...rest])],
    ['a name changed', changed((all) => all.map((line) => line.replace('who did sign', 'Mallory')))],
    ['a line twice', changed(([a, b, ...rest]) => [a!, b!, b!, ...rest])],
  ])('is refused with %s', (_name, edited) => {
    expectRejection(() => audit(edited), 'wrong-shape');
  });
});

const recorded = (final: Uint8Array): CeremonyFiles =>
  rewritten((steps) => [...steps.slice(0, 4), { ...steps[4]!, file: sha384Hex(final) }], { final });

describe('a finished root that is not that of the ceremony', () => {
  it('is refused where it is missing, or another', () => {
    expectOperatorError(() => audit({ ...files, final: undefined }), 'not-finalized');
    expectOperatorError(() => audit({ ...files, final: signRoot(FIRST, HOLDERS) }), 'final-changed');
  });

  it('is refused with signatures left out or put in, though the transcript says it is the one', () => {
    expectOperatorError(() => audit(recorded(signRoot(FIRST, HOLDERS.slice(0, 2)))), 'final-changed');
    expectOperatorError(() => audit(recorded(signRoot(FIRST, ROOT_KEYS))), 'final-changed');
  });

  it('is refused with too few signatures, though every file agrees', () => {
    expectRejection(() => audit(ceremonyFiles({ by: HOLDERS.slice(0, 2) })), 'threshold-not-met');
  });
});

describe('files of other kinds in the folder', () => {
  it.each<[name: string, change: Partial<CeremonyFiles>, code: RejectionCode]>([
    ['no draft', { draft: new Uint8Array() }, 'malformed'],
    ['no transcript', { transcript: utf8('{}\n') }, 'wrong-shape'],
    ['no root before', { previous: [new Uint8Array(4)] }, 'malformed'],
    ['no signature', { signatures: [{ name: 'x', bytes: new Uint8Array(4) }] }, 'malformed'],
  ])('are refused: %s', (_name, change, code) => {
    expectRejection(() => audit({ ...files, ...change }), code);
  });
});
