/** Tags of keys. */
import { KmsFault } from '../faults.ts';
import { changeKey, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import { Members } from '../members.ts';
import { selectPage } from '../pages.ts';
import type { Tag } from '../records.ts';

const MAX_TAGS = 50;
const TAG_KEY = { min: 1, max: 128 };

/** @throws {KmsFault} TagException for a reserved or repeated key */
export function readTags(list: readonly unknown[]): readonly Tag[] {
  const tags = list.map((item) => {
    const members = Members.of(item);
    return { key: members.text('TagKey', TAG_KEY), value: members.text('TagValue', { min: 0, max: 256 }) };
  });
  if (tags.some(({ key }) => key.startsWith('aws:')))
    throw new KmsFault('TagException', 'Tags beginning with aws: are reserved');
  if (new Set(tags.map(({ key }) => key)).size !== tags.length)
    throw new KmsFault('TagException', 'Duplicate tag keys');
  return tags;
}

export async function tagResource(members: Members, kms: Kms): Promise<undefined> {
  const added = readTags(members.list('Tags', { min: 0, max: MAX_TAGS }));
  const replaced = new Set(added.map(({ key }) => key));
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    const tags = [...key.tags.filter((tag) => !replaced.has(tag.key)), ...added];
    if (tags.length > MAX_TAGS) throw new KmsFault('TagException', 'Too many tags');
    return { ...key, tags };
  });
}

export async function untagResource(members: Members, kms: Kms): Promise<undefined> {
  const removed = new Set(members.list('TagKeys', { min: 0, max: MAX_TAGS }));
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    return { ...key, tags: key.tags.filter((tag) => !removed.has(tag.key)) };
  });
}

export function listResourceTags(members: Members, kms: Kms): JsonObject {
  const { tags } = findKeyById(members, kms);
  const page = selectPage(tags, members, { nameOf: ({ key }) => key, defaultLimit: 50, maxLimit: 50 });
  return { Tags: page.items.map(({ key, value }) => ({ TagKey: key, TagValue: value })), ...page.more };
}
