import {
  CancelKeyDeletionCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  ListKeysCommand,
  paginateListKeys,
  ScheduleKeyDeletionCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKey,
  describeKey,
  idOf,
  keyCount,
  refusal,
  START_MS,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

const DAY_MS = 86_400_000;
const UNKNOWN_ID = '11111111-2222-3333-4444-555555555555';
const UNKNOWN_ARN = `arn:aws:kms:us-east-1:000000000000:key/${UNKNOWN_ID}`;

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

describe('a key is named', () => {
  it('by id and by ARN', async () => {
    const arn = await createKey(kms.client, 'ML_DSA_44');
    expect((await describeKey(kms.client, idOf(arn))).Arn).toBe(arn);
    expect((await describeKey(kms.client, arn)).Arn).toBe(arn);
  });

  it.each<[name: string, keyId: string, message: string]>([
    ['an id that is not there', UNKNOWN_ID, `Key '${UNKNOWN_ARN}' does not exist`],
    ['an ARN that is not there', UNKNOWN_ARN, `Key '${UNKNOWN_ARN}' does not exist`],
    ['no id at all', 'release key', "Invalid keyId 'release key'"],
    ['a path', '../../etc/passwd', "Invalid keyId '../../etc/passwd'"],
    ['an ARN of another Region', `arn:aws:kms:eu-west-1:000000000000:key/${UNKNOWN_ID}`, 'Invalid arn eu-west-1'],
    [
      'an ARN of another account',
      `arn:aws:kms:us-east-1:999999999999:key/${UNKNOWN_ID}`,
      `Key 'arn:aws:kms:us-east-1:999999999999:key/${UNKNOWN_ID}' does not exist`,
    ],
    ['an ARN of another service', 'arn:aws:s3:::bucket', "Invalid keyId 'arn:aws:s3:::bucket'"],
    ['an alias', 'alias/none', 'Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.'],
    [
      'an alias ARN',
      'arn:aws:kms:us-east-1:000000000000:alias/none',
      'Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.',
    ],
  ])('or refused: %s', async (_name, KeyId, message) => {
    const call = kms.client.send(new DescribeKeyCommand({ KeyId }));
    expect(await refusal(call)).toEqual({ name: 'NotFoundException', message, status: 400 });
  });
});

describe('ListKeys', () => {
  it('pages through all keys once', async () => {
    const arns: string[] = [];
    for (let i = 0; i < 5; i++) arns.push(await createKey(kms.client, 'ECC_NIST_P256'));
    const seen: string[] = [];
    let pages = 0;
    for await (const page of paginateListKeys({ client: kms.client, pageSize: 3 }, {})) {
      pages += 1;
      expect(page.Keys!.length).toBeLessThanOrEqual(3);
      expect(page.Truncated).toBe(page.NextMarker !== undefined);
      seen.push(...page.Keys!.map(({ KeyArn }) => KeyArn!));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(arns));
    expect(pages).toBe(Math.ceil(seen.length / 3));
  });

  it.each([
    [0, 'Member must have value greater than or equal to 1'],
    [1001, 'Member must have value less than or equal to 1000'],
  ])('refuses a limit of %i', async (Limit, rule) => {
    const call = kms.client.send(new ListKeysCommand({ Limit }));
    expect((await refusal(call)).message).toBe(
      `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: ${rule}`,
    );
  });
});

describe('the state of a key', () => {
  it('is disabled and enabled again, and its public key is served all along', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_65');
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    expect(await describeKey(kms.client, KeyId)).toMatchObject({ KeyState: 'Disabled', Enabled: false });
    expect((await kms.client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey).toHaveLength(1974);
    await kms.client.send(new EnableKeyCommand({ KeyId }));
    expect(await describeKey(kms.client, KeyId)).toMatchObject({ KeyState: 'Enabled', Enabled: true });
  });

  it('is pending deletion until cancelled, and comes back disabled', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_65');
    const scheduled = await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const { $metadata: _metadata, ...response } = scheduled;
    const DeletionDate = new Date(START_MS + 7 * DAY_MS);
    expect(response).toStrictEqual({ KeyId, DeletionDate, KeyState: 'PendingDeletion', PendingWindowInDays: 7 });
    expect(await describeKey(kms.client, KeyId)).toMatchObject({
      KeyState: 'PendingDeletion',
      Enabled: false,
      DeletionDate,
    });

    const refused = { name: 'KMSInvalidStateException', message: `${KeyId} is pending deletion.`, status: 400 };
    for (const call of [
      kms.client.send(new GetPublicKeyCommand({ KeyId })),
      kms.client.send(new EnableKeyCommand({ KeyId })),
      kms.client.send(new DisableKeyCommand({ KeyId })),
      kms.client.send(new ScheduleKeyDeletionCommand({ KeyId })),
      kms.client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'x' })),
    ]) {
      expect(await refusal(call)).toEqual(refused);
    }

    expect((await kms.client.send(new CancelKeyDeletionCommand({ KeyId }))).KeyId).toBe(KeyId);
    expect(await describeKey(kms.client, KeyId)).toMatchObject({ KeyState: 'Disabled' });
    expect(await describeKey(kms.client, KeyId)).not.toHaveProperty('DeletionDate');
    expect(await refusal(kms.client.send(new CancelKeyDeletionCommand({ KeyId })))).toEqual({
      ...refused,
      message: `${KeyId} is not pending deletion.`,
    });
  });

  it('ends at its deletion date: not found, not listed', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId }));
    kms.clock.nowMs += 30 * DAY_MS - 1;
    expect(await describeKey(kms.client, KeyId)).toMatchObject({ KeyState: 'PendingDeletion' });
    const before = await keyCount(kms.client);
    kms.clock.nowMs += 1;
    expect((await refusal(kms.client.send(new DescribeKeyCommand({ KeyId })))).name).toBe('NotFoundException');
    expect((await refusal(kms.client.send(new CancelKeyDeletionCommand({ KeyId })))).name).toBe('NotFoundException');
    expect(await keyCount(kms.client)).toBe(before - 1);
    kms.clock.nowMs = START_MS;
  });

  it.each([6, 31])('is not pending for %i days', async (PendingWindowInDays) => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const call = kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }));
    expect((await refusal(call)).name).toBe('ValidationException');
  });

  it('does not lose one of many changes made at once', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    await Promise.all([
      kms.client.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'changed' })),
      kms.client.send(new DisableKeyCommand({ KeyId })),
    ]);
    expect(await describeKey(kms.client, KeyId)).toMatchObject({ Description: 'changed', KeyState: 'Disabled' });
  });
});
