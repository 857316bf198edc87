import { ListKeysCommand, TagResourceCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aliasName, createKey, describeKey, isKeyId, keyReference, listKeys } from '../../../cloud/signing/keys.ts';
import { startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { refusingClient } from '../../support/refusing-client.ts';

const KEY_ID = '11111111-2222-3333-4444-555555555555';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

describe('names', () => {
  it.each([
    ['release', 'alias/release', false],
    ['alias/release', 'alias/release', false],
    [KEY_ID, KEY_ID, true],
    [`mrk-${'0'.repeat(32)}`, `mrk-${'0'.repeat(32)}`, true],
    [`arn:aws:kms:us-east-1:000000000000:key/${KEY_ID}`, `arn:aws:kms:us-east-1:000000000000:key/${KEY_ID}`, true],
    ['arn:aws:kms:us-east-1:000000000000:alias/x', 'arn:aws:kms:us-east-1:000000000000:alias/x', false],
    ['deadbeef', 'alias/deadbeef', false],
  ])('%s is sent as %s', (name, reference, isKey) => {
    expect(keyReference(name)).toBe(reference);
    expect(isKeyId(name)).toBe(isKey);
  });

  it('of aliases get their prefix once', () => {
    expect(aliasName(aliasName('a'))).toBe('alias/a');
  });
});

describe('listKeys', () => {
  it('goes through all pages of keys and aliases', async () => {
    const made = new Map<string, string>();
    for (let i = 0; i < 105; i++) {
      const { keyId } = await createKey(kms.client, { spec: 'ECC_NIST_P256', alias: `page-${i}` });
      made.set(keyId, `alias/page-${i}`);
    }
    const first = await kms.client.send(new ListKeysCommand({}));
    expect(first.Truncated).toBe(true); // there is more than a page
    const listed = await listKeys(kms.client);
    expect(new Map(listed.map(({ keyId, aliases }) => [keyId, aliases[0]]))).toEqual(made);
  });
});

describe('describeKey', () => {
  it('names what it may not read, and shows the rest', async () => {
    const { keyId } = await createKey(kms.client, {
      spec: 'ML_DSA_65',
      alias: 'partly',
      tags: [{ TagKey: 'a', TagValue: 'b' }],
    });
    expect(await describeKey(kms.client, 'partly')).toMatchObject({
      tags: { a: 'b' },
      lastUse: 'never',
      aliases: ['alias/partly'],
      notRead: [],
    });
    const client = refusingClient(kms.server.url, {
      GetKeyLastUsage: 'AccessDeniedException',
      ListResourceTags: 'AccessDeniedException',
    });
    expect(await describeKey(client, 'partly')).toMatchObject({
      keyId,
      tags: undefined,
      lastUse: undefined,
      notRead: [
        expect.stringMatching(/^tags: KMS refused \(AccessDeniedException/),
        expect.stringMatching(/^last use: /),
      ],
    });
  });

  it('does not hide that KMS cannot be reached', async () => {
    await createKey(kms.client, { spec: 'ML_DSA_65', alias: 'throttled' });
    const client = refusingClient(kms.server.url, { ListResourceTags: 'ThrottlingException' });
    await expect(describeKey(client, 'throttled')).rejects.toMatchObject({ name: 'Unavailable' });
  });

  it('shows tags', async () => {
    const { keyId } = await createKey(kms.client, { spec: 'ML_DSA_44' });
    await kms.client.send(new TagResourceCommand({ KeyId: keyId, Tags: [{ TagKey: 'team', TagValue: 'iot' }] }));
    expect((await describeKey(kms.client, keyId)).tags).toEqual({ team: 'iot' });
  });
});

describe('createKey', () => {
  it('passes on that KMS refused to look whether the alias is free, and makes nothing', async () => {
    const client = refusingClient(kms.server.url, { DescribeKey: 'AccessDeniedException' });
    const before = (await listKeys(kms.client)).length;
    await expect(createKey(client, { spec: 'ML_DSA_65', alias: 'x' })).rejects.toMatchObject({ code: 'access-denied' });
    expect(await listKeys(kms.client)).toHaveLength(before);
  });
});
