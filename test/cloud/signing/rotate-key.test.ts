import { CreateAliasCommand, DescribeKeyCommand, ListKeysCommand, ListResourceTagsCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rotateKey } from '../../../cloud/signing/rotate-key.ts';
import { createKey, idOf, startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { refusingClient } from '../../support/refusing-client.ts';

const HOW = { spec: 'ML_DSA_65', keepUntil: '2027-11-21' };

let kms: TestKms;
let oldKey: string;
let alias: string;
let count = 0;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());
beforeEach(async () => {
  count += 1;
  alias = `alias/fleet-${count}`;
  oldKey = await createKey(kms.client, 'ML_DSA_44');
  await kms.client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: oldKey }));
});

const targetOf = async (KeyId: string) => (await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId;
const keyCount = async () => (await kms.client.send(new ListKeysCommand({ Limit: 1000 }))).Keys!.length;
const tagsOf = async (KeyId: string) => (await kms.client.send(new ListResourceTagsCommand({ KeyId }))).Tags!;

describe('rotateKey', () => {
  it('moves the alias to a new key that keeps the description, and tags the old one', async () => {
    const { before, after, ...rest } = await rotateKey(kms.client, alias, HOW);
    expect(rest).toEqual({ alias, keepUntil: '2027-11-21' });
    expect(before).toMatchObject({ keyArn: oldKey, spec: 'ML_DSA_44', aliases: [], state: 'Enabled' });
    expect(await targetOf(alias)).toBe(after.keyId);
    expect(await tagsOf(oldKey)).toContainEqual({ TagKey: 'bristlecone:replaced-by', TagValue: after.keyId });
  });

  it('takes the alias with or without its prefix, and no key', async () => {
    await rotateKey(kms.client, alias.replace('alias/', ''), HOW);
    for (const name of [oldKey, idOf(oldKey)]) {
      await expect(rotateKey(kms.client, name, HOW)).rejects.toMatchObject({ code: 'alias-needed' });
    }
  });

  it.each([
    ['an alias that is not there', () => rotateKey(kms.client, 'alias/none', HOW), 'key-not-found'],
    ['a spec that does not sign', () => rotateKey(kms.client, alias, { ...HOW, spec: 'HMAC_256' }), 'unknown-key-spec'],
  ])('makes no key for %s', async (_name, rotate, code) => {
    const before = await keyCount();
    await expect(rotate()).rejects.toMatchObject({ code });
    expect(await keyCount()).toBe(before);
  });

  it('that cannot move the alias says which key was made for nothing', async () => {
    const client = refusingClient(kms.server.url, { UpdateAlias: 'AccessDeniedException' });
    const made = /The new key ([0-9a-f-]{36}) was made and is not used; alias\/fleet-\d+ still names [0-9a-f-]{36}\.$/;
    await expect(rotateKey(client, alias, HOW)).rejects.toMatchObject({
      code: 'rotation-incomplete',
      message: expect.stringMatching(made),
    });
    expect(await targetOf(alias)).toBe(idOf(oldKey));
  });

  it.each(['AccessDeniedException', 'ThrottlingException'])(
    'that cannot tag the old key says that the alias has moved: %s',
    async (name) => {
      const client = refusingClient(kms.server.url, { TagResource: name });
      await expect(rotateKey(client, alias, HOW)).rejects.toMatchObject({
        code: 'rotation-incomplete',
        message: expect.stringMatching(
          /names the new key [0-9a-f-]{36}; only the tags of the old key [0-9a-f-]{36} are missing\.$/,
        ),
      });
      expect(await targetOf(alias)).not.toBe(idOf(oldKey));
    },
  );
});
