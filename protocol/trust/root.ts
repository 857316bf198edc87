/**
 * The trust root: the versioned document that says whose signatures count. It is signed by the keys of its own root role
 * and by those of the root before it, so a device walks from the one it was made with to the newest, a step at a time.
 *
 *     trust-root = {
 *       1 => 1,                                ; format
 *       2 => uint,                             ; version: 1, 2, 3 … none left out
 *       3 => -16 / -43 / -44,                  ; hash of every thumbprint and digest below: SHA-256, -384, -512
 *       4 => uint, 5 => uint,                  ; issued, expires: seconds since 1970
 *       6 => [2* role],                        ; "root" and "release" first, then named ones
 *       ? 7 => bstr,                           ; lineage: digest of the first root; absent in that one
 *       ? 8 => bstr,                           ; previous: digest of the root before; absent in the first one
 *       ? 9 => {+ bstr => [uint, uint]},       ; class id => epoch, lowest sequence number
 *       ? 10 => [+ [bstr, 1 / 2]],             ; revoked: thumbprint, retired (1) or compromised (2)
 *       ? 11 => 1,                             ; profile: cnsa-2.0
 *       * nint => any                          ; extensions that a reader may ignore; an unknown uint may not be
 *     }
 *     role   = [tstr, [+ key], [+ entry], ? [[+ entry], uint], ? [+ component-id]]  ; absent window: nil, if prefixes follow
 *     entry  = [algorithm: int, threshold: uint]                 ; all of these; in the window, until a date, any of those
 *     key    = COSE_Key / [algorithm: int, thumbprint: bstr]     ; in full, or only pinned
 *
 * Keys stand inside their role, so each has one purpose as soon as no key stands twice. A digest of a root is that of
 * this document, without its signatures: more of them may come, and keys may travel with them or not.
 *
 * Where the hash changes (to SHA-384, for CNSA 2.0), lineage starts anew from the root before, which `previous` and the
 * bridge's signatures tie to the older ones. At least one of the two roots then has its keys in full: nobody can tell
 * that two pins of different hashes are one key.
 */
import { equalBytes } from '../bytes.ts';
import type { CborValue } from '../cbor/value.ts';
import type { Algorithm, AlgorithmName, PublicKey } from '../cose/algorithms.ts';
import { thumbprintInput } from '../cose/key.ts';
import type { ComponentId } from '../suit/component-id.ts';
import { digestOfImage, SHA_256 } from '../suit/digest.ts';

export { SHA_256 };
export const SHA_384 = -43;
export const SHA_512 = -44;
export const ROOT_HASHES: readonly number[] = [SHA_256, SHA_384, SHA_512];

export const ROOT_ROLE = 'root';
export const RELEASE_ROLE = 'release';

/** A key of a role. Its id is the COSE Key Thumbprint (RFC 9679) under the root's hash. */
export interface RootKey {
  readonly algorithm: Algorithm;
  /** 32, 48 or 64 bytes. */
  readonly keyId: Uint8Array;
  /** Absent where the key is only pinned: it then travels with its signatures, or the device holds it already. */
  readonly publicKey?: Uint8Array;
}

/** So many distinct keys of the role, all of this algorithm. */
export interface Requirement {
  readonly algorithm: AlgorithmName;
  readonly threshold: number;
}

export interface Policy {
  /** Every one of these: two entries are a hybrid. */
  readonly all: readonly Requirement[];
  /** Before this date any one of these will do. Never for the root role: a device may come back after the date. */
  readonly window?: { readonly any: readonly Requirement[]; readonly untilSeconds: number };
}

export interface Role {
  /** `ROOT_ROLE`, `RELEASE_ROLE`, or a name of the operator's. */
  readonly name: string;
  readonly keys: readonly RootKey[];
  readonly policy: Policy;
  /** Only of a named role, which has at least one: components whose id starts so are its own, and nobody else's. */
  readonly prefixes: readonly ComponentId[];
}

/** The lowest sequence number for a class of device. A higher epoch forgets what was installed: it starts anew from here. */
export interface SequenceFloor {
  /** 16 bytes. */
  readonly classId: Uint8Array;
  readonly epoch: number;
  readonly sequenceNumber: number | bigint;
}

/** A compromised key counts for nothing from now on; a retired one for releases until its successor is proven. */
export type RevocationReason = 'retired' | 'compromised';

export interface RevokedKey {
  /** As the root that held the key named it: its hash may be another than this root's. */
  readonly keyId: Uint8Array;
  readonly reason: RevocationReason;
}

/** CNSA 2.0 (FAQ v2.1): signatures of ML-DSA-87 only, digests and thumbprints of SHA-384 or SHA-512. */
export type ProfileName = 'cnsa-2.0';

export interface TrustRoot {
  readonly version: number;
  /** Of `ROOT_HASHES`. */
  readonly hashId: number;
  readonly issuedSeconds: number;
  readonly expiresSeconds: number;
  readonly roles: readonly Role[];
  readonly lineage?: Uint8Array;
  readonly previous?: Uint8Array;
  readonly floors: readonly SequenceFloor[];
  readonly revoked: readonly RevokedKey[];
  readonly profile?: ProfileName;
  /** By negative label; nothing here acts on them. */
  readonly extensions: ReadonlyMap<number, CborValue>;
}

/** Of a root's document: what lineage and previous hold. */
export const rootDigest = (payload: Uint8Array, hashId: number): Uint8Array => digestOfImage(payload, hashId).bytes;

/** The id of a key under a root's hash. */
export const keyIdOf = (key: PublicKey, hashId: number): Uint8Array =>
  digestOfImage(thumbprintInput(key), hashId).bytes;

/** @param form `pinned` leaves the public key out: 2,600 bytes less for ML-DSA-87 */
export function createRootKey(key: PublicKey, hashId: number, form: 'full' | 'pinned' = 'full'): RootKey {
  const { algorithm, publicKey } = key;
  return { algorithm, keyId: keyIdOf(key, hashId), ...(form === 'full' && { publicKey }) };
}

/** @throws {RangeError} where the root has no such role: `decodeTrustRoot` sees to `ROOT_ROLE` and `RELEASE_ROLE` */
export function roleOf({ roles }: TrustRoot, name: string): Role {
  const role = roles.find((it) => it.name === name);
  if (!role) throw new RangeError(`trust root: no role ${JSON.stringify(name)}`);
  return role;
}

export const keysOf = ({ roles }: TrustRoot): readonly RootKey[] => roles.flatMap(({ keys }) => keys);

/** Those that are there in full. */
export const fullKeys = (keys: readonly RootKey[]): readonly PublicKey[] =>
  keys.flatMap(({ algorithm, publicKey }) => (publicKey ? [{ algorithm, publicKey }] : []));

/** Epoch 0 from sequence number 0 on, where the root says nothing of the class. */
export const floorOf = ({ floors }: TrustRoot, classId: Uint8Array): Omit<SequenceFloor, 'classId'> =>
  floors.find((floor) => equalBytes(floor.classId, classId)) ?? { epoch: 0, sequenceNumber: 0 };
