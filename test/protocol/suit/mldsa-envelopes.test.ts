/**
 * Envelopes that another implementation made and signed with ML-DSA by OpenSSL, good ones and bad ones, each with the
 * stage at which a device must refuse it. They go the whole way: decoded, authenticated, run on a real image.
 */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { decodePublicKey } from '../../../protocol/cose/spki.ts';
import { Rejection, type RejectionCode } from '../../../protocol/errors.ts';
import { authenticate } from '../../../protocol/suit/authenticate.ts';
import { createSuitDigest, digestOfImage, equalDigests } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { decodeManifest, encodeManifest } from '../../../protocol/suit/manifest.ts';
import type { Operation, OperationResult, ProcessorContext } from '../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { drive, OK, trusting } from '../../support/suit.ts';
import { describeWithVectors, readJsonVector, readVector } from '../../support/vectors.ts';

interface Case {
  readonly file: string;
  readonly expect: 'accept' | 'reject';
  readonly stage: string;
  readonly bytes: number;
  readonly why: string;
  readonly uri?: string;
  readonly seq?: number;
}

interface Index {
  readonly vendorId: string;
  readonly classId: string;
  readonly payload: string;
  readonly payloadSha256: string;
  readonly cases: readonly Case[];
}

type Verdict = { readonly stage: 'all' } | { readonly stage: string; readonly code: RejectionCode };

const CODES: Readonly<Record<string, RejectionCode>> = {
  'negative/sig-bitflip-z.suit': 'signature-invalid',
  // Neither has a kid, so nothing says whose key was meant.
  'negative/wrong-key-65.suit': 'signature-invalid',
  'negative/alg-44-sig-65.suit': 'signature-invalid',
  'negative/digest-mismatch-seq.suit': 'digest-mismatch',
  'negative/unsigned.suit': 'unsigned',
  'negative/envelope-trailing.suit': 'malformed',
  'negative/ver-2.suit': 'manifest-version',
  'negative/seq-lower.suit': 'sequence-rollback',
  'negative/vendor-mismatch.suit': 'wrong-vendor',
  'negative/image-digest-mismatch.suit': 'image-mismatch',
};

const STAGES: Readonly<Partial<Record<RejectionCode, string>>> = {
  'signature-invalid': 'signature',
  unsigned: 'signature',
  'digest-mismatch': 'digest',
  malformed: 'structure',
  'wrong-shape': 'structure',
  'manifest-version': 'manifest',
  'sequence-rollback': 'manifest',
  'wrong-vendor': 'condition',
  'wrong-class': 'condition',
  'image-mismatch': 'payload',
};

describeWithVectors('suit-mldsa, envelopes made by another implementation', () => {
  const index: Index = readJsonVector('suit-mldsa/index-give.json');
  const image = readVector(`suit-mldsa/${index.payload}`);
  const policy = trusting(
    [44, 65, 87].map((level) => decodePublicKey(readVector(`suit-mldsa/trusted-mldsa${level}.pub`), 'key')),
  );
  const context: ProcessorContext = {
    vendorIds: [fromHex(index.vendorId)],
    classIds: [fromHex(index.classId)],
    hasComponent: () => true,
    installedSequence: 7,
  };

  /** A device that can fetch only this image, and really hashes what it has stored. */
  function createDevice() {
    const stored = new Map<string, Uint8Array>();
    const fetched: string[] = [];
    const answer = (operation: Operation): OperationResult => {
      if (operation.do === 'fetch') {
        fetched.push(operation.uri);
        stored.set(operation.component.map(toHex).join(), image);
        return OK;
      }
      if (operation.do !== 'match-image') return OK;
      const bytes = stored.get(operation.component.map(toHex).join())?.subarray(0, operation.imageBytes);
      const actual = createSuitDigest(operation.digest.algorithmId)
        .update(bytes ?? new Uint8Array())
        .digest();
      if (equalDigests(actual, operation.digest)) return OK;
      return { ok: false, code: 'image-mismatch', detail: 'another digest', measured: { imageDigest: actual } };
    };
    return { answer, fetched };
  }

  function judge(bytes: Uint8Array): { readonly verdict: Verdict; readonly fetched: readonly string[] } {
    const device = createDevice();
    try {
      drive(runProcedure(authenticate(decodeEnvelope(bytes), policy), 'update', context), device.answer);
      return { verdict: { stage: 'all' }, fetched: device.fetched };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const { code } = error;
      return { verdict: { stage: STAGES[code] ?? 'unknown', code }, fetched: device.fetched };
    }
  }

  const good = index.cases.filter((one) => one.expect === 'accept');
  const bad = index.cases.filter((one) => one.expect === 'reject');

  it('has 4 good and 10 bad cases, and the image they are about', () => {
    expect([good.length, bad.length]).toEqual([4, 10]);
    expect(toHex(digestOfImage(image).bytes)).toBe(index.payloadSha256);
    expect(Object.keys(CODES).toSorted()).toEqual(bad.map(({ file }) => file).toSorted());
  });

  it.each(good)('$file installs: $why', ({ file, bytes: size, uri, seq }) => {
    const bytes = readVector(`suit-mldsa/${file}`);
    expect(bytes).toHaveLength(size);
    expect(judge(bytes)).toEqual({ verdict: { stage: 'all' }, fetched: [uri] });
    const { manifestBytes } = decodeEnvelope(bytes);
    expect(toHex(encodeManifest(decodeManifest(manifestBytes)))).toBe(toHex(manifestBytes));
    expect(decodeManifest(manifestBytes).sequenceNumber).toBe(seq ?? 7);
  });

  it.each(bad)('$file is refused at stage $stage: $why', ({ file, stage, bytes: size }) => {
    const bytes = readVector(`suit-mldsa/${file}`);
    expect(bytes).toHaveLength(size);
    const { verdict, fetched } = judge(bytes);
    expect(verdict).toEqual({ stage, code: CODES[file] });
    // Only a wrong image can be noticed after it was fetched.
    expect(fetched.length).toBe(stage === 'payload' ? 1 : 0);
  });

  describe('a trust root that requires ML-DSA-87', () => {
    const required = { ...policy, requiredAlgorithms: ['ML-DSA-87'] as const };
    const open = (name: string) =>
      authenticate(decodeEnvelope(readVector(`suit-mldsa/positive/${name}.suit`)), required);

    it('takes an envelope signed with it', () => {
      expect(open('minimal-87').authenticatedBy.map(({ algorithm }) => algorithm.name)).toEqual(['ML-DSA-87']);
    });

    it.each(['minimal-44', 'minimal-65'])('refuses %s', (name) => {
      expectRejection(() => open(name), 'requirement-not-met', 'envelope.authentication');
    });
  });
});
