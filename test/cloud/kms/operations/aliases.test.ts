import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeKeyCommand,
  ListAliasesCommand,
  paginateListAliases,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey, idOf, refusal, START_MS, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';

const ACCOUNT_ARN = 'arn:aws:kms:us-east-1:000000000000:';

let kms: TestKms;
let key: string;
beforeAll(async () => {
  kms = await startTestKms();
});
beforeEach(async () => {
  key = await createKey(kms.client, 'ML_DSA_44');
});
afterAll(() => kms.stop());

const create = (AliasName: string, TargetKeyId = key) =>
  kms.client.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
const update = (AliasName: string, TargetKeyId: string) =>
  kms.client.send(new UpdateAliasCommand({ AliasName, TargetKeyId }));
const remove = (AliasName: string) => kms.client.send(new DeleteAliasCommand({ AliasName }));
const listOf = async (KeyId: string) => (await kms.client.send(new ListAliasesCommand({ KeyId }))).Aliases;
const targetOf = async (alias: string) =>
  (await kms.client.send(new DescribeKeyCommand({ KeyId: alias }))).KeyMetadata!.Arn;

describe('an alias', () => {
  it('is made, moved to another key and deleted', async () => {
    const other = await createKey(kms.client, 'ML_DSA_65');
    await create('alias/release');
    expect(await targetOf('alias/release')).toBe(key);

    kms.clock.nowMs += 1000;
    await update('alias/release', idOf(other));
    expect(await targetOf('alias/release')).toBe(other);
    expect(await listOf(key)).toEqual([]);
    expect(await listOf(other)).toStrictEqual([
      {
        AliasName: 'alias/release',
        AliasArn: `${ACCOUNT_ARN}alias/release`,
        TargetKeyId: idOf(other),
        CreationDate: new Date(START_MS),
        LastUpdatedDate: new Date(START_MS + 1000),
      },
    ]);

    await remove('alias/release');
    expect(await listOf(other)).toEqual([]);
    expect((await refusal(targetOf('alias/release'))).name).toBe('NotFoundException');
    kms.clock.nowMs = START_MS;
  });

  it('may differ from another in case alone, hold slashes and be 256 long', async () => {
    const names = ['alias/Case', 'alias/case', 'alias/a/b', `alias/${'x'.repeat(250)}`];
    for (const name of names) await create(name);
    expect((await listOf(key))!.map(({ AliasName }) => AliasName)).toEqual(names.toSorted());
  });

  it('is given to one of many who ask at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => create('alias/wanted')));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(results).toHaveLength(20);
    expect(refused).toHaveLength(19);
  });

  it.each<[name: string, act: () => Promise<unknown>, type: string, message: string]>([
    [
      'one that is there',
      async () => {
        await create('alias/twice');
        await create('alias/twice');
      },
      'AlreadyExistsException',
      `An alias with the name ${ACCOUNT_ARN}alias/twice already exists`,
    ],
    ['no prefix', () => create('release'), 'ValidationException', 'Invalid identifier'],
    ['only the prefix', () => create('alias/'), 'ValidationException', 'Invalid identifier'],
    ['a colon', () => create('alias/a:b'), 'ValidationException', 'alias/a:b contains invalid characters for an alias'],
    [
      'a space',
      () => create('alias/a b'),
      'ValidationException',
      "1 validation error detected: Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy " +
        'regular expression pattern: ^[a-zA-Z0-9:/_-]+$',
    ],
    [
      '257 characters',
      () => create(`alias/${'x'.repeat(251)}`),
      'ValidationException',
      "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: Member must have length less than " +
        'or equal to 256',
    ],
    [
      'the name of an AWS managed key',
      () => create('alias/aws/s3'),
      'NotAuthorizedException',
      'Aliases beginning with alias/aws/ are reserved for AWS managed keys',
    ],
    [
      'another alias as its target',
      () => create('alias/b', 'alias/a'),
      'ValidationException',
      'Aliases must refer to keys. Not aliases',
    ],
    [
      'an alias ARN as its target',
      () => create('alias/b', `${ACCOUNT_ARN}alias/a`),
      'ValidationException',
      'Aliases must refer to keys. Not aliases',
    ],
    ['no key as its target', () => create('alias/b', 'nothing'), 'NotFoundException', "Invalid keyId 'nothing'"],
    [
      'none to move',
      () => update('alias/none', key),
      'NotFoundException',
      `Alias ${ACCOUNT_ARN}alias/none is not found.`,
    ],
    ['none to delete', () => remove('alias/none'), 'NotFoundException', `Alias ${ACCOUNT_ARN}alias/none is not found.`],
    [
      'an alias where a key is wanted',
      () => listOf('alias/none'),
      'InvalidArnException',
      'Key Aliases are not supported for this operation.',
    ],
  ])('is refused: %s', async (_name, act, name, message) => {
    expect(await refusal(act())).toEqual({ name, message, status: 400 });
  });

  it('moves from ECC to ML-DSA, and to no key of another type or usage', async () => {
    const keys = new Map<string, string>();
    for (const [name, input] of Object.entries({
      signing: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
      mlDsa: { KeySpec: 'ML_DSA_65', KeyUsage: 'SIGN_VERIFY' },
      agreeing: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
      symmetric: {},
      hmac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    } satisfies Record<string, CreateKeyCommandInput>)) {
      keys.set(name, (await kms.client.send(new CreateKeyCommand(input))).KeyMetadata!.Arn!);
    }
    await create('alias/moving', keys.get('signing'));
    await update('alias/moving', keys.get('mlDsa')!);
    for (const [name, to] of [
      ['agreeing', 'ECC_NIST_P256 for KEY_AGREEMENT'],
      ['symmetric', 'SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT'],
      ['hmac', 'HMAC_256 for GENERATE_VERIFY_MAC'],
    ] as const) {
      expect(await refusal(update('alias/moving', keys.get(name)!))).toEqual({
        name: 'ValidationException',
        message: `Alias ${ACCOUNT_ARN}alias/moving cannot be moved from a key of ML_DSA_65 for SIGN_VERIFY to one of ${to}`,
        status: 400,
      });
    }
  });

  it('is not given to a key pending deletion', async () => {
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: key }));
    const refused = { name: 'KMSInvalidStateException', message: `${key} is pending deletion.`, status: 400 };
    expect(await refusal(create('alias/late'))).toEqual(refused);
  });
});

describe('ListAliases', () => {
  it('pages through all aliases once, in order', async () => {
    for (let i = 0; i < 5; i++) await create(`alias/page-${i}`);
    const names: string[] = [];
    for await (const page of paginateListAliases({ client: kms.client, pageSize: 2 }, { KeyId: key })) {
      expect(page.Aliases!.length).toBeLessThanOrEqual(2);
      names.push(...page.Aliases!.map(({ AliasName }) => AliasName!));
    }
    expect(names).toEqual([0, 1, 2, 3, 4].map((i) => `alias/page-${i}`));
  });

  it('goes on after the last name shown, even where that one is deleted meanwhile', async () => {
    for (const name of ['alias/gone-a', 'alias/gone-b', 'alias/gone-c']) await create(name);
    const first = await kms.client.send(new ListAliasesCommand({ KeyId: key, Limit: 2 }));
    await remove('alias/gone-b');
    const second = await kms.client.send(new ListAliasesCommand({ KeyId: key, Marker: first.NextMarker }));
    expect(second.Aliases!.map(({ AliasName }) => AliasName)).toEqual(['alias/gone-c']);
  });
});
