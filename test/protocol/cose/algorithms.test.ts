import { describe, expect, it } from 'vitest';
import {
  algorithmById,
  algorithmByName,
  ALGORITHMS,
  describeAnchor,
  mayVerify,
} from '../../../protocol/cose/algorithms.ts';
import { testSigner } from '../../support/signers.ts';

describe('ALGORITHMS', () => {
  it('has the code points and sizes of RFC 9053, RFC 9864, RFC 9964 and FIPS 204', () => {
    const rows = ALGORITHMS.map((row) => [
      row.name,
      row.coseId,
      row.keyType,
      row.publicKeyBytes,
      row.signatureBytes,
      row.postQuantum,
    ]);
    expect(rows).toEqual([
      ['ES256', -7, 'EC2', 65, 64, false],
      ['ESP256', -9, 'EC2', 65, 64, false],
      ['Ed25519', -19, 'OKP', 32, 64, false],
      ['ML-DSA-44', -48, 'AKP', 1312, 2420, true],
      ['ML-DSA-65', -49, 'AKP', 1952, 3309, true],
      ['ML-DSA-87', -50, 'AKP', 2592, 4627, true],
    ]);
  });

  it('is found by number and by name, each once', () => {
    for (const row of ALGORITHMS) {
      expect(algorithmById(row.coseId)).toBe(row);
      expect(algorithmByName(row.name)).toBe(row);
    }
    expect(algorithmById(-8)).toBeUndefined();
    expect(algorithmByName('ml-dsa-44')).toBeUndefined();
    expect(ALGORITHMS).toHaveLength(6);
  });

  it('has the sizes that keys and signatures really have', () => {
    for (const { name, publicKeyBytes, signatureBytes } of ALGORITHMS) {
      const { anchor, sign } = testSigner(name);
      expect(anchor.publicKey).toHaveLength(publicKeyBytes);
      expect(sign(new Uint8Array(1))).toHaveLength(signatureBytes);
    }
  });
});

describe('mayVerify', () => {
  it('pairs each key with its own algorithm, and the two names of one over P-256', () => {
    const pairs = ALGORITHMS.flatMap((key) =>
      ALGORITHMS.filter(({ coseId }) => mayVerify({ algorithm: key, publicKey: new Uint8Array() }, coseId)).map(
        ({ name }) => `${key.name} ${name}`,
      ),
    );
    expect(pairs).toEqual([
      'ES256 ES256',
      'ES256 ESP256',
      'ESP256 ES256',
      'ESP256 ESP256',
      'Ed25519 Ed25519',
      'ML-DSA-44 ML-DSA-44',
      'ML-DSA-65 ML-DSA-65',
      'ML-DSA-87 ML-DSA-87',
    ]);
  });

  it('pairs no key with an algorithm that is not in the table', () => {
    for (const algorithm of ALGORITHMS) expect(mayVerify({ algorithm, publicKey: new Uint8Array() }, -35)).toBe(false);
  });
});

describe('describeAnchor', () => {
  it('names the algorithm and the start of the key id', () => {
    expect(describeAnchor(testSigner('ML-DSA-44', 0).anchor)).toBe('ML-DSA-44 key b8969ab4b37da9f0…');
  });
});
