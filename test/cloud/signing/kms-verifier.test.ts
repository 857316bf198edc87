import { DisableKeyCommand, type KeySpec, type KMSClient, type VerifyCommandInput } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import type { SigningMode } from '../../../cloud/signing/kms-requests.ts';
import { createKmsSigner } from '../../../cloud/signing/kms-signer.ts';
import { createKmsVerifier } from '../../../cloud/signing/kms-verifier.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { clientFor, createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

/** What KMS was asked to verify, in order. */
let asked: VerifyCommandInput[] = [];
let client: KMSClient;
beforeEach(() => {
  asked = [];
  client = clientFor(kms.server.url);
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'VerifyCommand') asked.push(JSON.parse(JSON.stringify(args.input)));
        return next(args);
      },
    { step: 'initialize' },
  );
});

const message = utf8('a firmware image');
const SPECS: readonly [KeySpec, modes: readonly SigningMode[], hashed: string | undefined][] = [
  ['ML_DSA_44', ['raw', 'mu'], 'EXTERNAL_MU'],
  ['ML_DSA_65', ['raw', 'mu'], 'EXTERNAL_MU'],
  ['ML_DSA_87', ['raw', 'mu'], 'EXTERNAL_MU'],
  ['ECC_NIST_P256', ['raw', 'mu'], 'DIGEST'],
  ['ECC_NIST_EDWARDS25519', ['raw'], undefined],
];

describe.each(SPECS)('with a %s key', (spec, modes, hashed) => {
  it('verifies what was signed in each mode, in each mode', async () => {
    const keyId = await createKey(client, spec);
    for (const signed of modes) {
      const signature = await (await createKmsSigner({ client, keyId, mode: signed })).sign(message);
      for (const mode of modes) {
        const verifier = await createKmsVerifier({ client, keyId, mode });
        expect(await verifier.verify(message, signature)).toBe(true);
        expect(asked.at(-1)?.MessageType).toBe(mode === 'raw' ? 'RAW' : hashed);
      }
    }
    expect(asked).toHaveLength(modes.length ** 2);
  });

  it('refuses another message, another key and any damage', async () => {
    const [keyId, other] = [await createKey(client, spec), await createKey(client, spec)];
    const signature = await (await createKmsSigner({ client, keyId })).sign(message);
    const verifier = await createKmsVerifier({ client, keyId });
    const damaged = signature.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect(await verifier.verify(utf8('a firmware imagE'), signature)).toBe(false);
    expect(await verifier.verify(message, damaged)).toBe(false);
    expect(await (await createKmsVerifier({ client, keyId: other })).verify(message, signature)).toBe(false);
    expect(asked).toHaveLength(3);
  });

  it('does not ask KMS about what cannot be a signature', async () => {
    const verifier = await createKmsVerifier({ client, keyId: await createKey(client, spec) });
    const { signatureBytes } = verifier.key.algorithm;
    expect(await verifier.verify(message, new Uint8Array(signatureBytes - 1))).toBe(false);
    expect(await verifier.verify(message, new Uint8Array(signatureBytes + 1))).toBe(false);
    expect(asked).toHaveLength(0);
    expect(await verifier.verify(message, new Uint8Array(signatureBytes))).toBe(false);
  });
});

it('says that the key was disabled', async () => {
  const keyId = await createKey(client, 'ML_DSA_44');
  const signature = await (await createKmsSigner({ client, keyId })).sign(message);
  const verifier = await createKmsVerifier({ client, keyId });
  await client.send(new DisableKeyCommand({ KeyId: keyId }));
  const refused = verifier.verify(message, signature);
  await expect(refused).rejects.toBeInstanceOf(OperatorError);
  await expect(refused).rejects.toMatchObject({ code: 'key-disabled' });
});

it('takes no answer for no more than it says', async () => {
  const keyId = await createKey(client, 'ML_DSA_44');
  const signature = await (await createKmsSigner({ client, keyId })).sign(message);
  const verifier = await createKmsVerifier({ client, keyId });
  for (const answer of [{}, { SignatureValid: false }]) {
    client.middlewareStack.add(() => async () => ({ output: { $metadata: {}, ...answer }, response: {} }), {
      step: 'initialize',
      name: 'answer',
      override: true,
    });
    expect(await verifier.verify(message, signature)).toBe(false);
  }
});
