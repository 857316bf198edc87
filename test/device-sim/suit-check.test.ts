import { beforeAll, describe, expect, it } from 'vitest';
import { checkSuit, type SuitCheck, type SuitVerdict } from '../../device-sim/suit-check.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { type Anchor } from '../../protocol/cose/algorithms.ts';
import { decodePublicKey } from '../../protocol/cose/spki.ts';
import type { RejectionCode } from '../../protocol/errors.ts';
import { ALL_ANCHORS, es256, image, mlDsa44, sealed, update, updateManifest, vendorId } from '../support/suit.ts';
import { describeWithVectors, readJsonVector, readVector } from '../support/vectors.ts';

const given = { anchors: ALL_ANCHORS, payloads: new Map([[update.image.uri, image]]) };
const good = sealed(updateManifest, [mlDsa44]);
const other = Uint8Array.from(image, (byte) => byte ^ 1);

describe('checkSuit', () => {
  it('accepts what a device would install and start', () => {
    expect(checkSuit({ ...given, envelope: good })).toEqual({
      result: 'accept',
      code: 'ok',
      at: '',
      detail: '',
      authenticatedBy: [{ algorithm: 'ML-DSA-44', keyId: mlDsa44.anchor.keyId.toHex() }],
      fetched: [update.image.uri],
      invoked: ['00'],
      assumed: [],
    });
  });

  it('takes images as described where it is told to, and says so', () => {
    const verdict = checkSuit({ anchors: ALL_ANCHORS, envelope: good, assumeImages: true });
    expect(verdict).toMatchObject({ result: 'accept', fetched: [update.image.uri], invoked: ['00'] });
    expect(verdict.assumed).toEqual(['00']);
  });

  it.each<[name: string, change: Partial<SuitCheck>, code: RejectionCode, at: string]>([
    ['an envelope by nobody it trusts', { anchors: [es256.anchor] }, 'unknown-key', 'envelope.authentication[1]'],
    [
      'too few signers',
      { requiredAlgorithms: ['ES256', 'ML-DSA-44'] },
      'requirement-not-met',
      'envelope.authentication',
    ],
    ['another image', { payloads: new Map([[update.image.uri, other]]) }, 'image-mismatch', 'manifest.payload-fetch'],
    ['a longer image', { payloads: new Map([[update.image.uri, good]]) }, 'image-too-large', 'manifest.payload-fetch'],
    ['no image', { payloads: new Map() }, 'image-unavailable', 'manifest.payload-fetch'],
    ['no such image', { payloads: new Map([['elsewhere', image]]) }, 'image-unavailable', 'manifest.payload-fetch'],
    ['another vendor', { vendorIds: [new Uint8Array(16)] }, 'wrong-vendor', 'manifest.shared-sequence'],
    ['another class', { classIds: [vendorId] }, 'wrong-class', 'manifest.shared-sequence'],
    ['an older manifest', { installedSequence: 8 }, 'sequence-rollback', 'manifest.sequence-number'],
    ['too many components', { componentLimit: 1 }, 'unsupported-component', 'manifest.common.components'],
    ['a byte too much', { envelope: Uint8Array.of(...good, 0) }, 'malformed', 'envelope'],
    ['no bytes', { envelope: new Uint8Array() }, 'malformed', 'envelope'],
  ])('refuses %s', (_name, change, code, at) => {
    const verdict = checkSuit({ ...given, envelope: good, ...change });
    expect(verdict).toMatchObject({ result: 'reject', code, invoked: [] });
    expect(verdict.at.slice(0, at.length)).toBe(at);
    expect(verdict.detail.length).toBeGreaterThan(10);
  });

  it('looks at an image that it is given, also where others are assumed', () => {
    const payloads = new Map([[update.image.uri, other]]);
    expect(checkSuit({ ...given, envelope: good, payloads, assumeImages: true }).code).toBe('image-mismatch');
  });

  it('accepts the installed number again', () => {
    expect(checkSuit({ ...given, envelope: good, installedSequence: 7 }).result).toBe('accept');
  });

  it('names who signed also where the manifest is refused', () => {
    expect(checkSuit({ ...given, envelope: good, installedSequence: 8 }).authenticatedBy).toHaveLength(1);
  });
});

