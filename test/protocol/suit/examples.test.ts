/**
 * The six examples of draft-ietf-suit-manifest-37, whole: bytes made by others, through every layer of ours. The image
 * digests in them are patterns, so a device that has the images does not exist: image-match is answered by the test.
 */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { decodePublicKey } from '../../../protocol/cose/spki.ts';
import { signedBytes } from '../../../protocol/cose/sign1.ts';
import { decodeEnvelope, encodeEnvelope, signedDigest } from '../../../protocol/suit/envelope.ts';
import { decodeManifest, encodeManifest } from '../../../protocol/suit/manifest.ts';
import type { Operation, OperationResult, Procedure } from '../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { dropSevered } from '../../../protocol/suit/sever.ts';
import { decodeText } from '../../../protocol/suit/text.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { describeOperation, device, drive, OK, opened, trusting } from '../../support/suit.ts';
import { describeWithVectors, readJsonVector, readVector } from '../../support/vectors.ts';

interface Variant {
  readonly bytes: number;
  readonly manifest_len: number;
  readonly digest: string;
  readonly auth_blocks: number;
  readonly signature?: string;
  readonly sig_structure_hex?: string;
  readonly sequence_number: number;
}

const SIGNED = 'envelope-with-cose-authentication-object.suit';
const path = (example: number, kind = SIGNED) => `suit-ietf/example${example}.${kind}`;

/** What each example does, from the table of its own text. */
const RUNS: readonly [example: number, procedure: Procedure, operations: readonly string[]][] = [
  [0, 'update', ['match-image 00']],
  [0, 'invocation', ['match-image 00', 'invoke 00']],
  [1, 'update', ['fetch 00 http://example.com/file.bin', 'match-image 00', 'match-image 00']],
  [1, 'invocation', ['match-image 00']],
  [2, 'update', ['fetch 00 http://example.com/very/long/path/to/file/file.bin', 'match-image 00', 'match-image 00']],
  [2, 'invocation', ['match-image 00', 'invoke 00']],
  [
    4,
    'update',
    ['fetch 02 http://example.com/file.bin', 'match-image 02', 'copy 02 to 00', 'match-image 00', 'match-image 00'],
  ],
  [4, 'invocation', ['match-image 00', 'copy 00 to 01', 'match-image 01', 'invoke 01']],
  [
    5,
    'update',
    [
      'fetch 00 http://example.com/file1.bin',
      'match-image 00',
      'fetch 01 http://example.com/file2.bin',
      'match-image 01',
      'match-image 00',
      'match-image 01',
    ],
  ],
  [5, 'invocation', ['match-image 00', 'match-image 01', 'invoke 00']],
];

