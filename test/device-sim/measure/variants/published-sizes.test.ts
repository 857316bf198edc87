/**
 * The arithmetic of signatures on the wire as it is known without this project: blocks of AWS streams that the envelope of
 * draft-ietf-suit-manifest's example 0 takes, and what ML-DSA adds to an update over ES256. Ours are beside it, and why they differ.
 */
import { expect, it } from 'vitest';
import { blockCountOf } from '../../../../device-sim/agent/check-block.ts';
import { runVariant } from '../../../../device-sim/measure/variants/run-variant.ts';
import { createSizedEnvelope } from '../../../../device-sim/measure/variants/sized-envelope.ts';
import { bytesOnTheWire } from '../../../../device-sim/metrics/cost.ts';
import { algorithmByName } from '../../../../protocol/cose/algorithms.ts';
import { encodeProtected } from '../../../../protocol/cose/headers.ts';
import { encodeSign1 } from '../../../../protocol/cose/sign1.ts';
import { decodeEnvelope, encodeEnvelope } from '../../../../protocol/suit/envelope.ts';
import { NEW_IMAGE, releaseOf } from '../../../support/device-world.ts';
import { es256, mlDsa44, mlDsa65, mlDsa87, type TestSigner } from '../../../support/suit.ts';
import { specOf, startVariantCloud, worldOf } from '../../../support/variant-world.ts';
import { describeWithVectors, readVector } from '../../../support/vectors.ts';

const BLOCK_BYTES = [256, 1_024, 4_096];
const blocksOf = (envelope: Uint8Array): string =>
  BLOCK_BYTES.map((blockBytes) => blockCountOf({ fileBytes: envelope.length, blockBytes })).join('/');

const signatureBytesOf = (name: string): number => algorithmByName(name)!.signatureBytes;

/** The algorithm, the blocks as published, and those of an envelope of ours. */
const BLOCKS = [
  ['ES256', '1/1/1', '2/1/1'],
  ['ML-DSA-44', '11/3/1', '11/3/1'],
  ['ML-DSA-65', '14/4/1', '14/4/1'],
  ['ML-DSA-87', '19/5/2', '19/5/2'],
] as const;

const example = (): Uint8Array => readVector('suit-ietf/example0.envelope-with-cose-authentication-object.suit');

describeWithVectors('the envelope of example 0', () => {
  it.each(BLOCKS)('signed with %s takes %s blocks of 256, 1,024 and 4,096 bytes', (name, published) => {
    const { manifestBytes } = decodeEnvelope(example());
    const protectedBytes = encodeProtected({ algorithm: algorithmByName(name)! });
    const block = encodeSign1({ protectedBytes, signature: new Uint8Array(signatureBytesOf(name)) });
    const envelope = encodeEnvelope({ manifestBytes, blocks: [block] });
    expect(blocksOf(envelope)).toBe(published);
  });

  // 35 bytes: a header for it, and 32 of its own. It is what lets a device check one key instead of trying them all.
  it.each(BLOCKS)('signed with %s and with a key id, as ours are: not %s, but %s', (name, _published, ours) => {
    const algorithmIdBytes = name === 'ES256' ? 1 : 2;
    const envelope = createSizedEnvelope(example(), {
      signatureBytes: [signatureBytesOf(name)],
      seed: 1,
      algorithmIdBytes,
    });
    expect(blocksOf(envelope)).toBe(ours);
  });

  it('has the bytes that it is published with', () => {
    const { manifestBytes, blocks } = decodeEnvelope(example());
    expect(blocks).toHaveLength(1);
    expect(encodeEnvelope({ manifestBytes, blocks })).toEqual(example());
  });
});

const IMAGE_BYTES = [4_096, 8_192, 34_768, 262_144, 1_048_576];

it.each([
  ['ML-DSA-44', mlDsa44, 2_360, ['57.6', '28.8', '6.8', '0.90', '0.23']],
  ['ML-DSA-65', mlDsa65, 3_249, ['79.3', '39.7', '9.3', '1.24', '0.31']],
  ['ML-DSA-87', mlDsa87, 4_567, ['111', '55.7', '13.1', '1.74', '0.44']],
] as const)(
  '%s adds to an envelope of ours the bytes that are published, and so their share of each image',
  (_name, signer, publishedBytes, percents) => {
    // The longer signature, a longer algorithm id, and longer heads of the signature and of the two byte strings around it: 4.
    const addedBytes =
      releaseOf({ signers: [signer] }).envelope.length - releaseOf({ signers: [es256] }).envelope.length;
    expect(addedBytes).toBe(publishedBytes);
    const shares = IMAGE_BYTES.map((imageBytes, index) => {
      const digits = percents[index]!.split('.')[1]?.length ?? 0;
      return ((100 * addedBytes) / imageBytes).toFixed(digits);
    });
    expect(shares).toEqual(percents);
  },
);

async function totalOf(signer: TestSigner): Promise<number> {
  const { envelope } = releaseOf({ signers: [signer] });
  await using world = await startVariantCloud(envelope);
  return bytesOnTheWire((await runVariant(specOf(), worldOf(world.url, [signer]))).rows);
}

it('is less of what goes over the wire than of the image: the rest of an update is no part of the published share', async () => {
  const [classical, postQuantum] = [await totalOf(es256), await totalOf(mlDsa65)];
  const addedBytes = postQuantum - classical;
  // Four blocks of 1,024 bytes in place of one: three messages more, their topics and acknowledgements.
  expect(addedBytes).toBeGreaterThan(3_249);
  expect(addedBytes).toBeLessThan(3_249 + 4 * 160);
  expect(addedBytes / classical).toBeLessThan(3_249 / NEW_IMAGE.length);
});
