import {
  CreateKeyCommand,
  GetKeyPolicyCommand,
  ListKeyPoliciesCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, refusal, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const policyOf = async (KeyId: string) => (await kms.client.send(new GetKeyPolicyCommand({ KeyId }))).Policy!;

describe('a key policy', () => {
  it('is the account’s own where none was given', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    expect(JSON.parse(await policyOf(KeyId))).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*' }],
    });
    expect((await kms.client.send(new ListKeyPoliciesCommand({ KeyId }))).PolicyNames).toEqual(['default']);
  });

  it('is kept as given, on creation and later', async () => {
    const Policy = '{ "Version": "2012-10-17", "Statement": [] }';
    const created = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Policy }),
    );
    const KeyId = created.KeyMetadata!.KeyId!;
    expect(await policyOf(KeyId)).toBe(Policy);
    await kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy: '{}' }));
    expect(await policyOf(KeyId)).toBe('{}');
  });

  it.each(['not JSON', '[]', '"text"', '{'])('is refused: %s', async (Policy) => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const before = await policyOf(KeyId);
    expect((await refusal(kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy })))).name).toBe(
      'MalformedPolicyDocumentException',
    );
    expect(await policyOf(KeyId)).toBe(before);
  });
});