describeWithVectors('the examples of draft-ietf-suit-manifest-37', () => {
  const expected: readonly { readonly example: number; readonly variants: readonly Variant[] }[] =
    readJsonVector('suit-ietf/expected.json');
  const all = expected.flatMap(({ example, variants }) => variants.map((variant) => ({ example, ...variant })));
  const signed = all.filter(({ auth_blocks }) => auth_blocks === 1);
  const unsigned = all.filter(({ auth_blocks }) => auth_blocks === 0);
  const anchor = decodePublicKey(readVector('suit-ietf/es256-public.pem'), 'ES256');
  const policy = trusting([anchor]);

  it('are six, in thirteen envelopes', () => {
    expect(expected.map(({ example }) => example)).toEqual([0, 1, 2, 3, 4, 5]);
    expect([signed.length, unsigned.length]).toEqual([7, 6]);
  });

  describe.each(all)('example $example, $bytes bytes', ({ example, ...variant }) => {
    const bytes = bytesOf(example, variant);
    const envelope = decodeEnvelope(bytes);

    it('decodes to the sizes and members of the draft', () => {
      expect(bytes).toHaveLength(variant.bytes);
      expect(envelope.manifestBytes).toHaveLength(variant.manifest_len);
      expect(envelope.blocks).toHaveLength(variant.auth_blocks);
      expect(decodeManifest(envelope.manifestBytes).sequenceNumber).toBe(variant.sequence_number);
    });

    it('has the digest of the draft, over the wrapped manifest', () => {
      expect(toHex(envelope.digest.bytes)).toBe(variant.digest);
      expect(toHex(signedDigest(envelope.manifestBytes))).toBe(toHex(envelope.digestBytes));
    });

    it('encodes again to the same bytes, manifest and envelope', () => {
      expect(toHex(encodeManifest(decodeManifest(envelope.manifestBytes)))).toBe(toHex(envelope.manifestBytes));
      expect(toHex(encodeEnvelope(envelope))).toBe(toHex(bytes));
    });
  });

  it.each(signed)('example $example, $bytes bytes, is signed as the draft prints it', ({ example, ...variant }) => {
    const bytes = bytesOf(example, variant);
    expect(toHex(signedBytes(fromHex('a10126'), decodeEnvelope(bytes).digestBytes))).toBe(variant.sig_structure_hex);
    expect(opened(bytes, policy).authenticatedBy).toEqual([anchor]);
  });

  it.each(unsigned)('example $example, $bytes bytes, is refused: nobody signed it', ({ example, ...variant }) => {
    expectRejection(() => opened(bytesOf(example, variant), policy), 'unsigned', 'envelope.authentication');
  });

  it.each(RUNS)('example %i runs its %s procedure', (example, procedure, operations) => {
    const run = drive(runProcedure(opened(readVector(path(example)), policy), procedure, device));
    expect(run.operations.map(describeOperation)).toEqual(operations);
  });

  describe('example 3 picks by slot', () => {
    const envelope = opened(readVector(path(3)), policy);
    it.each([
      [0, 34_768, '00112233', 'http://example.com/file1.bin'],
      [1, 76_834, '01234567', 'http://example.com/file2.bin'],
    ])('slot %i: an image of %i bytes', (slot, imageBytes, digest, uri) => {
      const { operations } = drive(runProcedure(envelope, 'update', device), inSlot(slot));
      const fetched = operations.find((operation) => operation.do === 'fetch');
      expect(fetched).toMatchObject({ imageBytes, uri });
      expect(toHex(fetched!.digest!.bytes)).toMatch(new RegExp(`^${digest}`));
      expect(operations.filter((operation) => operation.do === 'match-image')).toHaveLength(2);
    });

    it('slot 2: stops before anything is fetched', () => {
      const asked: string[] = [];
      const answer = (operation: Operation): OperationResult => {
        asked.push(operation.do);
        return inSlot(2)(operation);
      };
      const rejection = expectRejection(
        () => drive(runProcedure(envelope, 'update', device), answer),
        'aborted',
        'manifest.shared-sequence[1]',
      );
      expect(rejection.detail).toContain('wrong-slot');
      expect(asked).toEqual(['check-slot', 'check-slot']);
    });
  });

  describe('example 2 has severed members', () => {
    const bytes = readVector(path(2));
    const envelope = opened(bytes, policy);

    it('whose digests are of the whole wrapped members', () => {
      const { sections, text } = envelope.manifest;
      expect(pinned(sections.get('install'))).toMatch(/^cfa90c5c.*c498$/);
      expect(pinned(text)).toMatch(/^302196d4.*0007$/);
    });

    it('without which it cannot be installed, but what is installed can be run', () => {
      const bare = opened(dropSevered(decodeEnvelope(dropSevered(decodeEnvelope(bytes), 'text')), 'install'), policy);
      expectRejection(() => drive(runProcedure(bare, 'update', device)), 'severed-missing', 'envelope.install');
      expect(drive(runProcedure(bare, 'invocation', device)).operations).toHaveLength(2);
    });

    it('whose text says what the draft prints', () => {
      const text = decodeText(envelope.text!, envelope.manifest.components);
      const english = text.get('en-US')!;
      expect(english.fields.get(1)).toMatch(/^## Example 2/);
      expect(english.components).toHaveLength(1);
      expect(english.components[0]?.fields.get(3)).toBe('arm.com');
      expect(english.components[0]?.fields.get(5)).toMatch(/^This component is a demonstration/);
    });
  });
});

/** The draft prints example 2 a third time, unsigned; that one is in no file. */
function bytesOf(example: number, { bytes, auth_blocks }: Pick<Variant, 'bytes' | 'auth_blocks'>): Uint8Array {
  if (bytes === 257)
    return encodeEnvelope({ ...decodeEnvelope(bytesOf(2, { bytes: 333, auth_blocks: 1 })), blocks: [] });
  return readVector(path(example, auth_blocks === 0 || bytes === 333 ? 'envelope.suit' : SIGNED));
}

const inSlot =
  (slot: number) =>
  (operation: Operation): OperationResult =>
    operation.do !== 'check-slot' || operation.slot === slot
      ? OK
      : { ok: false, code: 'wrong-slot', detail: `expected ${operation.slot}, got ${slot}` };

function pinned(
  member: { readonly severed: boolean; readonly digest?: { readonly bytes: Uint8Array } } | undefined,
): string {
  return toHex(member?.digest?.bytes ?? new Uint8Array());
}
