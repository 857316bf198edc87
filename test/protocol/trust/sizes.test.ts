/**
 * What a root weighs, in each of its forms, against TUF JSON of the same content (TUF 1.0.34 §4.3: keys and signatures in
 * hexadecimal, canonical JSON, which is the shortest that TUF allows). The content: five root keys of which three must
 * sign, and one release key. Sizes follow from the algorithms alone, so nothing here is signed but one root.
 */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../protocol/bytes.ts';
import { algorithmByName, type AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../../protocol/cose/key.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { firstRoot, type RoleSpec, signers, signRoot, type TrustSigner } from '../../support/trust.ts';

/** A key of the right size that signs nothing. */
function weight(name: AlgorithmName, fill: number): TrustSigner {
  const algorithm = algorithmByName(name)!;
  const publicKey = new Uint8Array(algorithm.publicKeyBytes).fill(fill);
  return { anchor: anchorOf({ algorithm, publicKey }), sign: () => new Uint8Array(algorithm.signatureBytes) };
}

interface Shape {
  readonly algorithm: AlgorithmName;
  readonly rootKeys: number;
  readonly releaseKeys: number;
  readonly signatures: number;
}

const keysOf = ({ algorithm, rootKeys, releaseKeys }: Shape) => ({
  root: Array.from({ length: rootKeys }, (_, i) => weight(algorithm, i + 1)),
  release: Array.from({ length: releaseKeys }, (_, i) => weight(algorithm, 100 + i)),
});

/** bytes of one form: `full`, or `pinned` with the keys of those who signed travelling along or held by the device. */
function ours(shape: Shape, form: RoleSpec['form'], carry: boolean): number {
  const { root, release } = keysOf(shape);
  const all = [{ algorithm: shape.algorithm, threshold: shape.signatures }];
  const document = firstRoot({ keys: root, all, ...(form && { form }) }, { keys: release, ...(form && { form }) });
  return signRoot(document, root.slice(0, shape.signatures), { carry }).length;
}

const idOf = ({ anchor }: TrustSigner): string => toHex(anchor.keyId);

const roleOf = (keys: readonly TrustSigner[], threshold: number) => ({ keyids: keys.map(idOf), threshold });

/** TUF 1.0.34 §4.3; scheme and key type as the conformance suite would name them, keys and signatures in hexadecimal. */
function tufJson(shape: Shape): number {
  const { root, release } = keysOf(shape);
  const scheme = shape.algorithm.toLowerCase();
  const metadata = {
    signatures: root
      .slice(0, shape.signatures)
      .map((key) => ({ keyid: idOf(key), sig: toHex(key.sign(new Uint8Array())) })),
    signed: {
      _type: 'root',
      consistent_snapshot: true,
      expires: '2037-01-12T08:00:00Z',
      keys: Object.fromEntries(
        [...root, ...release].map((key) => [
          idOf(key),
          { keytype: 'ml-dsa', keyval: { public: toHex(key.anchor.publicKey) }, scheme },
        ]),
      ),
      roles: {
        root: roleOf(root, shape.signatures),
        snapshot: roleOf(release, 1),
        targets: roleOf(release, 1),
        timestamp: roleOf(release, 1),
      },
      spec_version: '1.0.34',
      version: 1,
    },
  };
  return new TextEncoder().encode(JSON.stringify(metadata)).length;
}

const threeOfFive = (algorithm: AlgorithmName): Shape => ({ algorithm, rootKeys: 5, releaseKeys: 1, signatures: 3 });

/** The shape of the roots whose sizes are published: Sigstore's, six keys and five signatures (TAPs pull request 195). */
const sigstore = (algorithm: AlgorithmName): Shape => ({ algorithm, rootKeys: 5, releaseKeys: 1, signatures: 5 });

describe('five root keys, three signatures, one release key: bytes', () => {
  it.each<[AlgorithmName, full: number, travelling: number, held: number, tuf: number]>([
    ['ML-DSA-44', 15_431, 11_702, 7_721, 32_155],
    ['ML-DSA-65', 21_938, 16_289, 10_388, 45_169],
    ['ML-DSA-87', 29_732, 22_163, 14_342, 60_757],
  ])('of %s: %i in full, %i pinned with keys travelling, %i pinned and held; TUF JSON %i', (algorithm, ...sizes) => {
    const shape = threeOfFive(algorithm);
    const measured = [
      ours(shape, 'full', false),
      ours(shape, 'pinned', true),
      ours(shape, 'pinned', false),
      tufJson(shape),
    ] as const;

    expect(measured).toEqual(sizes);
    const [full, travelling, held, tuf] = measured;
    expect(full / tuf).toBeLessThan(0.49);
    expect(travelling / tuf).toBeLessThan(0.37);
    expect(held / tuf).toBeLessThan(0.25);
  });

  it('are those of a root that is really signed', () => {
    const keys = signers('ML-DSA-44', 5, 1);
    const all = [{ algorithm: 'ML-DSA-44', threshold: 3 }] as const;
    const root = firstRoot({ keys, all }, { keys: signers('ML-DSA-44', 1, 100) });

    expect(signRoot(root, keys.slice(0, 3))).toHaveLength(ours(threeOfFive('ML-DSA-44'), 'full', false));
  });

  it('are keys and signatures and little else', () => {
    const shape = threeOfFive('ML-DSA-87');
    const algorithm = algorithmByName('ML-DSA-87')!;
    const bare = 6 * algorithm.publicKeyBytes + 3 * algorithm.signatureBytes;

    expect(ours(shape, 'full', false) - bare).toBe(299);
  });
});

/**
 * By their size those roots write keys in base64, not in hexadecimal, so that half of them is near what any binary format
 * must have: in full we do not reach it.
 */
describe('against the published sizes of Sigstore-shaped TUF roots', () => {
  it.each<[AlgorithmName, published: number, full: number, travelling: number, held: number]>([
    ['ML-DSA-44', 39_326, 0.518, 0.49, 0.322],
    ['ML-DSA-65', 53_406, 0.536, 0.504, 0.32],
    ['ML-DSA-87', 71_968, 0.543, 0.51, 0.329],
  ])('of %s, %i: in full %f of it, with keys travelling %f, held %f', (algorithm, published, ...ratios) => {
    const shape = sigstore(algorithm);
    const forms = [ours(shape, 'full', false), ours(shape, 'pinned', true), ours(shape, 'pinned', false)];

    expect(forms.map((bytes) => Number((bytes / published).toFixed(3)))).toEqual(ratios);
  });
});

describe('a key that is pinned', () => {
  it('costs 37 bytes in place of 2,602', () => {
    const [a, b] = signers('ML-DSA-87', 2, 1);
    const sizeOf = (form: 'full' | 'pinned') =>
      encodeTrustRoot(firstRoot({ keys: [a!, b!], form }, { keys: [], form })).length;

    expect([sizeOf('full') - sizeOf('pinned')]).toEqual([2 * (2_602 - 37)]);
  });
});
