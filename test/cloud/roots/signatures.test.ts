import { describe, expect, it } from 'vitest';
import { openDraft } from '../../../cloud/roots/ceremony.ts';
import { checkSignature, type Draft, signDraft, signerIn, signersOfDraft } from '../../../cloud/roots/signatures.ts';
import type { Signer } from '../../../cloud/signing/signer.ts';
import { toHex } from '../../../protocol/bytes.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { SHA_384, type TrustRoot } from '../../../protocol/trust/root.ts';
import { decodeSignedRoot } from '../../../protocol/trust/signed-root.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import {
  eitherRelease,
  FIRST,
  firstRoot,
  HOLDERS,
  RELEASE_KEYS,
  revoked,
  ROOT_KEYS,
  rolesOf,
  signer,
  signers,
  successor,
  threeOfFive,
  type TrustSigner,
  verifiedFirst,
  verify,
} from '../../support/trust.ts';

const draftOf = (root: TrustRoot, before?: VerifiedRoot): Draft => openDraft(encodeTrustRoot(root), before);
const signerOf = ({ anchor, sign }: TrustSigner): Signer => ({
  key: { ...anchor, keyArn: 'a.key' },
  sign: async (message) => sign(message),
});
const signed = (draft: Draft, by: TrustSigner) => signDraft(draft, signerOf(by));
const check = (file: Uint8Array, draft: Draft) => checkSignature(file, draft, { verify, at: 'file' });
const idsOf = (keys: readonly { readonly keyId: Uint8Array }[]) => keys.map(({ keyId }) => toHex(keyId));

const v1 = verifiedFirst(FIRST, HOLDERS);

describe('signDraft', () => {
  it.each(['ML-DSA-44', 'ML-DSA-87', 'ES256', 'Ed25519'] as const)(
    'makes a file that is checked again: %s',
    async (name) => {
      const keys = signers(name, 2, 5);
      const draft = draftOf(firstRoot({ keys }, eitherRelease));
      const { file, keyId } = await signed(draft, keys[0]!);
      const checked = check(file, draft);
      expect(checked.keyId).toEqual(keyId);
      expect(checked.publicKey).toBeUndefined();
      expect(checked.signer.publicKey).toEqual(keys[0]!.anchor.publicKey);
    },
  );

  it('sends the key along where the root only pins it', async () => {
    const draft = draftOf(firstRoot({ ...threeOfFive, form: 'pinned' }, eitherRelease));
    const { file } = await signed(draft, HOLDERS[0]!);
    expect(check(file, draft).publicKey).toEqual(HOLDERS[0]!.anchor.publicKey);
    expect(decodeSignedRoot(file).root).toEqual(draft.root);
  });

  it('signs under the id that the key has in the draft, where its hash is another', async () => {
    const before = verifiedFirst(
      firstRoot({ keys: signers('ML-DSA-87', 2, 1) }, { keys: [signer('ML-DSA-87', 9)] }),
      signers('ML-DSA-87', 2, 1),
    );
    const roles = rolesOf({ keys: signers('ML-DSA-87', 2, 1) }, { keys: [signer('ML-DSA-87', 9)] }, SHA_384);
    const draft = draftOf(successor(before, { hashId: SHA_384, profile: 'cnsa-2.0', roles }), before);
    const { file, keyId } = await signed(draft, signer('ML-DSA-87', 1));
    expect(keyId).toHaveLength(48);
    expect(check(file, draft).keyId).toEqual(keyId);
  });
});

describe('signerIn', () => {
  it('refuses keys whose signature would count for nothing', () => {
    const draft = draftOf(FIRST);
    for (const { anchor } of [signer('ML-DSA-44', 90), RELEASE_KEYS[0]!, signer('ES256', 1)])
      expectOperatorError(
        () => signerIn(draft, anchor, 'a.key'),
        'not-a-signer',
        'a.key',
        toHex(HOLDERS[0]!.anchor.keyId).slice(0, 16),
      );
  });

  const keys = [...ROOT_KEYS.slice(1), signer('ML-DSA-44', 40)];
  const draft = draftOf(
    successor(v1, {
      roles: rolesOf({ ...threeOfFive, keys }, eitherRelease),
      revoked: revoked(ROOT_KEYS.slice(0, 1), 'retired'),
    }),
    v1,
  );

  it('takes keys of both roots, and none that the draft revokes', () => {
    expect(idsOf(signersOfDraft(draft))).toEqual(keys.map(({ anchor }) => toHex(anchor.keyId)));
    for (const { anchor } of keys) expect(signerIn(draft, anchor, 'a.key').keyId).toEqual(anchor.keyId);
    expectOperatorError(() => signerIn(draft, ROOT_KEYS[0]!.anchor, 'a.key'), 'not-a-signer');
  });
});
