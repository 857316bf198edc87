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

const WITHOUT_ACTION = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Resource: '*' };
const ALLOW_ALL = { ...WITHOUT_ACTION, Action: 'kms:*' };
const policyText = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });

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
    const Policy = `{ "Version": "2012-10-17", "Statement": [ ${JSON.stringify(ALLOW_ALL)} ] }`;
    const created = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Policy }),
    );
    const KeyId = created.KeyMetadata!.KeyId!;
    expect(await policyOf(KeyId)).toBe(Policy);
    const changed = policyText({ ...ALLOW_ALL, Action: ['kms:Sign', 'kms:Put*'] });
    await kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy: changed }));
    expect(await policyOf(KeyId)).toBe(changed);
  });

  it.each([
    ['kms:*', ALLOW_ALL],
    ['a wildcard', { ...ALLOW_ALL, Action: 'kms:P?t*Policy' }],
    ['another case of letters', { ...ALLOW_ALL, Action: 'KMS:putKeyPolicy' }],
    ['what it does not name', { ...WITHOUT_ACTION, NotAction: 'kms:ScheduleKeyDeletion' }],
  ])('may be changed later by %s', async (_name, statement) => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    await kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy: policyText(statement) }));
    expect(await policyOf(KeyId)).toBe(policyText(statement));
  });

  it('may lock its owner out only where that is asked for', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    for (const statement of [
      { ...ALLOW_ALL, Action: ['kms:Sign', 'kms:PutKeyPolic'] },
      { ...ALLOW_ALL, Effect: 'Deny' },
      { ...WITHOUT_ACTION, NotAction: 'kms:Put*' },
    ]) {
      const input = { KeyId, Policy: policyText(statement) };
      expect(await refusal(kms.client.send(new PutKeyPolicyCommand(input)))).toEqual({
        name: 'MalformedPolicyDocumentException',
        message: 'The new key policy will not allow you to update the key policy in the future.',
        status: 400,
      });
      await kms.client.send(new PutKeyPolicyCommand({ ...input, BypassPolicyLockoutSafetyCheck: true }));
      expect(await policyOf(KeyId)).toBe(input.Policy);
    }
  });

  it.each([
    'not JSON',
    '[]',
    '"text"',
    '{',
    '{}',
    '{"Statement":[]}',
    '{"Statement":["Allow"]}',
    policyText({ ...ALLOW_ALL, Effect: 'Maybe' }),
    policyText({ ...ALLOW_ALL, NotAction: 'kms:Sign' }),
    policyText(WITHOUT_ACTION),
    policyText({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }),
    policyText({ Effect: 'Allow', Action: 'kms:*', Principal: '*' }),
  ])('is refused: %s', async (Policy) => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const before = await policyOf(KeyId);
    expect((await refusal(kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy })))).name).toBe(
      'MalformedPolicyDocumentException',
    );
    expect(await policyOf(KeyId)).toBe(before);
  });
});
