/** C2SP Wycheproof for ML-DSA: edge cases of verification, and mu of others, through our verifier and our mu. */
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { externalMu } from '../../../protocol/mldsa/mu.ts';
import { type MlDsaName, signMu, verifyWithContext } from '../../support/mldsa.ts';
import { ML_DSA, publicKeyOf } from '../../support/signers.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

interface Case {
  readonly tcId: number;
  readonly msg?: string;
  readonly ctx?: string;
  readonly mu?: string;
  readonly sig: string;
  readonly rnd?: string;
  readonly result: 'valid' | 'invalid';
}

interface File {
  readonly testGroups: readonly {
    readonly publicKey: string;
    readonly privateSeed: string;
    readonly tests: readonly Case[];
  }[];
}

const casesOf = (file: string) => {
  const { testGroups }: File = readJsonVector(`wycheproof-mldsa/${file}`);
  return testGroups.flatMap(({ publicKey, privateSeed, tests }) =>
    tests.map((test) => ({ ...test, publicKey, privateSeed })),
  );
};

describeWithVectors('Wycheproof verify', () => {
  it.each([
    ['44', 94, 40],
    ['65', 109, 41],
    ['87', 126, 38],
  ] as const)('of ML-DSA-%s: agrees on all %i cases, %i of them valid', (level, count, valid) => {
    const name: MlDsaName = `ML-DSA-${level}`;
    const cases = casesOf(`mldsa_${level}_verify-A.json.gz`);
    expect(cases).toHaveLength(count);
    expect(cases.filter(({ result }) => result === 'valid')).toHaveLength(valid);
    expect(cases.filter(({ ctx }) => ctx !== undefined)).toHaveLength(4);

    const wrong = cases.filter(({ publicKey, msg = '', ctx, sig, result }) => {
      const [key, message, signature] = [fromHex(publicKey), fromHex(msg), fromHex(sig)];
      const verified =
        ctx === undefined
          ? verifyWithNoble(publicKeyOf(name, key), message, signature)
          : verifyWithContext(name, { publicKey: key, message, context: fromHex(ctx), signature });
      return verified !== (result === 'valid');
    });
    expect(wrong.map(({ tcId }) => tcId)).toEqual([]);
  });
});

describeWithVectors('Wycheproof sign', () => {
  it.each([
    ['44', 47, 39, 5],
    ['65', 57, 44, 10],
    ['87', 53, 40, 10],
  ] as const)(
    'of ML-DSA-%s: of %i cases, %i have the mu that is ours, and %i a mu alone; their signatures verify',
    (level, count, withMessage, withoutMessage) => {
      const name: MlDsaName = `ML-DSA-${level}`;
      const all = casesOf(`mldsa_${level}_sign_seed-A.json.gz`);
      const valid = all.filter(({ result }) => result === 'valid');
      expect([all.length, all.length - valid.length]).toEqual([count, 3]); // a context too long, two seeds of a wrong size
      expect(valid.filter(({ msg }) => msg !== undefined)).toHaveLength(withMessage);
      expect(valid.filter(({ msg }) => msg === undefined)).toHaveLength(withoutMessage);

      for (const { publicKey, privateSeed, msg, ctx = '', mu = '', rnd, sig } of valid) {
        const ours = msg === undefined ? fromHex(mu) : externalMu(fromHex(publicKey), fromHex(msg), fromHex(ctx));
        const { secretKey } = ML_DSA[name].keygen(fromHex(privateSeed));

        expect(toHex(ours)).toBe(mu);
        expect(toHex(signMu(name, secretKey, ours, rnd === undefined ? undefined : fromHex(rnd)))).toBe(sig);
      }
    },
  );
});
