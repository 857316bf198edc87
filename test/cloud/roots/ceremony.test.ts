import { describe, expect, it } from 'vitest';
import { type CeremonyFiles, openCeremony } from '../../../cloud/roots/ceremony.ts';
import { sha384Hex, type TranscriptEntry } from '../../../cloud/roots/transcript.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { ceremonyFiles, entries, fileNameOf, transcriptOf } from '../../support/roots.ts';
import {
  FIRST,
  HOLDERS,
  RELEASE_KEYS,
  ROOT_KEYS,
  revoked,
  rolesOf,
  signer,
  signers,
  signRoot,
  successor,
  threeOfFive,
  eitherRelease,
  type TrustSigner,
  verifiedFirst,
  verify,
} from '../../support/trust.ts';

const open = (files: CeremonyFiles) => openCeremony(files, { verify });
const v1 = verifiedFirst(FIRST, HOLDERS);
const [alice, bob, carol, dave] = ROOT_KEYS as readonly [TrustSigner, TrustSigner, TrustSigner, TrustSigner];
const idOf = ({ anchor }: TrustSigner): string => toHex(anchor.keyId);

const named = (name: string, bytes: Uint8Array) => ({ name, bytes });

describe('openCeremony', () => {
  it('gives the draft, its digest, and who has signed', () => {
    const ceremony = open(ceremonyFiles({ by: [alice, bob], finalized: false }));
    expect(ceremony.root).toEqual(FIRST);
    expect(ceremony.digest).toBe(toHex(v1.digest));
    expect(ceremony.signatures.map(({ line, keyId }) => [line?.by, toHex(keyId)])).toEqual([
      ['who did sign', idOf(alice)],
      ['who did sign', idOf(bob)],
    ]);
    expect(ceremony.finished).toBe(false);
  });

  it('knows a finished one, and one that follows another root', () => {
    const files = ceremonyFiles({ draft: successor(v1), previous: [v1] });
    const ceremony = open(files);
    expect(ceremony.finished).toBe(true);
    expect(ceremony.before?.root.version).toBe(1);
    expect(ceremony.chain).toHaveLength(1);
  });

  it('finds a signature that was laid into the folder, and has no line yet', () => {
    const files = ceremonyFiles({ by: [alice], finalized: false });
    const laidIn = { name: 'from-bob.cose', bytes: signRoot(files.draft, [bob]) };
    const { signatures } = open({ ...files, signatures: [...files.signatures, laidIn] });
    expect(signatures.map(({ line }) => line?.step)).toEqual(['sign', undefined]);
  });
});

describe('a ceremony whose files were changed since', () => {
  const files = ceremonyFiles({ by: [alice, bob], finalized: false });
  const [byAlice, byBob] = files.signatures;
  const otherDraft = encodeTrustRoot({ ...FIRST, expiresSeconds: FIRST.expiresSeconds + 1 });
  it('opens while they are as they were', () => {
    expect(open(files).signatures).toHaveLength(2);
  });

  it.each<[name: string, change: Partial<CeremonyFiles>, code: string]>([
    ['another draft', { draft: otherDraft }, 'draft-changed'],
    [
      'a signature over another draft',
      { signatures: [byAlice!, named('b', signRoot(otherDraft, [bob]))] },
      'draft-changed',
    ],
    ['a signature missing', { signatures: [byAlice!] }, 'signature-missing'],
    [
      'another signature of the same key',
      { signatures: [byAlice!, named('b', signRoot(files.draft, [bob]))] },
      'signature-changed',
    ],
    [
      'a second signature of a key',
      { signatures: [...files.signatures, named('c', signRoot(files.draft, [bob]))] },
      'duplicate-signer',
    ],
    [
      'a signature copied under another name',
      { signatures: [...files.signatures, named('c', byBob!.bytes)] },
      'duplicate-signer',
    ],
  ])('is refused with %s', (_name, change, code) => {
    expectOperatorError(() => open({ ...files, ...change }), code);
  });

  const laidIn = (bytes: Uint8Array): Partial<CeremonyFiles> => ({
    signatures: [...files.signatures, named('x', bytes)],
  });
  const flipped = signRoot(files.draft, [carol]);
  flipped[flipped.length - 1]! ^= 1;

  it.each<[name: string, change: Partial<CeremonyFiles>, code: RejectionCode, at: string]>([
    [
      'a signature of a stranger',
      laidIn(signRoot(files.draft, [signer('ML-DSA-44', 99)])),
      'unknown-key',
      'signatures/x.signatures[0].kid',
    ],
    [
      'a signature of a release key',
      laidIn(signRoot(files.draft, RELEASE_KEYS.slice(0, 1))),
      'role-not-allowed',
      'signatures/x.signatures[0].kid',
    ],
    ['a bit of a signature flipped', laidIn(flipped), 'signature-invalid', 'signatures/x.signatures[0].signature'],
    [
      'two signatures in one file',
      laidIn(signRoot(files.draft, [carol, dave])),
      'wrong-shape',
      'signatures/x.signatures',
    ],
    ['no root in a signature file', laidIn(new Uint8Array(100)), 'malformed', 'signatures/x'],
    ['a damaged draft', { draft: files.draft.slice(1) }, 'malformed', 'draft'],
  ])('is refused with %s', (_name, change, code, at) => {
    expectRejection(() => open({ ...files, ...change }), code, at);
  });
});

