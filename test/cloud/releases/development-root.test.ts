import { describe, expect, it } from 'vitest';
import { publishedRoots, publishRoot } from '../../../cloud/roots/published-roots.ts';
import { type TrustRequest, trustForRelease } from '../../../cloud/releases/development-root.ts';
import type { Signer } from '../../../cloud/signing/signer.ts';
import { isDevelopmentRoot } from '../../../protocol/trust/development.ts';
import { RELEASE_ROLE, roleOf } from '../../../protocol/trust/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { firstBytes, ISSUED, RELEASE_KEYS, signer, type TrustSigner, verify } from '../../support/trust.ts';

const asSigner = ({ anchor, sign }: TrustSigner): Signer => ({
  key: { ...anchor, keyArn: 'arn:test' },
  sign: async (message) => sign(message),
});
const rootKeys = [signer('ML-DSA-44', 71), signer('ML-DSA-44', 72)];
const legacy = signer('ES256', 73);
const modern = signer('ML-DSA-65', 74);

const requestFor =
  (dataFolder: string) =>
  (releaseKeys: readonly TrustSigner[], change: Partial<TrustRequest> = {}): TrustRequest => ({
    dataFolder,
    releaseKeys: releaseKeys.map(({ anchor }) => anchor),
    rootSigners: async () => rootKeys.map(asSigner),
    verify,
    nowSeconds: ISSUED,
    ...change,
  });

describe('the trust of a first release', () => {
  it('is a development root, made and published: it says what it is', async () => {
    const folder = temporaryFolder();
    const { root, outcome } = await trustForRelease(requestFor(folder)([legacy]));
    expect(outcome).toBe('made');
    expect(root && isDevelopmentRoot(root.root)).toBe(true);
    expect(publishedRoots(folder).map(({ version }) => version)).toEqual([1]);
    expect(publishedRoots(folder)[0]?.bytes).toEqual(root?.bytes);
  });

  it('is left open where none may be made', async () => {
    const folder = temporaryFolder();
    const request = requestFor(folder)([legacy], { rootSigners: undefined });
    expect(await trustForRelease(request)).toEqual({ root: undefined, outcome: 'none' });
    expect(publishedRoots(folder)).toEqual([]);
  });
});

describe('the trust of a later release', () => {
  it('stays as it is where the keys are trusted', async () => {
    const folder = temporaryFolder();
    const request = requestFor(folder);
    await trustForRelease(request([legacy, modern]));
    expect(await trustForRelease(request([modern, legacy]))).toMatchObject({ outcome: 'trusts' });
    expect(publishedRoots(folder)).toHaveLength(1);
  });

  it('moves on with the keys: the next root demands those that sign now, and keeps the others', async () => {
    const folder = temporaryFolder();
    const request = requestFor(folder);
    await trustForRelease(request([legacy]));
    // Also where the clock of this machine has gone back since.
    const { root, outcome } = await trustForRelease(request([modern], { nowSeconds: ISSUED - 100 }));
    expect(outcome).toBe('advanced');
    const { keys, policy } = roleOf(root!.root, RELEASE_ROLE);
    expect(keys.map(({ algorithm }) => algorithm.name)).toEqual(['ES256', 'ML-DSA-65']);
    expect(policy.all).toEqual([{ algorithm: 'ML-DSA-65', threshold: 1 }]);
    expect(await trustForRelease(request([legacy]))).toMatchObject({ outcome: 'advanced' });
    expect(publishedRoots(folder).map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('is for a ceremony to change where a ceremony made it', async () => {
    const folder = temporaryFolder();
    await publishRoot(folder, firstBytes, { verify, nowSeconds: ISSUED });
    const request = requestFor(folder);
    expect(await trustForRelease(request([legacy]))).toMatchObject({ outcome: 'refuses' });
    expect(await trustForRelease(request([RELEASE_KEYS[0]!]))).toMatchObject({ outcome: 'trusts' });
    expect(publishedRoots(folder)).toHaveLength(1);
  });
});
