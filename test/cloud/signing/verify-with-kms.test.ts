import { describe, expect, it } from 'vitest';
import { verifyWithKms } from '../../../cloud/signing/verify-with-kms.ts';
import type { KmsVerifier } from '../../../cloud/signing/kms-verifier.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import type { Trust } from '../../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../../protocol/errors.ts';
import { testSigner } from '../../support/signers.ts';

const { anchor } = testSigner('ML-DSA-44');
const [message, signature] = [utf8('message'), utf8('signature')];

function kmsThatSays(valid: boolean): KmsVerifier & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  const verify = async (...question: readonly Uint8Array[]): Promise<boolean> => {
    asked.push(question);
    return valid;
  };
  return { key: { ...anchor, keyArn: 'arn:aws:kms:x' }, asked, verify };
}

const check = ({ anchors: [first], verify }: Trust) => first && verify(first, message, signature) && first;

const refuse = (): never => {
  throw new Rejection('wrong-shape', 'it', 'expected x, got y');
};

describe('verifyWithKms', () => {
  it('asks KMS about the signature that is left, under its own key', async () => {
    const kms = kmsThatSays(true);
    expect(await verifyWithKms(check, kms)).toMatchObject({ keyId: anchor.keyId });
    expect(kms.asked).toEqual([[message, signature]]);
  });

  it('refuses what KMS refuses', async () => {
    const refused = verifyWithKms(check, kmsThatSays(false));
    await expect(refused).rejects.toMatchObject({ code: 'signature-invalid' });
    await expect(refused).rejects.toThrow(/verifies with arn:aws:kms:x/);
  });

  it('does not ask where the document is refused before', async () => {
    const kms = kmsThatSays(true);
    await expect(verifyWithKms(refuse, kms)).rejects.toMatchObject({ code: 'wrong-shape' });
    expect(kms.asked).toEqual([]);
  });

  it('is not satisfied with a check that asks for no signature', async () => {
    await expect(verifyWithKms(() => 'fine', kmsThatSays(true))).rejects.toBeInstanceOf(TypeError);
  });
});
