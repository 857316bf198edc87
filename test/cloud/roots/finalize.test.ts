import { describe, expect, it } from 'vitest';
import { openCeremony } from '../../../cloud/roots/ceremony.ts';
import { expectUnsigned, finalizeRoot, mergeSignatures } from '../../../cloud/roots/finalize.ts';
import { advanceRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { type CeremonySpec, ceremonyFiles } from '../../support/roots.ts';
import {
  eitherRelease,
  FIRST,
  firstRoot,
  HOLDERS,
  revoked,
  ROOT_KEYS,
  rolesOf,
  signer,
  signers,
  successor,
  verifiedFirst,
  verify,
} from '../../support/trust.ts';

const opened = (spec: CeremonySpec) => openCeremony(ceremonyFiles({ finalized: false, ...spec }), { verify });
const finalize = (spec: CeremonySpec) => finalizeRoot(opened(spec), { verify });
const v1 = verifiedFirst(FIRST, HOLDERS);

describe('finalizeRoot', () => {
  it('makes a first root that a device can be made with', () => {
    const root = finalize({ by: HOLDERS });
    expect(verifyFirstRoot(root.bytes, { verify }).signers).toHaveLength(3);
  });

  it('takes more signatures than are demanded', () => {
    expect(finalize({ by: ROOT_KEYS }).signers).toHaveLength(5);
  });

  it('makes the same bytes of the same signatures, whoever came first', () => {
    const ceremony = opened({ by: HOLDERS });
    const turned = { ...ceremony, signatures: ceremony.signatures.toReversed() };
    expect(mergeSignatures(turned)).toEqual(mergeSignatures(ceremony));
  });

  it('refuses one signature too few, and says of whom it could come', () => {
    const two = HOLDERS.slice(0, 2);
    const { message } = expectOperatorError(() => finalize({ by: two }), 'threshold-not-met', '2 of 3 ML-DSA-44');
    for (const { anchor } of ROOT_KEYS.slice(2)) expect(message).toContain(anchor.keyId.toHex().slice(0, 16));
    for (const { anchor } of two) expect(message).not.toContain(anchor.keyId.toHex().slice(0, 16));
  });

  it('refuses a hybrid whose classical half is missing', () => {
    const keys = [...ROOT_KEYS.slice(0, 2), signer('ES256', 31)];
    const draft = firstRoot({ keys }, eitherRelease);
    expectOperatorError(() => finalize({ draft, by: ROOT_KEYS.slice(0, 2) }), 'threshold-not-met', '0 of 1 ES256');
    expect(finalize({ draft, by: [ROOT_KEYS[0]!, keys[2]!] }).signers).toHaveLength(2);
  });

  it('wants the threshold of the root before and that of the new one', () => {
    const newKeys = signers('ML-DSA-44', 3, 60);
    const draft = successor(v1, {
      roles: rolesOf({ keys: newKeys, all: [{ algorithm: 'ML-DSA-44', threshold: 2 }] }, eitherRelease),
      revoked: revoked(ROOT_KEYS.slice(3), 'retired'),
    });
    // The three who sign the bridge may not be revoked by it; they leave with the version after.
    const bridging = {
      ...draft,
      roles: rolesOf(
        { keys: [...HOLDERS, ...newKeys], all: [{ algorithm: 'ML-DSA-44', threshold: 4 }] },
        eitherRelease,
      ),
    };
    const spec = { draft: bridging, previous: [v1] };
    expectOperatorError(() => finalize({ ...spec, by: HOLDERS }), 'threshold-not-met', 'version 2');
    expectOperatorError(() => finalize({ ...spec, by: [...newKeys, HOLDERS[0]!] }), 'threshold-not-met', 'version 1');
    const root = finalize({ ...spec, by: [...HOLDERS, newKeys[0]!] });
    expect(advanceRoot(v1, root.bytes, { verify }).root.version).toBe(2);
  });

  it('does not finish what is finished', () => {
    expectOperatorError(() => finalize({ finalized: true }), 'already-finalized', 'another folder');
  });
});

describe('expectUnsigned', () => {
  it('lets a draft change until somebody has signed it', () => {
    expectUnsigned(opened({ by: [] }));
    expectOperatorError(() => expectUnsigned(opened({ by: HOLDERS.slice(0, 1) })), 'draft-signed');
    expectOperatorError(() => expectUnsigned(opened({ finalized: true })), 'already-finalized');
  });
});
