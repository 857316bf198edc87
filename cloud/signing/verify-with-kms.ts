/** A whole document verified by KMS: everything but the mathematics is checked here, the signature that is left there. */
import { anchorOf } from '../../protocol/cose/key.ts';
import type { Trust } from '../../protocol/cose/verify-signature.ts';
import { Rejection } from '../../protocol/errors.ts';
import type { KmsVerifier } from './kms-verifier.ts';

/**
 * @param check verifies a document under the trust it is given; what it returns counts only once KMS has agreed
 * @throws {Rejection} what `check` throws, and `signature-invalid`
 * @throws {Unavailable | OperatorError} those of KmsVerifier
 */
export async function verifyWithKms<T>(check: (trust: Trust) => T, kms: KmsVerifier): Promise<T> {
  const questions: { message: Uint8Array; signature: Uint8Array }[] = [];
  const verified = check({
    anchors: [anchorOf(kms.key)],
    verify(_key, message, signature) {
      questions.push({ message, signature });
      return true;
    },
  });
  if (questions.length === 0) throw new TypeError('verifyWithKms: expected a check that verifies a signature');
  for (const { message, signature } of questions) {
    if (await kms.verify(message, signature)) continue;
    const detail = `expected a signature that KMS verifies with ${kms.key.keyArn}, got another`;
    throw new Rejection('signature-invalid', 'signature', detail);
  }
  return verified;
}
