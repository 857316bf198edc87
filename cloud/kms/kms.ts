/** What every operation needs: the account it answers for, its keys, and the ways to find one of them. */
import { KmsFault } from './faults.ts';
import { isGone, type KeyStore, withoutExpiredMaterial } from './key-store.ts';
import { Members } from './members.ts';
import { type Account, aliasArn, keyArn, parseKeyName } from './names.ts';
import type { KeyRecord } from './records.ts';

export interface Kms {
  readonly store: KeyStore;
  readonly account: Account;
  readonly nowMs: () => number;
  /** A fresh random UUID. */
  readonly newId: () => string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** One operation of the API. Nothing returned is an empty body. */
export type Operation = (members: Members, kms: Kms) => JsonObject | undefined | Promise<JsonObject | undefined>;

/** Characters of a KeyId member, in whatever form. */
const KEY_NAME = { min: 1, max: 2048 };

/**
 * The key that a member names by id, ARN, alias or alias ARN.
 * @throws {KmsFault} NotFoundException, KMSInvalidStateException where its file is damaged
 */
export function findKey(members: Members, kms: Kms): KeyRecord {
  const name = parseKeyName(members.text('KeyId', KEY_NAME), kms.account);
  return name.kind === 'key' ? existingKey(name.keyId, kms) : keyOfAlias(name.aliasName, kms);
}

/** The same for what changes a key or lists by it: AWS takes no alias there. */
export function findKeyById(members: Members, kms: Kms, member = 'KeyId'): KeyRecord {
  const text = members.text(member, KEY_NAME);
  const name = parseKeyName(text, kms.account);
  if (name.kind === 'alias')
    throw new KmsFault('InvalidArnException', 'Key Aliases are not supported for this operation.');
  return existingKey(name.keyId, kms);
}

/** The key of a name in any of its forms, or undefined where it names none. */
export function keyOfName(text: string, kms: Kms): KeyRecord | undefined {
  try {
    return findKey(Members.of({ KeyId: text }), kms);
  } catch (error) {
    if (error instanceof KmsFault) return undefined;
    throw error;
  }
}

/** Changes the key that KeyId names, with `decide` looking at its settled state. */
export async function changeKey(members: Members, kms: Kms, decide: (key: KeyRecord) => KeyRecord): Promise<KeyRecord> {
  const { keyId } = findKeyById(members, kms);
  return kms.store.changeKey(keyId, () => decide(existingKey(keyId, kms)));
}

function existingKey(keyId: string, kms: Kms): KeyRecord {
  const key = kms.store.key(keyId);
  if (key && !isGone(key, kms.nowMs())) return withoutExpiredMaterial(key, kms.nowMs());
  const arn = keyArn(kms.account, keyId);
  const damage = kms.store.damageOfKey(keyId);
  if (damage) throw new KmsFault('KMSInvalidStateException', `${arn} is unavailable: ${damage.file}: ${damage.reason}`);
  throw new KmsFault('NotFoundException', `Key '${arn}' does not exist`);
}

function keyOfAlias(aliasName: string, kms: Kms): KeyRecord {
  const alias = kms.store.alias(aliasName);
  if (!alias) throw aliasNotFound(aliasName, kms.account);
  return existingKey(alias.keyId, kms);
}

export const aliasNotFound = (aliasName: string, account: Account): KmsFault =>
  new KmsFault('NotFoundException', `Alias ${aliasArn(account, aliasName)} is not found.`);

/** @throws {KmsFault} KMSInvalidStateException */
export function expectNotPendingDeletion(key: KeyRecord, account: Account): void {
  if (key.state === 'PendingDeletion')
    throw new KmsFault('KMSInvalidStateException', `${keyArn(account, key.keyId)} is pending deletion.`);
}

/** @throws {KmsFault} KMSInvalidStateException */
export function expectNotPendingImport(key: KeyRecord, account: Account): void {
  if (key.state === 'PendingImport')
    throw new KmsFault('KMSInvalidStateException', `${keyArn(account, key.keyId)} is pending import.`);
}

/** @throws {KmsFault} KMSInvalidStateException, DisabledException */
export function expectEnabled(key: KeyRecord, account: Account): void {
  expectNotPendingDeletion(key, account);
  expectNotPendingImport(key, account);
  if (key.state === 'Disabled') throw new KmsFault('DisabledException', `${keyArn(account, key.keyId)} is disabled.`);
}