interface CorpusCase {
  readonly file: string;
  readonly expect: 'accept' | 'reject';
  readonly stage: string;
  readonly uri?: string;
}

/** Which of our codes belong to a stage of the corpus. */
const CODES_OF_STAGE: Readonly<Record<string, readonly RejectionCode[]>> = {
  signature: ['signature-invalid', 'unknown-key', 'algorithm-not-allowed', 'unsigned'],
  digest: ['digest-mismatch'],
  structure: ['malformed', 'wrong-shape'],
  manifest: ['manifest-version', 'sequence-rollback'],
  condition: ['wrong-vendor', 'wrong-class'],
  payload: ['image-mismatch', 'image-too-large'],
};

describeWithVectors('the envelopes of vectors/suit-mldsa', () => {
  const corpus = readJsonVector('suit-mldsa/index-give.json');
  const cases: readonly CorpusCase[] = corpus.cases;
  const firmware = readVector(`suit-mldsa/${corpus.payload}`);
  const uri: string = cases.find((it) => it.uri)?.uri ?? '';
  let anchors: readonly Anchor[] = [];

  beforeAll(() => {
    anchors = [44, 65, 87].map((level) => decodePublicKey(readVector(`suit-mldsa/trusted-mldsa${level}.pub`), 'key'));
  });

  const verdictOn = ({ file }: CorpusCase): SuitVerdict =>
    checkSuit({
      envelope: readVector(`suit-mldsa/${file}`),
      anchors,
      payloads: new Map([[uri, firmware]]),
      vendorIds: [fromHex(corpus.vendorId)],
      classIds: [fromHex(corpus.classId)],
      ...(file.includes('seq-lower') && { installedSequence: 7 }),
    });

  it('are 14', () => {
    expect(cases).toHaveLength(14);
  });

  it.each(cases.filter((it) => it.expect === 'accept'))('$file is accepted', (item) => {
    expect(verdictOn(item)).toMatchObject({ result: 'accept', fetched: [uri] });
  });

  it.each(cases.filter((it) => it.expect === 'reject'))('$file is refused at $stage', (item) => {
    const { result, code } = verdictOn(item);
    expect(result).toBe('reject');
    expect(CODES_OF_STAGE[item.stage]).toContain(code);
  });
});

describeWithVectors('the examples of draft-ietf-suit-manifest-37', () => {
  // oxfmt-ignore
  const runs: readonly [example: number, fetched: readonly string[], invoked: readonly string[]][] = [
    [0, [],                                                                     ['00']],
    [1, ['http://example.com/file.bin'],                                        []],
    [2, ['http://example.com/very/long/path/to/file/file.bin'],                 ['00']],
    [3, ['http://example.com/file1.bin'],                                       []],
    [4, ['http://example.com/file.bin'],                                        ['01']],
    [5, ['http://example.com/file1.bin', 'http://example.com/file2.bin'],       ['00']],
  ];

  it.each(runs)('example %i runs as it says', (example, fetched, invoked) => {
    const anchors = [decodePublicKey(readVector('suit-ietf/es256-public.pem'), 'key')];
    const envelope = readVector(`suit-ietf/example${example}.envelope-with-cose-authentication-object.suit`);
    expect(checkSuit({ envelope, anchors, assumeImages: true })).toMatchObject({ result: 'accept', fetched, invoked });
  });

  // The file of example 2 has severed members in it, and a signature.
  it.each([0, 1, 3, 4, 5])('example %i is refused without its signature', (example) => {
    const envelope = readVector(`suit-ietf/example${example}.envelope.suit`);
    expect(checkSuit({ envelope, anchors: ALL_ANCHORS })).toMatchObject({ result: 'reject', code: 'unsigned' });
  });
});
