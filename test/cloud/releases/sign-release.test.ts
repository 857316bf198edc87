import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../protocol/suit/text.ts';
import { algorithmByName } from '../../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { authenticate } from '../../../protocol/suit/authenticate.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { type ReleaseRequest, signRelease } from '../../../cloud/releases/sign-release.ts';
import type { Signer } from '../../../cloud/signing/signer.ts';
import { MAX_STREAM_FILE_BYTES } from '../../../protocol/limits.ts';

function signer(
  seed: number,
  sign = (message: Uint8Array, secretKey: Uint8Array) => ml_dsa65.sign(message, secretKey),
): Signer {
  const { publicKey, secretKey } = ml_dsa65.keygen(new Uint8Array(32).fill(seed));
  const key = { algorithm: algorithmByName('ML-DSA-65')!, publicKey, keyArn: `arn:test:${seed}` };
  return { key, sign: async (message) => sign(message, secretKey) };
}

const one = signer(1);
const request: ReleaseRequest = {
  image: new Uint8Array(1000).fill(7),
  version: '1.2.3',
  sequenceNumber: 7,
  vendorDomain: 'example.com',
  className: 'hub',
  signers: [one],
};

const trust = (...signers: Signer[]) => ({
  anchors: signers.map(({ key }) => anchorOf(key)),
  requiredAlgorithms: [],
  verify: verifyWithNoble,
});

describe('signRelease', () => {
  it('makes an envelope that a device authenticates, with the words that people read', async () => {
    const envelope = decodeEnvelope(await signRelease(request));
    const { manifest, authenticatedBy, text } = authenticate(envelope, trust(one));
    expect(manifest.sequenceNumber).toBe(7);
    expect(authenticatedBy).toHaveLength(1);
    const fields = decodeText(text!).get('en')?.components[0]?.fields;
    expect([...(fields?.values() ?? [])]).toEqual(['example.com', 'hub', '1.2.3']);
  });

  it.each([-16, -43, -44])('hashes image, text and manifest with algorithm %i alone', async (digestAlgorithmId) => {
    const className = 'a class whose name alone is longer than any of the digests that could stand for it';
    const envelope = decodeEnvelope(await signRelease({ ...request, className, digestAlgorithmId }));
    const { manifest, digest, text } = authenticate(envelope, trust(one));
    const image = manifest.sharedSequence!.flatMap((it) => ('parameters' in it ? [it.parameters.imageDigest!] : []));
    const pinned = manifest.text?.severed === true ? [manifest.text.digest] : [];
    expect([digest, ...image, ...pinned].map(({ algorithmId }) => algorithmId)).toEqual(
      [1, 2, 3].map(() => digestAlgorithmId),
    );
    expect(text).toBeDefined();
  });

  it.each([
    [undefined, [0, 1]],
    ['swap', [0, 1]],
    ['external', [0, 2]],
    ['a/b', [0]],
  ] as const)('names the components of the layout %s', async (layout, ids) => {
    const { manifest } = authenticate(decodeEnvelope(await signRelease({ ...request, layout })), trust(one));
    expect(manifest.components).toEqual(ids.map((id) => [Uint8Array.of(id)]));
  });

  it('lets every signer sign the same digest', async () => {
    const two = signer(2);
    const envelope = decodeEnvelope(await signRelease({ ...request, signers: [one, two] }));
    expect(authenticate(envelope, trust(one, two)).authenticatedBy).toHaveLength(2);
    expect(authenticate(envelope, trust(two)).authenticatedBy).toHaveLength(1);
  });

  it('does not hand out an envelope that a device would refuse', async () => {
    const broken = signer(3, () => new Uint8Array(3309));
    await expect(signRelease({ ...request, signers: [broken] })).rejects.toMatchObject({ code: 'signature-invalid' });
    await expect(signRelease({ ...request, signers: [one, broken] })).rejects.toMatchObject({
      code: 'signature-invalid',
    });
  });

  it.each<[string, Partial<ReleaseRequest>, string]>([
    ['an empty image', { image: new Uint8Array() }, 'image-empty'],
    ['an image larger than a stream file', { image: new Uint8Array(MAX_STREAM_FILE_BYTES + 1) }, 'image-too-large'],
    ['nobody to sign', { signers: [] }, 'no-signer'],
    ['one key twice', { signers: [one, one] }, 'duplicate-signer'],
  ])('refuses %s', async (_name, change, code) => {
    await expect(signRelease({ ...request, ...change })).rejects.toMatchObject({ code });
  });
});
