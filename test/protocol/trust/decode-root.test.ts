import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { decodeCbor } from '../../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { expectArray, expectMap } from '../../../protocol/cbor/expect.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import { bareCoseKey } from '../../../protocol/cose/key.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import {
  MAX_FLOORS,
  MAX_REVOKED_KEYS,
  MAX_ROLE_KEYS,
  MAX_ROLE_PREFIXES,
  MAX_ROLES,
  MAX_TRUST_ROOT_BYTES,
} from '../../../protocol/limits.ts';
import { decodeTrustRoot } from '../../../protocol/trust/decode-root.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { createRootKey, keysOf, SHA_256, SHA_384, SHA_512, type TrustRoot } from '../../../protocol/trust/root.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';
import { FIRST, firstRoot, ISSUED, role, rolesOf, ROOT_KEYS, signer, signers, YEAR } from '../../support/trust.ts';

const classId = fromHex('1492af1425695e48bf429b2d51f2ab45');
const p256 = signers('ES256', 3, 31);
const ed25519 = signers('Ed25519', 2, 41);

/** One of everything that a root can say. */
const RICH: TrustRoot = {
  ...FIRST,
  version: 7,
  lineage: new Uint8Array(32).fill(1),
  previous: new Uint8Array(32).fill(2),
  roles: [
    ...rolesOf(
      {
        keys: [...p256, ...ROOT_KEYS],
        all: [
          { algorithm: 'ES256', threshold: 2 },
          { algorithm: 'ML-DSA-44', threshold: 3 },
        ],
      },
      {
        keys: [signer('ML-DSA-65', 51), ...ed25519],
        window: {
          any: [
            { algorithm: 'Ed25519', threshold: 2 },
            { algorithm: 'ML-DSA-65', threshold: 1 },
          ],
          untilSeconds: ISSUED + YEAR,
        },
        form: 'pinned',
      },
    ),
    role('modem', { keys: [signer('ML-DSA-87', 61)] }, { prefixes: [[utf8('modem')], [utf8('radio'), utf8('fw')]] }),
    role(
      'boot',
      { keys: [signer('ESP256', 62)], window: { any: [{ algorithm: 'ESP256', threshold: 1 }], untilSeconds: 5 } },
      { prefixes: [[Uint8Array.of(0)]] },
    ),
  ],
  floors: [{ classId, epoch: 2, sequenceNumber: 2n ** 63n }],
  revoked: [
    { keyId: new Uint8Array(32).fill(9), reason: 'retired' },
    { keyId: new Uint8Array(48).fill(8), reason: 'compromised' },
  ],
  extensions: new Map<number, CborValue>([[-1, 'a note']]),
};

describe('a trust root comes back from its bytes', () => {
  it.each<[name: string, root: TrustRoot]>([
    ['the smallest', FIRST],
    ['one with all that it can say', RICH],
    ['one with SHA-512 thumbprints', firstRoot({ keys: ROOT_KEYS }, { keys: ed25519 }, { hashId: SHA_512 })],
    [
      'one of CNSA 2.0',
      firstRoot(
        { keys: signers('ML-DSA-87', 2, 1) },
        { keys: signers('ML-DSA-87', 1, 3) },
        {
          hashId: SHA_384,
          profile: 'cnsa-2.0',
        },
      ),
    ],
  ])('%s', (_name, root) => {
    const bytes = encodeTrustRoot(root);

    expect(decodeTrustRoot(bytes)).toEqual(root);
    expect(toHex(encodeTrustRoot(decodeTrustRoot(bytes)))).toBe(toHex(bytes));
  });
});

/** The fields of `root`, changed by hand: what our own encoder would refuse to make. */
function changed(change: (fields: Map<CborValue, CborValue>) => void, root: TrustRoot = FIRST): Uint8Array {
  const fields = new Map(expectMap(decodeCbor(encodeTrustRoot(root), { at: 'test', maxBytes: 99_999 }), 'test'));
  change(fields);
  return encodeCbor(fields);
}

/** The roles of `FIRST`, the one at `index` changed by hand. */
const withRole = (index: number, change: (fields: CborValue[]) => void): Uint8Array =>
  changed((fields) => {
    const roles = [...expectArray(fields.get(6), 'test')];
    const one = [...expectArray(roles[index], 'test')];
    change(one);
    roles[index] = one;
    fields.set(6, roles);
  });

const key = ROOT_KEYS[0]!.anchor;
const members = (...extra: readonly [CborValue, CborValue][]): CborValue => new Map([...bareCoseKey(key), ...extra]);
const thumbprint = new Uint8Array(32);
const floorsOf = (count: number): CborValue =>
  new Map(Array.from({ length: count }, (_, i) => [new Uint8Array(16).fill(i), [0, 0]]));

