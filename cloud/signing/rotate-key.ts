/**
 * A new key behind an alias. AWS rotates no asymmetric key by itself, so this is how it is done by hand:
 *
 *   new key ──▶ the alias names it ──▶ the old key is tagged: by what it was replaced, how long it is to be kept
 *
 * The old key stays as it is: what it signed is verified with its public key, and a signature under way is finished. Devices
 * must trust the new key before anything signed with it is sent to them.
 */
import { type KMSClient, TagResourceCommand, UpdateAliasCommand } from '@aws-sdk/client-kms';
import { OperatorError, Unavailable } from '../errors.ts';
import { withKmsErrors } from './kms-errors.ts';
import { aliasName, createKey, entryOf, findKey, isKeyId, type KeyEntry } from './keys.ts';

/** Tags of the old key and of the new one. */
const ROTATION_TAGS = {
  replacedBy: 'bristlecone:replaced-by',
  keepUntil: 'bristlecone:keep-for-verification-until',
  replaces: 'bristlecone:replaces',
} as const;

export interface Rotation {
  readonly alias: string;
  readonly before: KeyEntry;
  readonly after: KeyEntry;
  /** A day, as in 2027-11-21. */
  readonly keepUntil: string;
}

/**
 * @param keepUntil the day until which the old key is to be kept for verification
 * @throws {OperatorError} `alias-needed`, `rotation-incomplete`, and the others of kms-errors.ts
 */
export async function rotateKey(
  client: KMSClient,
  name: string,
  { spec, description, keepUntil }: { spec: string; description?: string; keepUntil: string },
): Promise<Rotation> {
  if (isKeyId(name))
    throw new OperatorError('alias-needed', `rotation moves an alias to a new key; ${name} is a key. Name its alias.`);
  const alias = aliasName(name);
  const before = entryOf(await findKey(client, alias), [alias]);
  const after = await createKey(client, {
    spec,
    description: description ?? before.description,
    tags: [{ TagKey: ROTATION_TAGS.replaces, TagValue: before.keyId }],
  });

  const update = { AliasName: alias, TargetKeyId: after.keyId };
  const left = `The new key ${after.keyId} was made and is not used; ${alias} still names ${before.keyId}.`;
  await orIncomplete(left, () => client.send(new UpdateAliasCommand(update)));

  const Tags = [
    { TagKey: ROTATION_TAGS.replacedBy, TagValue: after.keyId },
    { TagKey: ROTATION_TAGS.keepUntil, TagValue: keepUntil },
  ];
  const moved = `${alias} names the new key ${after.keyId}; only the tags of the old key ${before.keyId} are missing.`;
  await orIncomplete(moved, () => client.send(new TagResourceCommand({ KeyId: before.keyId, Tags })));
  return { alias, before: { ...before, aliases: [] }, after: { ...after, aliases: [alias] }, keepUntil };
}

/** What went before cannot be undone, so a failure says how far it came. */
async function orIncomplete(howFar: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await withKmsErrors(call);
  } catch (error) {
    if (!(error instanceof OperatorError || error instanceof Unavailable)) throw error;
    throw new OperatorError('rotation-incomplete', `${error.message} ${howFar}`, { cause: error });
  }
}
