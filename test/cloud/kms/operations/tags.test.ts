import {
  CreateKeyCommand,
  ListResourceTagsCommand,
  paginateListResourceTags,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey, refusal, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const tag = (TagKey: string, TagValue = ''): Tag => ({ TagKey, TagValue });
const tags = (count: number): Tag[] =>
  Array.from({ length: count }, (_, i) => tag(`key-${String(i).padStart(2, '0')}`));
const add = (KeyId: string, Tags: Tag[]) => kms.client.send(new TagResourceCommand({ KeyId, Tags }));
const listOf = async (KeyId: string) => (await kms.client.send(new ListResourceTagsCommand({ KeyId }))).Tags;

describe('tags of a key', () => {
  it('are set with the key, replaced, added and removed', async () => {
    const created = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Tags: [tag('team', 'iot')] }),
    );
    const KeyId = created.KeyMetadata!.KeyId!;
    expect(await listOf(KeyId)).toEqual([tag('team', 'iot')]);
    await add(KeyId, [tag('team', 'fleet'), tag('purpose', 'firmware')]);
    expect(await listOf(KeyId)).toEqual([tag('purpose', 'firmware'), tag('team', 'fleet')]);
    await kms.client.send(new UntagResourceCommand({ KeyId, TagKeys: ['team', 'never-there'] }));
    expect(await listOf(KeyId)).toEqual([tag('purpose', 'firmware')]);
  });

  it('are listed in pages', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    await add(KeyId, tags(50));
    const seen: Tag[] = [];
    for await (const page of paginateListResourceTags({ client: kms.client, pageSize: 20 }, { KeyId })) {
      seen.push(...page.Tags!);
    }
    expect(seen).toEqual(tags(50));
  });

  it.each<[name: string, tags: Tag[], type: string, message: string]>([
    ['a key that AWS keeps for itself', [tag('aws:owner')], 'TagException', 'Tags beginning with aws: are reserved'],
    ['the same key twice', [tag('a'), tag('a')], 'TagException', 'Duplicate tag keys'],
    ['the 51st', [tag('key-50')], 'TagException', 'Too many tags'],
    [
      'an empty key',
      [tag('')],
      'ValidationException',
      "1 validation error detected: Value at 'tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
  ])('are refused: %s', async (_name, Tags, name, message) => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    await add(KeyId, tags(50));
    expect(await refusal(add(KeyId, Tags))).toEqual({ name, message, status: 400 });
    expect(await listOf(KeyId)).toEqual(tags(50));
  });
});
