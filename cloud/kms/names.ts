/** Key ids, aliases and ARNs: the four ways in which a request may name a key, and how each is refused. */
import { KmsFault } from './faults.ts';

export interface Account {
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
}

export type KeyName =
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'alias'; readonly aliasName: string };

const KEY_ID = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const ALIAS = 'alias/';

const arnOf = ({ region, accountId }: Account, resource: string): string =>
  `arn:aws:kms:${region}:${accountId}:${resource}`;

export const keyArn = (account: Account, keyId: string): string => arnOf(account, `key/${keyId}`);

/** @param aliasName with its prefix `alias/` */
export const aliasArn = (account: Account, aliasName: string): string => arnOf(account, aliasName);

export const isKeyId = (text: string): boolean => KEY_ID.test(text);

/**
 * Key id, key ARN, `alias/x` or alias ARN.
 * @throws {KmsFault} NotFoundException
 */
export function parseKeyName(text: string, account: Account): KeyName {
  const resource = text.startsWith('arn:') ? resourceOfArn(text, account) : text;
  if (resource.startsWith(ALIAS)) return { kind: 'alias', aliasName: resource };
  const keyId = text.startsWith('arn:') ? resource.replace(/^key\//, '') : resource;
  if (!isKeyId(keyId)) throw new KmsFault('NotFoundException', `Invalid keyId '${text.slice(0, 128)}'`);
  return { kind: 'key', keyId };
}

function resourceOfArn(arn: string, account: Account): string {
  const [, , service, region = '', accountId, ...resource] = arn.split(':');
  if (service !== 'kms') throw new KmsFault('NotFoundException', `Invalid keyId '${arn.slice(0, 128)}'`);
  if (region !== account.region) throw new KmsFault('NotFoundException', `Invalid arn ${region.slice(0, 32)}`);
  // Another account's key would need its policy's leave; there is no other account here.
  if (accountId !== account.accountId)
    throw new KmsFault('NotFoundException', `Key '${arn.slice(0, 128)}' does not exist`);
  return resource.join(':');
}
