import { describe, expect, it } from 'vitest';
import { openSigners } from '../../../cloud/profiles/open-signers.ts';
import { createProfile } from '../../../cloud/profiles/rules.ts';
import type { Signer } from '../../../cloud/signing/signer.ts';
import type { AlgorithmName } from '../../../protocol/cose/algorithms.ts';
import { testSigner } from '../../support/signers.ts';

const asked: string[] = [];
/** A KMS whose keys are named after their algorithms. */
const open = async (name: string): Promise<Signer> => {
  asked.push(name);
  const { anchor, sign } = testSigner(name as AlgorithmName);
  return { key: { ...anchor, keyArn: `arn:test:${name}` }, sign: async (message) => sign(message) };
};
const hybrid = (classical: string, postQuantum: string) =>
  createProfile('hybrid', {
    keys: new Map([
      ['ML-DSA-65', postQuantum],
      ['ES256', classical],
    ]),
  });

describe('openSigners', () => {
  it('opens the keys in the order of the algorithms', async () => {
    const signers = await openSigners(hybrid('ES256', 'ML-DSA-65'), { at: 'x', open });
    expect(signers.map(({ key }) => key.keyArn)).toEqual(['arn:test:ES256', 'arn:test:ML-DSA-65']);
  });

  it('refuses a key that is not what the profile says', async () => {
    await expect(openSigners(hybrid('ES256', 'ML-DSA-44'), { at: 'x', open })).rejects.toMatchObject({
      code: 'profile-key-mismatch',
      message: expect.stringContaining('x: expected ML-DSA-44 to be an ML-DSA-65 key, got the ML-DSA-44 key arn:test:'),
    });
  });

  it('asks for no key where the rules are broken', async () => {
    asked.length = 0;
    const broken = { ...hybrid('ES256', 'ML-DSA-65'), rules: 'cnsa-2.0' } as const;
    await expect(openSigners(broken, { at: 'x', open })).rejects.toMatchObject({ code: 'profile-algorithm-refused' });
    expect(asked).toEqual([]);
  });
});
