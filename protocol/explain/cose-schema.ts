/** What the items of COSE structures are called, for people, and how a schema says so. */
import { algorithmById } from '../cose/algorithms.ts';

/** How to read one item. What has no schema is shown as plain diagnostic notation. */
export interface Schema {
  readonly name?: string;
  /** A byte string that holds one encoded item: shown as `<< … >>`. */
  readonly wraps?: Schema;
  readonly tags?: Readonly<Record<number, Schema>>;
  /** Array items by position; `rest` from there on. */
  readonly items?: readonly Schema[];
  readonly rest?: Schema;
  /** Map members by label; `otherKeys` for text keys and labels not listed. */
  readonly members?: ReadonlyMap<number | bigint, Schema>;
  readonly otherKeys?: Schema;
  /** An array of label, argument, label, argument…: a SUIT command sequence. */
  readonly pairs?: ReadonlyMap<number | bigint, Schema>;
  /** What an integer stands for: `ML-DSA-65` for -49. */
  readonly meaning?: (value: number | bigint) => string | undefined;
}

export const leaf = (name: string): Schema => ({ name });

/** What an algorithm id stands for. */
export const algorithmNamed = (id: number | bigint): string | undefined => algorithmById(Number(id))?.name;

export const DIGEST_NAMES: Readonly<Record<number, string>> = {
  [-16]: 'SHA-256',
  [-18]: 'SHAKE128',
  [-43]: 'SHA-384',
  [-44]: 'SHA-512',
  [-45]: 'SHAKE256',
};
export const digest: Schema = {
  items: [{ name: 'algorithm-id', meaning: (id) => DIGEST_NAMES[Number(id)] }, leaf('digest-bytes')],
};
const headers: Schema = {
  members: new Map<number, Schema>([
    [1, { name: 'alg', meaning: algorithmNamed }],
    [2, leaf('crit')],
    [3, leaf('content type')],
    [4, leaf('kid')],
  ]),
};
export const protectedHeaders: Schema = { name: 'protected', wraps: headers };
export const unprotectedHeaders: Schema = { ...headers, name: 'unprotected' };
export const signature = leaf('signature');

export const sign1: Schema = {
  name: 'COSE_Sign1',
  items: [protectedHeaders, unprotectedHeaders, leaf('payload'), signature],
};
const signers: Schema = { rest: { name: 'COSE_Signature', items: [protectedHeaders, unprotectedHeaders, signature] } };
export const sign: Schema = {
  name: 'COSE_Sign',
  items: [protectedHeaders, unprotectedHeaders, leaf('payload'), { ...signers, name: 'signatures' }],
};
export const coseKey: Schema = {
  name: 'COSE_Key',
  members: new Map<number, Schema>([
    [1, { name: 'kty', meaning: (kty) => ({ 1: 'OKP', 2: 'EC2', 7: 'AKP' })[Number(kty)] }],
    [2, leaf('kid')],
    [3, { name: 'alg', meaning: algorithmNamed }],
    [-1, leaf('crv or pub')],
    [-2, leaf('x or priv')],
    [-3, leaf('y')],
  ]),
};