describe('a ceremony that follows a root', () => {
  const draft = successor(v1);
  const files = ceremonyFiles({ draft, previous: [v1], finalized: false });

  it('opens behind that root', () => {
    expect(open(files).before?.digest).toEqual(v1.digest);
  });

  it('is refused without it', () => {
    expectOperatorError(() => open({ ...files, previous: [] }), 'wrong-order', 'previous/');
  });

  it.each<[name: string, previous: Uint8Array, code: RejectionCode]>([
    [
      'another root of its version',
      signRoot({ ...FIRST, expiresSeconds: FIRST.expiresSeconds + 1 }, HOLDERS),
      'root-lineage',
    ],
    ['a root that too few have signed', signRoot(FIRST, HOLDERS.slice(1)), 'threshold-not-met'],
    ['a root that others have signed', signRoot(FIRST, signers('ML-DSA-44', 3, 50)), 'unknown-key'],
  ])('is refused behind %s', (_name, previous, code) => {
    expectRejection(() => open({ ...files, previous: [previous] }), code);
  });

  it('does not count a key that it revokes', () => {
    const keys = ROOT_KEYS.slice(1);
    const without = successor(v1, {
      roles: rolesOf({ ...threeOfFive, keys }, eitherRelease),
      revoked: revoked([alice], 'compromised'),
    });
    const signed = ceremonyFiles({ draft: without, previous: [v1], by: [bob], finalized: false });
    const laidIn = { name: fileNameOf(alice), bytes: signRoot(signed.draft, [alice]) };
    expectRejection(() => open({ ...signed, signatures: [...signed.signatures, laidIn] }), 'unknown-key');
  });
});

describe('the order of steps', () => {
  const draft = encodeTrustRoot(FIRST);
  const signature = { name: fileNameOf(alice), bytes: signRoot(draft, [alice]) };
  const entry = entries(FIRST, draft);
  const signed = entry('sign', { signer: idOf(alice), file: sha384Hex(signature.bytes) });
  const filesOf = (steps: readonly TranscriptEntry[]): CeremonyFiles => ({
    draft,
    previous: [],
    signatures: [signature],
    final: undefined,
    transcript: transcriptOf(steps),
  });

  it('may be init, changes of the draft, signatures, the end', () => {
    const steps = [entry('init'), entry('add-key'), entry('rotate'), signed, entry('finalize')];
    expect(open(filesOf(steps)).lines.map(({ step }) => step)).toEqual(steps.map(({ step }) => step));
  });

  it.each<[name: string, steps: readonly TranscriptEntry[]]>([
    ['nothing', []],
    ['a signature first', [signed]],
    ['the end first', [entry('finalize')]],
    ['the end before a signature', [entry('init'), entry('finalize')]],
    ['two beginnings', [entry('init'), entry('init')]],
    ['a change after a signature', [entry('init'), signed, entry('add-key')]],
    ['a signature after the end', [entry('init'), signed, entry('finalize'), signed]],
    ['a change after the end', [entry('init'), signed, entry('finalize'), entry('rotate')]],
    ['two ends', [entry('init'), signed, entry('finalize'), entry('finalize')]],
  ])('may not be %s', (_name, steps) => {
    expectOperatorError(() => open(filesOf(steps)), 'wrong-order');
  });

  it('gives one digest to the last draft and all signatures of it', () => {
    const other = { digest: 'ab'.repeat(32) };
    expect(open(filesOf([entry('init', other), entry('add-key'), signed])).lines).toHaveLength(3);
    expectOperatorError(() => open(filesOf([entry('init', other), signed])), 'draft-changed');
    expectOperatorError(() => open(filesOf([entry('init'), { ...signed, ...other }])), 'draft-changed');
    expectOperatorError(() => open(filesOf([entry('init'), signed, entry('finalize', other)])), 'draft-changed');
  });
});
