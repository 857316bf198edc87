import { expect, it } from 'vitest';
import { fleetDigestId } from '../../../cloud/releases/fleet-digest.ts';
import { publishRoot } from '../../../cloud/roots/published-roots.ts';
import { SHA_256, SHA_384, SHA_512, type TrustRoot } from '../../../protocol/trust/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { firstRoot, ISSUED, type RoleSpec, rolesOf, signers, signRoot, verify } from '../../support/trust.ts';

const HOLDERS = signers('ML-DSA-87', 2, 61);
const roles: readonly [RoleSpec, RoleSpec] = [{ keys: HOLDERS }, { keys: signers('ML-DSA-87', 1, 63) }];

async function fleetWith(changes: Partial<TrustRoot>): Promise<string> {
  const folder = temporaryFolder();
  const { hashId = SHA_256 } = changes;
  const root = firstRoot(...roles, { ...changes, roles: rolesOf(...roles, hashId) });
  await publishRoot(folder, signRoot(root, HOLDERS, { hashId }), { verify, nowSeconds: ISSUED });
  return folder;
}

it('is SHA-256 where no root is published, or one without a profile', async () => {
  expect(fleetDigestId(temporaryFolder())).toBe(SHA_256);
  expect(fleetDigestId(await fleetWith({ hashId: SHA_384 }))).toBe(SHA_256);
});

it.each([SHA_384, SHA_512])('is that of a root that keeps CNSA 2.0: %i', async (hashId) => {
  expect(fleetDigestId(await fleetWith({ profile: 'cnsa-2.0', hashId }))).toBe(hashId);
});
