import { describe, expect, it } from 'vitest';
import type { VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { authenticateRelease } from '../../../protocol/trust/release.ts';
import { SHA_384, SHA_512 } from '../../../protocol/trust/root.ts';
import { initialTrust, newestRoot } from '../../../protocol/trust/state.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  accepted,
  authenticated,
  classId,
  firstRoot,
  manifestOf,
  release,
  revoked,
  rolesOf,
  signers,
  signRoot,
  successor,
  updated,
  verify,
} from '../../support/trust.ts';

const noCryptography: VerifySignature = () => expect.unreachable('a signature was looked at');

describe('CNSA 2.0', () => {
  const [rootKeys, releaseKeys] = [signers('ML-DSA-87', 3, 1), signers('ML-DSA-87', 2, 11)];
  const root = firstRoot(
    { keys: rootKeys, all: [{ algorithm: 'ML-DSA-87', threshold: 2 }] },
    { keys: releaseKeys },
    {
      hashId: SHA_384,
      profile: 'cnsa-2.0',
    },
  );
  const bytes = signRoot(root, rootKeys.slice(0, 2), { hashId: SHA_384 });
  const state = initialTrust(verifyFirstRoot(bytes, { verify }));
  const manifest = manifestOf(1, {}, SHA_384);

  it.each([SHA_384, SHA_512])(
    'takes digests of algorithm %i, by whatever id the signer names its key',
    (digestAlgorithmId) => {
      const envelope = release(manifest, releaseKeys.slice(1), { digestAlgorithmId });

      expect(authenticated(state, envelope).rootVersion).toBe(1);
    },
  );

  it('refuses a manifest digest of SHA-256 before any signature', () => {
    const context = { verify: noCryptography, classId };

    expectRejection(
      () => authenticateRelease(state, release(manifest, releaseKeys), context),
      'profile-violated',
      'envelope.authentication[0]',
    );
  });

  it('refuses an image digest of SHA-256', () => {
    const envelope = release(manifestOf(1), releaseKeys, { digestAlgorithmId: SHA_384 });

    expectRejection(() => authenticated(state, envelope), 'profile-violated', 'manifest');
  });

  it('is reached from SHA-256 and hybrid keys by the chain itself', () => {
    const [old, oldRelease] = [signers('ES256', 3, 1), signers('ES256', 1, 9)];
    const all = [{ algorithm: 'ES256', threshold: 2 }] as const;
    const made = initialTrust(
      verifyFirstRoot(signRoot(firstRoot({ keys: old, all }, { keys: oldRelease }), old), { verify }),
    );
    const both = { keys: [...old, ...rootKeys], all: [...all, { algorithm: 'ML-DSA-87', threshold: 2 }] } as const;
    const hybrid = accepted(
      made,
      signRoot(successor(made.current, { roles: rolesOf(both, { keys: [...oldRelease, ...releaseKeys] }) }), [
        ...old.slice(1),
        ...rootKeys.slice(1),
      ]),
    );
    // The classical keys stay listed for one version in which nothing depends on them: the bridge out needs them no more.
    const quiet = accepted(
      hybrid,
      signRoot(
        successor(newestRoot(hybrid), {
          roles: rolesOf(
            { keys: both.keys, all: both.all.slice(1) },
            { keys: [...oldRelease, ...releaseKeys], all: [{ algorithm: 'ML-DSA-87', threshold: 1 }] },
          ),
        }),
        [...old.slice(1), ...rootKeys.slice(1)],
      ),
    );
    const pure = successor(newestRoot(quiet), {
      hashId: SHA_384,
      profile: 'cnsa-2.0',
      roles: rolesOf({ keys: rootKeys, all: both.all.slice(1) }, { keys: releaseKeys }, SHA_384),
      revoked: revoked([...old, ...oldRelease], 'retired'),
    });
    const done = accepted(quiet, signRoot(pure, rootKeys, { hashId: SHA_384 }));

    expect(newestRoot(done).root).toMatchObject({ version: 4, profile: 'cnsa-2.0', hashId: SHA_384 });
    const envelope = release(manifest, releaseKeys, { digestAlgorithmId: SHA_384 });
    expect(updated(done, envelope).current.root.version).toBe(4);
    expect(
      newestRoot(accepted(done, signRoot(successor(newestRoot(done)), rootKeys, { hashId: SHA_384 }))).root.version,
    ).toBe(5);
  });
});