describe('decodeTrustRoot refuses', () => {
  const bytes = encodeTrustRoot(FIRST);

  // oxfmt-ignore
  const cases: [name: string, bytes: Uint8Array, code: RejectionCode, at: string][] = [
    ['no bytes', new Uint8Array(), 'malformed', 'root'],
    ['a truncated document', bytes.slice(0, -1), 'malformed', 'root'],
    ['a byte after the document', Uint8Array.of(...bytes, 0), 'malformed', 'root'],
    ['more bytes than the limit', new Uint8Array(MAX_TRUST_ROOT_BYTES + 1), 'too-large', 'root'],
    ['an array', encodeCbor([1]), 'wrong-shape', 'root'],
    ['keys out of order', Uint8Array.of(0xa2, 2, 1, 1, 1), 'malformed', 'root'],
    ['a member twice', Uint8Array.of(0xa2, 1, 1, 1, 1), 'malformed', 'root'],
    ['no format', changed((f) => f.delete(1)), 'wrong-shape', 'root.format'],
    ['another format', changed((f) => f.set(1, 2)), 'root-format', 'root.format'],
    ['another format of another shape', encodeCbor(new Map([[1, 2]])), 'root-format', 'root.format'],
    ['a critical member that is unknown', changed((f) => f.set(12, true)), 'root-format', 'root'],
    ['a text as a label', changed((f) => f.set('x', true)), 'wrong-shape', 'root key'],
    ['no version', changed((f) => f.delete(2)), 'wrong-shape', 'root.version'],
    ['version 0', changed((f) => f.set(2, 0)), 'wrong-shape', 'root.version'],
    ['a version of 64 bits', changed((f) => f.set(2, 2n ** 63n)), 'wrong-shape', 'root.version'],
    ['SHAKE as its hash', changed((f) => f.set(3, -18)), 'unsupported-algorithm', 'root.hash'],
    ['no date of issue', changed((f) => f.delete(4)), 'wrong-shape', 'root.issued'],
    ['an expiry before the issue', changed((f) => f.set(5, ISSUED)), 'wrong-shape', 'root.expires'],
    ['no roles', changed((f) => f.delete(6)), 'wrong-shape', 'root.roles'],
    ['an empty list of roles', changed((f) => f.set(6, [])), 'wrong-shape', 'root.roles'],
    ['too many roles', changed((f) => f.set(6, Array(MAX_ROLES + 1).fill(0))), 'limit-exceeded', 'root.roles'],
    ['a role of six fields', withRole(1, (r) => r.push(null, [[thumbprint]], 0)), 'wrong-shape', 'root.roles[1]'],
    ['nil where nothing follows', withRole(1, (r) => r.push(null)), 'wrong-shape', 'root.roles[1]'],
    ['a role without keys', withRole(1, (r) => (r[1] = [])), 'wrong-shape', 'root.roles[1].keys'],
    ['too many keys', withRole(1, (r) => (r[1] = Array(MAX_ROLE_KEYS + 1).fill(0))), 'limit-exceeded', 'root.roles[1].keys'],
    ['a key of no kind', withRole(1, (r) => (r[1] = [7])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a key that names itself', withRole(1, (r) => (r[1] = [members([2, thumbprint])])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a key with operations', withRole(1, (r) => (r[1] = [members([4, [2]])])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a key with its private part', withRole(1, (r) => (r[1] = [members([-2, thumbprint])])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a P-256 key with a kid in place of alg', withRole(1, (r) => (r[1] = [new Map<CborValue, CborValue>([[1, 2], [2, thumbprint], [-1, 1], [-2, thumbprint], [-3, thumbprint]])])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a P-256 key that does not say what it is for', withRole(1, (r) => (r[1] = [new Map<CborValue, CborValue>([[1, 2], [-1, 1], [-2, thumbprint], [-3, thumbprint]])])), 'wrong-shape', 'root.roles[1].keys[0]'],
    ['a P-256 key with only a sign for y', withRole(1, (r) => (r[1] = [new Map<CborValue, CborValue>([[1, 2], [3, -7], [-1, 1], [-2, thumbprint], [-3, true]])])), 'wrong-shape', 'root.roles[1].keys[0].y'],
    ['a pin of an unknown algorithm', withRole(1, (r) => (r[1] = [[-46, thumbprint]])), 'unsupported-algorithm', 'root.roles[1].keys[0].algorithm'],
    ['a pin by another hash', withRole(1, (r) => (r[1] = [[-48, new Uint8Array(48)]])), 'wrong-shape', 'root.roles[1].keys[0].thumbprint'],
    ['a shortened pin', withRole(1, (r) => (r[1] = [[-48, new Uint8Array(8)]])), 'wrong-shape', 'root.roles[1].keys[0].thumbprint'],
    ['no policy', withRole(1, (r) => (r[2] = [])), 'wrong-shape', 'root.roles[1].policy.all'],
    ['a threshold of 0', withRole(1, (r) => (r[2] = [[-48, 0]])), 'wrong-shape', 'root.roles[1].policy.all'],
    ['a negative threshold', withRole(1, (r) => (r[2] = [[-48, -1]])), 'wrong-shape', 'root.roles[1].policy.all[0].threshold'],
    ['an empty window', withRole(1, (r) => r.push([[], 5])), 'wrong-shape', 'root.roles[1].policy.window.any'],
    ['a window without an end', withRole(1, (r) => r.push([[[-48, 1]]])), 'wrong-shape', 'root.roles[1].policy.window'],
    ['too many prefixes', withRole(1, (r) => r.push(null, Array(MAX_ROLE_PREFIXES + 1).fill(0))), 'limit-exceeded', 'root.roles[1].prefixes'],
    ['a lineage of another size', changed((f) => f.set(7, new Uint8Array(31)), RICH), 'wrong-shape', 'root.lineage'],
    ['an empty map of floors', changed((f) => f.set(9, new Map())), 'wrong-shape', 'root.floors'],
    ['too many floors', changed((f) => f.set(9, floorsOf(MAX_FLOORS + 1))), 'limit-exceeded', 'root.floors'],
    ['a floor without an epoch', changed((f) => f.set(9, new Map([[classId, [1]]]))), 'wrong-shape', 'root.floors'],
    ['a floor for no class', changed((f) => f.set(9, new Map([[thumbprint, [1, 1]]]))), 'wrong-shape', 'root.floors.class'],
    ['an empty list of revoked keys', changed((f) => f.set(10, [])), 'wrong-shape', 'root.revoked'],
    ['too many revoked keys', changed((f) => f.set(10, Array(MAX_REVOKED_KEYS + 1).fill(0))), 'limit-exceeded', 'root.revoked'],
    ['a revocation without a reason', changed((f) => f.set(10, [[thumbprint]])), 'wrong-shape', 'root.revoked[0]'],
    ['a reason that is unknown', changed((f) => f.set(10, [[thumbprint, 3]])), 'wrong-shape', 'root.revoked[0].reason'],
    ['a revoked key of a short id', changed((f) => f.set(10, [[new Uint8Array(8), 1]])), 'wrong-shape', 'root.revoked[0].thumbprint'],
    ['a profile that is unknown', changed((f) => f.set(11, 2)), 'root-format', 'root.profile'],
  ];

  it.each(cases)('%s', (_name, hostile, code, at) => {
    expectRejection(() => decodeTrustRoot(hostile), code, at);
  });

  it('any bytes, or decodes them, and never with any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (hostile) => {
        decodedOrRefused(() => decodeTrustRoot(hostile));
      }),
    );
  });

  it('any change of a byte, or reads something else in it: no two documents mean the same', () => {
    // Pinned, so that most bytes are structure and not key.
    const small = encodeTrustRoot(firstRoot({ keys: ROOT_KEYS, form: 'pinned' }, { keys: p256, form: 'pinned' }));
    const meaning = decodeTrustRoot(small);
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (offset, mask) => {
        const mutated = small.slice();
        mutated[offset]! ^= mask;
        const decoded = decodedOrRefused(() => decodeTrustRoot(mutated));
        const again = decoded ? encodeTrustRoot(decoded) : mutated;
        expect(decoded).not.toEqual(meaning);
        expect(toHex(again)).toBe(toHex(mutated));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the id of a key', () => {
  it('is computed, whoever wrote the key down: it is the same pinned and in full', () => {
    const full = decodeTrustRoot(encodeTrustRoot(FIRST));
    const pinned = decodeTrustRoot(
      encodeTrustRoot({
        ...FIRST,
        roles: FIRST.roles.map((one) => ({
          ...one,
          keys: one.keys.map(({ algorithm, keyId }) => ({ algorithm, keyId })),
        })),
      }),
    );

    expect(keysOf(pinned).map(({ keyId }) => toHex(keyId))).toEqual(keysOf(full).map(({ keyId }) => toHex(keyId)));
    expect(keysOf(full)[0]).toEqual(createRootKey(key, SHA_256));
    expect(keysOf(pinned).every(({ publicKey }) => publicKey === undefined)).toBe(true);
  });
});
