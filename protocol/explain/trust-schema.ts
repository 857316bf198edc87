/** What the items of a trust root are called, for people (trust/root.ts has its CDDL). */
import { describeSeconds } from '../trust/diff-roots.ts';
import { PROFILES, REASONS, ROOT_LABEL } from '../trust/labels.ts';
import { algorithmNamed, coseKey, DIGEST_NAMES, leaf, type Schema } from './cose-schema.ts';

const nameIn =
  (table: Readonly<Record<string, number>>) =>
  (value: number | bigint): string | undefined =>
    Object.keys(table).find((name) => table[name] === Number(value));

const date = (name: string): Schema => ({ name, meaning: (seconds) => describeSeconds(Number(seconds)) });
const algorithm: Schema = { name: 'algorithm', meaning: algorithmNamed };
const policy = (name: string): Schema => ({
  name,
  rest: { name: 'requirement', items: [algorithm, leaf('threshold')] },
});

/** In full a COSE_Key, a map; pinned an array. */
const key: Schema = { ...coseKey, name: 'key', items: [algorithm, leaf('thumbprint')] };

const role: Schema = {
  name: 'role',
  items: [
    leaf('name'),
    { name: 'keys', rest: key },
    policy('all of'),
    { name: 'window', items: [policy('any of'), date('until')] },
    { name: 'prefixes', rest: leaf('component-identifier') },
  ],
};

const floors: Schema = {
  name: 'floors',
  otherKeys: { name: 'class', items: [leaf('epoch'), leaf('lowest sequence number')] },
};
const revoked: Schema = {
  name: 'revoked',
  rest: { name: 'key', items: [leaf('thumbprint'), { name: 'reason', meaning: nameIn(REASONS) }] },
};

export const TRUST_ROOT: Schema = {
  name: 'trust root',
  members: new Map<number, Schema>([
    [ROOT_LABEL.format, leaf('format')],
    [ROOT_LABEL.version, leaf('version')],
    [ROOT_LABEL.hash, { name: 'hash', meaning: (id) => DIGEST_NAMES[Number(id)] }],
    [ROOT_LABEL.issued, date('issued')],
    [ROOT_LABEL.expires, date('expires')],
    [ROOT_LABEL.roles, { name: 'roles', rest: role }],
    [ROOT_LABEL.lineage, leaf('lineage')],
    [ROOT_LABEL.previous, leaf('previous')],
    [ROOT_LABEL.floors, floors],
    [ROOT_LABEL.revoked, revoked],
    [ROOT_LABEL.profile, { name: 'profile', meaning: nameIn(PROFILES) }],
  ]),
  otherKeys: leaf('extension'),
};

/** A root that is not signed yet: no COSE_Key has both. */
export const isRootDocument = (labels: readonly (number | bigint)[]): boolean =>
  labels.includes(ROOT_LABEL.expires) && labels.includes(ROOT_LABEL.roles);
