import { describe, expect, it } from 'vitest';
import { KeyPair } from '../../../cloud/kms/key-pair.ts';
import { keySpec, type PairKind, signingAlgorithmsOf } from '../../../cloud/kms/key-specs.ts';
import { fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { SIGNING_SPEC_NAMES } from '../../support/embedded-kms.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const SPKI_HEADER_BYTES = 22;
const kindOf = (name: string): PairKind => keySpec(name)!.kind as PairKind;
const mlDsaKind = (parameterSet: string): PairKind => kindOf(parameterSet.replaceAll('-', '_'));

describeWithVectors('NIST ACVP ML-DSA keyGen', () => {
  const { testGroups } = readJsonVector('acvp-mldsa/keyGen-A.json.gz');
  const cases = testGroups.flatMap(({ parameterSet, tests }: { parameterSet: string; tests: object[] }) =>
    tests.map((test) => ({ parameterSet, ...test })),
  );

  it('are all three parameter sets', () => {
    expect(cases.length).toBeGreaterThan(10);
    expect(new Set(cases.map((it: { parameterSet: string }) => it.parameterSet)).size).toBe(3);
  });

  it.each<{ parameterSet: string; tcId: number; seed: string; pk: string }>(cases)(
    '$parameterSet case $tcId: the seed on file gives the public key',
    ({ parameterSet, seed, pk }) => {
      const material = KeyPair.restore(mlDsaKind(parameterSet), { form: 'seed', bytes: fromHex(seed) });
      expect(toHex(material.publicKeyInfo.subarray(SPKI_HEADER_BYTES)).toUpperCase()).toBe(pk);
    },
  );
});

describe('KeyPair', () => {
  it.each(SIGNING_SPEC_NAMES)('of %s signs after it was saved and restored', async (name) => {
    const kind = kindOf(name);
    const { scheme } = signingAlgorithmsOf(keySpec(name)!)[0]!;
    const material = await KeyPair.generate(kind);
    const restored = KeyPair.restore(kind, material.save());
    const toSign = { scheme, messageType: 'RAW', message: utf8('a message') } as const;
    expect(restored.publicKeyInfo).toEqual(material.publicKeyInfo);
    expect(await material.verify(toSign, await restored.sign(toSign))).toBe(true);
  });

  it('is 32 bytes of seed for ML-DSA and PKCS #8 for the others', async () => {
    const forms = await Promise.all(
      SIGNING_SPEC_NAMES.map(async (name) => {
        const { form, bytes } = (await KeyPair.generate(kindOf(name))).save();
        return form === 'seed' ? `${form} ${bytes.length}` : form;
      }),
    );
    expect(forms).toEqual([...Array(3).fill('seed 32'), ...Array(8).fill('pkcs8')]);
  });

  it('is not restored as a key of another kind', async () => {
    const saved = (await KeyPair.generate({ type: 'ed25519' })).save();
    expect(() => KeyPair.restore({ type: 'rsa', modulusBits: 2048 }, saved)).toThrow('not of kind rsa 2048');
    const p384 = (await KeyPair.generate({ type: 'ec', namedCurve: 'P-384' })).save();
    expect(() => KeyPair.restore({ type: 'ec', namedCurve: 'P-256' }, p384)).toThrow('not of kind ec P-256');
  });
});
