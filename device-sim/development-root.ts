/**
 * A trust root for trying out, made here and now for the keys that somebody names: it says whose releases count, its root
 * keys sign it once and are gone, so no other root will ever follow it. What devices in the field are made with comes out
 * of a ceremony (`bristlecone root`).
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { AlgorithmName, PublicKey } from '../protocol/cose/algorithms.ts';
import { decodeSpki } from '../protocol/cose/spki.ts';
import { type VerifiedRoot, verifyFirstRoot } from '../protocol/trust/advance.ts';
import { DEVELOPMENT } from '../protocol/trust/development.ts';
import { encodeTrustRoot } from '../protocol/trust/encode-root.ts';
import { createRootKey, RELEASE_ROLE, type Requirement, ROOT_ROLE, SHA_256 } from '../protocol/trust/root.ts';
import { encodeSignedRoot, type RootSignature, rootToBeSigned } from '../protocol/trust/signed-root.ts';
import { verifyWithOpenSsl } from './hardware/native-verifier.ts';

export interface DevelopmentRoot {
  readonly releaseKeys: readonly PublicKey[];
  /** All of them must sign a release; none named: one key of each algorithm. */
  readonly requiredAlgorithms: readonly AlgorithmName[];
  readonly issuedSeconds: number;
}

const ROOT_KEYS = 2;
const LIFETIME_SECONDS = 20 * 365 * 24 * 3_600;

/** @throws {Rejection} `threshold-unreachable`: no key of an algorithm that is required; those of verifyFirstRoot */
export function createDevelopmentRoot({
  releaseKeys,
  requiredAlgorithms,
  issuedSeconds,
}: DevelopmentRoot): VerifiedRoot {
  const signers = Array.from({ length: ROOT_KEYS }, oneTimeSigner);
  const rootKeys = signers.map(({ key }) => createRootKey(key, SHA_256));
  const algorithms = releaseKeys.map(({ algorithm }) => algorithm.name);
  const payload = encodeTrustRoot({
    version: 1,
    hashId: SHA_256,
    issuedSeconds,
    expiresSeconds: issuedSeconds + LIFETIME_SECONDS,
    roles: [
      { name: ROOT_ROLE, keys: rootKeys, policy: { all: oneOfEach(['ML-DSA-44']) }, prefixes: [] },
      {
        name: RELEASE_ROLE,
        keys: releaseKeys.map((key) => createRootKey(key, SHA_256)),
        policy: { all: oneOfEach(requiredAlgorithms.length > 0 ? requiredAlgorithms : algorithms) },
        prefixes: [],
      },
    ],
    floors: [],
    revoked: [],
    extensions: DEVELOPMENT,
  });
  const signatures = signers.map(({ key, signBytes }, i): RootSignature => {
    const signer = { algorithm: key.algorithm, keyId: rootKeys[i]!.keyId };
    return { ...signer, signature: signBytes(rootToBeSigned(payload, signer)) };
  });
  return verifyFirstRoot(encodeSignedRoot(payload, signatures), { verify: verifyWithOpenSsl });
}

const oneOfEach = (algorithms: readonly AlgorithmName[]): readonly Requirement[] =>
  [...new Set(algorithms)].map((algorithm) => ({ algorithm, threshold: 1 }));

function oneTimeSigner(): { readonly key: PublicKey; readonly signBytes: (message: Uint8Array) => Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ml-dsa-44');
  const key = decodeSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  return { key, signBytes: (message) => new Uint8Array(sign(null, message, privateKey)) };
}
