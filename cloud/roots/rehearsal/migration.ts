/**
 * The chain that a fleet of the last decade has before it, with keys that belong to nobody: 15 versions of a root, half a
 * year apart, from ECDSA over hybrid to ML-DSA alone. Each version also replaces a release key; one of them is revoked as
 * compromised. Same seed, same keys; ECDSA and ML-DSA signatures are made anew each time.
 *
 *     versions 1 to 4     root 2 of 3 ES256                        release 2 of 3 ES256
 *     versions 5 to 9     root 2 of 3 ES256 and 2 of 3 ML-DSA-87   release 1 of 2 ES256 and 1 of 2 ML-DSA-65
 *     versions 10 to 15   root 2 of 3 ML-DSA-87                    release 2 of 3 ML-DSA-65
 *
 * A root that retires a key cannot count its signature, so version 10 stops asking for ES256, and version 11 retires the
 * root's ES256 keys.
 */
import { createHash } from 'node:crypto';
import { toHex } from '../../../protocol/bytes.ts';
import { type AlgorithmName, algorithmByName, type VerifySignature } from '../../../protocol/cose/algorithms.ts';
import { advanceRoot, verifyFirstRoot, type VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { encodeTrustRoot } from '../../../protocol/trust/encode-root.ts';
import { isRevoked, isSameKey } from '../../../protocol/trust/revoked.ts';
import {
  createRootKey,
  keysOf,
  RELEASE_ROLE,
  type Requirement,
  type RevokedKey,
  type Role,
  roleOf,
  ROOT_ROLE,
  type RootKey,
  SHA_256,
  type TrustRoot,
} from '../../../protocol/trust/root.ts';
import { encodeSignedRoot, rootToBeSigned } from '../../../protocol/trust/signed-root.ts';
import { planSuccessor } from '../plan-root.ts';
import { derivePublicKey, signWithPrivateKey } from '../private-key.ts';

const MIGRATION_VERSIONS = 15;
/** Half a year before version 8 revokes it, and drops it from the release role. */
const STOLEN_FROM_VERSION = 7;
const STOLEN_KEY = { algorithm: 'ML-DSA-65', name: 'release 8' } as const;

/** 1 January 2026; each root is valid for 18 months. */
const START_SECONDS = 1_767_225_600;
const HALF_YEAR_SECONDS = 182 * 86_400;

/** Fifteen verified roots, of which version 8 calls a key compromised. */
export function createMigration(seed: string, verify: VerifySignature): readonly VerifiedRoot[] {
  const keys = new SeededKeys(seed);
  const chain: VerifiedRoot[] = [];
  for (let version = 1; version <= MIGRATION_VERSIONS; version++) {
    const before = chain.at(-1);
    const root = contentOf(version, before, keys);
    const bytes = keys.sign(root, before ? [before.root, root] : [root]);
    chain.push(before ? advanceRoot(before, bytes, { verify }) : verifyFirstRoot(bytes, { verify }));
  }
  return chain;
}

function contentOf(version: number, before: VerifiedRoot | undefined, keys: SeededKeys): TrustRoot {
  const issuedSeconds = START_SECONDS + (version - 1) * HALF_YEAR_SECONDS;
  const times = { issuedSeconds, expiresSeconds: issuedSeconds + 3 * HALF_YEAR_SECONDS };
  const roles = rolesAt(version, keys);
  if (!before) return { version, hashId: SHA_256, ...times, roles, floors: [], revoked: [], extensions: new Map() };
  const listed = roles.flatMap((role) => role.keys);
  const gone = keysOf(before.root).filter((key) => !listed.some((it) => isSameKey(it, key)));
  const stolen = keys.key(STOLEN_KEY.algorithm, STOLEN_KEY.name);
  const revoked = gone.map((key): RevokedKey => ({
    keyId: key.keyId,
    reason: isSameKey(key, stolen) ? 'compromised' : 'retired',
  }));
  return { ...planSuccessor(before, times), roles, revoked: [...before.root.revoked, ...revoked] };
}

function rolesAt(version: number, keys: SeededKeys): readonly Role[] {
  const named = (algorithm: AlgorithmName, names: readonly string[]): readonly RootKey[] =>
    names.map((name) => keys.key(algorithm, name));
  const rootEs = { algorithm: 'ES256', threshold: 2 } as const;
  const rootMl = { algorithm: 'ML-DSA-87', threshold: 2 } as const;
  const esKeys = named('ES256', ['root 1', 'root 2', 'root 3']);
  const mlKeys = named('ML-DSA-87', ['root 1', 'root 2', 'root 3']);
  const three = [0, 1, 2].map((ahead) => releaseName(version, ahead));
  const two = three.slice(0, 2);
  if (version < HYBRID_FROM_VERSION) {
    const release = roleOfAll(RELEASE_ROLE, [{ algorithm: 'ES256', threshold: 2 }], named('ES256', three));
    return [roleOfAll(ROOT_ROLE, [rootEs], esKeys), release];
  }
  if (version < PQ_ONLY_FROM_VERSION) {
    const both: readonly Requirement[] = [
      { algorithm: 'ES256', threshold: 1 },
      { algorithm: 'ML-DSA-65', threshold: 1 },
    ];
    const release = roleOfAll(RELEASE_ROLE, both, [...named('ES256', two), ...named('ML-DSA-65', two)]);
    return [roleOfAll(ROOT_ROLE, [rootEs, rootMl], [...esKeys, ...mlKeys]), release];
  }
  const release = roleOfAll(RELEASE_ROLE, [{ algorithm: 'ML-DSA-65', threshold: 2 }], named('ML-DSA-65', three));
  return [roleOfAll(ROOT_ROLE, [rootMl], version === PQ_ONLY_FROM_VERSION ? [...esKeys, ...mlKeys] : mlKeys), release];
}

const roleOfAll = (name: string, all: readonly Requirement[], keys: readonly RootKey[]): Role => ({
  name,
  keys,
  policy: { all },
  prefixes: [],
});

const HYBRID_FROM_VERSION = 5;
const PQ_ONLY_FROM_VERSION = 10;

/** A window that moves on by one key a version; what was stolen is replaced. */
function releaseName(version: number, ahead: number): string {
  const name = `release ${version + ahead}`;
  return name === STOLEN_KEY.name && version > STOLEN_FROM_VERSION ? `${name}, again` : name;
}

class SeededKeys {
  readonly #seed: string;
  readonly #keys = new Map<string, { readonly key: RootKey; readonly privateKey: Uint8Array }>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  key(algorithmName: AlgorithmName, name: string): RootKey {
    const id = `${algorithmName} ${name}`;
    const known = this.#keys.get(id);
    if (known) return known.key;
    const algorithm = algorithmByName(algorithmName);
    if (!algorithm) throw new RangeError(algorithmName);
    // As a scalar of P-256 too: below its order but for one seed in 2^32.
    const privateKey = new Uint8Array(createHash('sha256').update(`${this.#seed} ${id}`).digest());
    const key = createRootKey(derivePublicKey(algorithm, privateKey), SHA_256);
    this.#keys.set(id, { key, privateKey });
    return key;
  }

  /** By as few keys as the root role of each of `roots` asks for. */
  sign(root: TrustRoot, roots: readonly TrustRoot[]): Uint8Array {
    const payload = encodeTrustRoot(root);
    const signers = roots.flatMap((it) => {
      const { keys, policy } = roleOf(it, ROOT_ROLE);
      const able = keys.filter((key) => !isRevoked(root.revoked, key));
      return policy.all.flatMap(({ algorithm, threshold }) =>
        able.filter((key) => key.algorithm.name === algorithm).slice(0, threshold),
      );
    });
    const ids = new Map(signers.map((key) => [toHex(key.keyId), key]));
    return encodeSignedRoot(
      payload,
      [...ids.values()].map((signer) => ({
        algorithm: signer.algorithm,
        keyId: signer.keyId,
        signature: this.#signWith(signer, rootToBeSigned(payload, signer)),
      })),
    );
  }

  #signWith(signer: RootKey, message: Uint8Array): Uint8Array {
    const own = [...this.#keys.values()].find(({ key }) => isSameKey(key, signer));
    if (!own) throw new RangeError('migration: a signer that was not made here');
    return signWithPrivateKey(signer.algorithm, own.privateKey, message);
  }
}
