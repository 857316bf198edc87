import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeProfile,
  digestAlgorithmIdOf,
  MAX_PROFILE_BYTES,
  PROFILE_DIGESTS,
  profileJson,
  RULE_SET_NAMES,
  type SigningProfile,
} from '../../../cloud/profiles/profile.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const good = {
  name: 'hubs',
  rules: 'balanced',
  algorithms: ['ML-DSA-65'],
  keys: { 'ML-DSA-65': 'release' },
  hybrid: false,
  digest: 'SHA-256',
  blockBytes: 4096,
};
const decode = (text: string) => decodeProfile(utf8(text), 'ssm:/signing');
const changed = (change: object): string => JSON.stringify({ ...good, ...change });

describe('decodeProfile', () => {
  it('reads what a parameter holds', () => {
    const keys = new Map([['ML-DSA-65', 'release']]);
    expect(decode(JSON.stringify(good))).toEqual({ ...good, keys });
    const { blockBytes: _, ...withoutHint } = good;
    expect(decode(JSON.stringify(withoutHint))).toEqual({ ...withoutHint, keys });
  });

  it('gives every digest its COSE id', () => {
    expect(PROFILE_DIGESTS.map((digest) => digestAlgorithmIdOf({ digest }))).toEqual([-16, -43, -44]);
  });

  const hostile: readonly [name: string, text: string, code: RejectionCode, at: string][] = [
    ['nothing', '', 'wrong-shape', 'ssm:/signing.name'],
    ['no JSON', '{"name":', 'not-json', 'ssm:/signing'],
    ['JSON and more', `${JSON.stringify(good)} x`, 'not-json', 'ssm:/signing'],
    ['a text', '"balanced"', 'wrong-shape', 'ssm:/signing'],
    ['a list', '[]', 'wrong-shape', 'ssm:/signing'],
    ['more than a parameter holds', changed({ name: 'x'.repeat(MAX_PROFILE_BYTES) }), 'too-large', 'ssm:/signing'],
    ['a field that is not known', changed({ algorithm: 'ML-DSA-65' }), 'wrong-shape', 'ssm:/signing'],
    ['a field of Object.prototype', `{"__proto__":${JSON.stringify(good)}}`, 'wrong-shape', 'ssm:/signing'],
    ['a misspelt field', changed({ Digest: 'SHA-384' }), 'wrong-shape', 'ssm:/signing'],
    ['no name', changed({ name: undefined }), 'wrong-shape', 'ssm:/signing.name'],
    ['a name with a line break', changed({ name: 'a\nb' }), 'wrong-shape', 'ssm:/signing.name'],
    ['a name that is too long', changed({ name: 'x'.repeat(65) }), 'wrong-shape', 'ssm:/signing.name'],
    ['rules that nobody knows', changed({ rules: 'none' }), 'wrong-shape', 'ssm:/signing.rules'],
    ['no rules', changed({ rules: undefined }), 'wrong-shape', 'ssm:/signing.rules'],
    ['no algorithms', changed({ algorithms: [] }), 'wrong-shape', 'ssm:/signing.algorithms'],
    ['algorithms as a text', changed({ algorithms: 'ML-DSA-65' }), 'wrong-shape', 'ssm:/signing.algorithms'],
    [
      'an algorithm twice',
      changed({ algorithms: ['ML-DSA-65', 'ML-DSA-65'] }),
      'wrong-shape',
      'ssm:/signing.algorithms',
    ],
    [
      'an unknown algorithm',
      changed({ algorithms: ['ML-DSA-66'] }),
      'unsupported-algorithm',
      'ssm:/signing.algorithms[0]',
    ],
    [
      'the KMS name of one',
      changed({ algorithms: ['ML_DSA_65'] }),
      'unsupported-algorithm',
      'ssm:/signing.algorithms[0]',
    ],
    ['a key of an unknown algorithm', changed({ keys: { RSA: 'x' } }), 'unsupported-algorithm', 'ssm:/signing.keys'],
    ['keys as a list', changed({ keys: ['release'] }), 'wrong-shape', 'ssm:/signing.keys'],
    ['a key without a name', changed({ keys: { 'ML-DSA-65': '' } }), 'wrong-shape', 'ssm:/signing.keys.ML-DSA-65'],
    ['a key that is a number', changed({ keys: { 'ML-DSA-65': 1 } }), 'wrong-shape', 'ssm:/signing.keys.ML-DSA-65'],
    ['hybrid as a text', changed({ hybrid: 'false' }), 'wrong-shape', 'ssm:/signing.hybrid'],
    ['no hybrid', changed({ hybrid: undefined }), 'wrong-shape', 'ssm:/signing.hybrid'],
    ['SHA-1', changed({ digest: 'SHA-1' }), 'wrong-shape', 'ssm:/signing.digest'],
    ['a digest that is null', changed({ digest: null }), 'wrong-shape', 'ssm:/signing.digest'],
    ['blocks smaller than AWS sends', changed({ blockBytes: 255 }), 'wrong-shape', 'ssm:/signing.blockBytes'],
    ['blocks larger than AWS sends', changed({ blockBytes: 131_073 }), 'wrong-shape', 'ssm:/signing.blockBytes'],
    ['half a block', changed({ blockBytes: 256.5 }), 'wrong-shape', 'ssm:/signing.blockBytes'],
  ];

  it.each(hostile)('refuses %s', (_name, text, code, at) => {
    expectRejection(() => decode(text), code, at);
  });

  it('refused as many as there are', () => {
    expect(hostile).toHaveLength(30);
  });

  it('refuses or reads any bytes, and any JSON', () => {
    const at = 'profile';
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodedOrRefused(() => decodeProfile(bytes, at))));
    const anyFields = fc.record(
      Object.fromEntries(
        Object.entries(good).map(([name, value]) => [name, fc.oneof(fc.constant(value), fc.jsonValue())]),
      ),
    );
    fc.assert(fc.property(anyFields, (value) => void decodedOrRefused(() => decode(JSON.stringify(value)))));
  });

  it('reads back what it writes', () => {
    const names = ALGORITHMS.map(({ name }) => name);
    const profiles: fc.Arbitrary<SigningProfile> = fc
      .record({
        name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
        rules: fc.constantFrom(...RULE_SET_NAMES),
        algorithms: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
        keys: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.string({ minLength: 1, maxLength: 99 })), {
          selector: ([name]) => name,
        }),
        hybrid: fc.boolean(),
        digest: fc.constantFrom(...PROFILE_DIGESTS),
      })
      .map(({ keys, ...rest }) => ({ ...rest, keys: new Map(keys) }));
    fc.assert(
      fc.property(profiles, (profile) => {
        expect(decode(JSON.stringify(profileJson(profile)))).toEqual(profile);
      }),
    );
  });
});
