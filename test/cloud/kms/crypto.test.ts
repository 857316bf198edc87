import { describe, expect, it } from 'vitest';
import { KeyMaterial } from '../../../cloud/kms/crypto.ts';
import { type KeyKind, signingSpec, SIGNING_SPEC_NAMES } from '../../../cloud/kms/key-specs.ts';
import { fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

const SPKI_HEADER_BYTES = 22;
const mlDsaKind = (parameterSet: string): KeyKind => signingSpec(parameterSet.replaceAll('-', '_'))!.kind;

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
      const material = KeyMaterial.restore(mlDsaKind(parameterSet), { form: 'seed', bytes: fromHex(seed) });
      expect(toHex(material.publicKeyInfo.subarray(SPKI_HEADER_BYTES)).toUpperCase()).toBe(pk);
    },
  );
});

describe('KeyMaterial', () => {
  it.each(SIGNING_SPEC_NAMES)('of %s signs after it was saved and restored', async (name) => {
    const { kind, algorithms } = signingSpec(name)!;
    const { scheme } = algorithms[0]!;
    const material = await KeyMaterial.generate(kind);
    const restored = KeyMaterial.restore(kind, material.save());
    const toSign = { scheme, messageType: 'RAW', message: utf8('a message') } as const;
    expect(restored.publicKeyInfo).toEqual(material.publicKeyInfo);
    expect(await material.verify(toSign, await restored.sign(toSign))).toBe(true);
  });

  it('is 32 bytes of seed for ML-DSA and PKCS #8 for the others', async () => {
    const forms = await Promise.all(
      SIGNING_SPEC_NAMES.map(async (name) => {
        const { form, bytes } = (await KeyMaterial.generate(signingSpec(name)!.kind)).save();
        return form === 'seed' ? `${form} ${bytes.length}` : form;
      }),
    );
    expect(forms).toEqual([...Array(3).fill('seed 32'), ...Array(7).fill('pkcs8')]);
  });

  it('is not restored as a key of another kind', async () => {
    const saved = (await KeyMaterial.generate({ type: 'ed25519' })).save();
    expect(() => KeyMaterial.restore({ type: 'rsa', modulusBits: 2048 }, saved)).toThrow('not of kind rsa 2048');
    const p384 = (await KeyMaterial.generate({ type: 'ec', namedCurve: 'P-384' })).save();
    expect(() => KeyMaterial.restore({ type: 'ec', namedCurve: 'P-256' }, p384)).toThrow('not of kind ec P-256');
  });
});
