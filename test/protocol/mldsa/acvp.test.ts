/**
 * NIST's ACVP vectors for ML-DSA (FIPS 204) through the verifier that a device runs, and through external mu.
 *
 * Do not apply: HashML-DSA (preHash; RFC 9964 §7.2 registers none) and the internal interface on M' (externalMu false;
 * nobody outside of FIPS 204 may call it).
 */
import { expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { verifyWithNoble } from '../../../protocol/cose/reference-verifier.ts';
import { externalMu } from '../../../protocol/mldsa/mu.ts';
import { type MlDsaName, signMu, verifyMu, verifyWithContext } from '../../support/mldsa.ts';
import { ML_DSA, publicKeyOf } from '../../support/signers.ts';
import { describeWithVectors, readJsonVector } from '../../support/vectors.ts';

interface Group<T> {
  readonly parameterSet: MlDsaName;
  readonly signatureInterface: 'external' | 'internal';
  readonly preHash?: 'pure' | 'preHash';
  readonly externalMu?: boolean;
  readonly tests: readonly T[];
}

/** Every case with its parameter set, sorted by what of FIPS 204 it calls. */
function casesOf<T>(file: string) {
  const { testGroups }: { testGroups: readonly Group<T>[] } = readJsonVector(`acvp-mldsa/${file}`);
  const select = (applies: (group: Group<T>) => boolean) =>
    testGroups.filter(applies).flatMap((group) => group.tests.map((test) => ({ ...test, name: group.parameterSet })));
  return {
    pure: select((group) => group.preHash === 'pure'),
    onMu: select((group) => group.externalMu === true),
    hashMlDsa: select((group) => group.preHash === 'preHash'),
    internal: select((group) => group.externalMu === false),
  };
}

describeWithVectors('ACVP sigVer', () => {
  interface Case {
    readonly pk: string;
    readonly message: string;
    readonly context: string;
    readonly mu: string;
    readonly signature: string;
    readonly testPassed: boolean;
  }
  const { pure, onMu, hashMlDsa, internal } = casesOf<Case>('sigVer-A.json.gz');

  it('runs 50 of 100 cases, valid and not', () => {
    const counts = [pure, onMu, hashMlDsa, internal].map((cases) => [
      cases.length,
      cases.filter((it) => it.testPassed).length,
    ]);
    expect(counts).toEqual([1, 2, 3, 4].map(() => [25, 5]));
  });

  it('agrees on each case of the pure mode, through mu where it has a context', () => {
    for (const { name, testPassed, ...hex } of pure) {
      const [publicKey, message, context, signature] = [hex.pk, hex.message, hex.context, hex.signature].map(
        fromHex,
      ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      expect(verifyWithContext(name, { publicKey, message, context, signature })).toBe(testPassed);
      // Our verifier has the empty context only, so with any other nothing verifies.
      const expected = testPassed && context.length === 0;
      expect(verifyWithNoble(publicKeyOf(name, publicKey), message, signature)).toBe(expected);
    }
  });

  it('agrees on each case over mu', () => {
    for (const { name, pk, mu, signature, testPassed } of onMu) {
      const verified = verifyMu(name, { publicKey: fromHex(pk), mu: fromHex(mu), signature: fromHex(signature) });
      expect(verified).toBe(testPassed);
    }
  });

  it('takes no HashML-DSA signature for a pure one', () => {
    for (const { name, pk, message, context, signature } of hashMlDsa) {
      const signed = {
        publicKey: fromHex(pk),
        message: fromHex(message),
        context: fromHex(context),
        signature: fromHex(signature),
      };
      expect(verifyWithContext(name, signed)).toBe(false);
    }
  });
});

describeWithVectors('ACVP sigGen', () => {
  interface Case {
    readonly seed?: string;
    readonly sk?: string;
    readonly rnd?: string;
    readonly message: string;
    readonly context: string;
    readonly mu: string;
    readonly signature: string;
  }
  const { pure, onMu, hashMlDsa, internal } = casesOf<Case>('sigGen-A.json.gz');

  /** The private key of a case: its seed, or the expanded form. */
  function keysOf({ name, seed, sk }: Case & { name: MlDsaName }) {
    if (seed !== undefined) return ML_DSA[name].keygen(fromHex(seed));
    const secretKey = fromHex(sk ?? '');
    return { secretKey, publicKey: ML_DSA[name].getPublicKey(secretKey) };
  }

  const rndOf = ({ rnd }: Case) => (rnd === undefined ? undefined : fromHex(rnd));

  it('runs 36 of 72 cases', () => {
    expect([pure, onMu, hashMlDsa, internal].map((cases) => cases.length)).toEqual([18, 18, 18, 18]);
  });

  it('signs our mu to the same bytes, and verifies them', () => {
    for (const test of pure) {
      const { secretKey, publicKey } = keysOf(test);
      const [message, context] = [fromHex(test.message), fromHex(test.context)];
      const signature = signMu(test.name, secretKey, externalMu(publicKey, message, context), rndOf(test));

      expect(toHex(signature)).toBe(test.signature.toLowerCase());
      expect(verifyWithContext(test.name, { publicKey, message, context, signature })).toBe(true);
    }
  });

  it('signs their mu to the same bytes, and verifies them', () => {
    for (const test of onMu) {
      const { secretKey, publicKey } = keysOf(test);
      const signature = signMu(test.name, secretKey, fromHex(test.mu), rndOf(test));

      expect(toHex(signature)).toBe(test.signature.toLowerCase());
      expect(verifyMu(test.name, { publicKey, mu: fromHex(test.mu), signature })).toBe(true);
    }
  });
});

describeWithVectors('ACVP keyGen', () => {
  const {
    testGroups,
  }: { testGroups: { parameterSet: MlDsaName; tests: { seed: string; pk: string; sk: string }[] }[] } =
    readJsonVector('acvp-mldsa/keyGen-A.json.gz');
  const cases = testGroups.flatMap(({ parameterSet, tests }) => tests.map((test) => ({ ...test, name: parameterSet })));

  it('gives the same keys from each of 12 seeds', () => {
    expect(cases).toHaveLength(12);
    for (const { name, seed, pk, sk } of cases) {
      const { publicKey, secretKey } = ML_DSA[name].keygen(fromHex(seed));
      expect(toHex(publicKey)).toBe(pk.toLowerCase());
      expect(toHex(secretKey)).toBe(sk.toLowerCase());
    }
  });
});
