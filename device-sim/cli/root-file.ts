/** The trust root that a device is made with: from a file, for keys that somebody names, or as the operator ordered. */
import { UsageError } from '../../command-line.ts';
import { toHex } from '../../protocol/bytes.ts';
import { type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { isDevelopmentRoot } from '../../protocol/trust/development.ts';
import { describeSeconds } from '../../protocol/trust/diff-roots.ts';
import { RELEASE_ROLE, roleOf, type RootKey } from '../../protocol/trust/root.ts';
import { createDevelopmentRoot } from '../development-root.ts';
import { verifyWithOpenSsl } from '../hardware/native-verifier.ts';
import { asUsage, parseAlgorithms, readAnchors, readBytes } from './files.ts';

export interface RootOptions {
  readonly root?: string;
  readonly anchor?: readonly string[];
  readonly require?: string;
}

/** @throws {UsageError} where the options contradict each other, or the file holds no root */
export function rootFrom(options: RootOptions, nowMs: number): VerifiedRoot | undefined {
  if (options.root !== undefined) {
    if (options.anchor) throw new UsageError('expected one of --root and --anchor, got both');
    if (options.require !== undefined) throw new UsageError('--require: the root of --root says who must have signed');
    return readRoot(options.root);
  }
  if (!options.anchor) return undefined;
  const releaseKeys = readAnchors(options.anchor);
  const requiredAlgorithms = parseAlgorithms(options.require);
  const issuedSeconds = Math.floor(nowMs / 1000);
  return asUsage(() => createDevelopmentRoot({ releaseKeys, requiredAlgorithms, issuedSeconds }));
}

/** @throws {UsageError} where the file holds no root that its own keys have signed */
export const readRoot = (file: string): VerifiedRoot =>
  asUsage(() => verifyFirstRoot(readBytes(file), { verify: verifyWithOpenSsl }));

/** For `--json`. */
export function summaryOfRoot(verified: VerifiedRoot) {
  const { root, digest, bytes } = verified;
  const { keys, policy } = roleOf(root, RELEASE_ROLE);
  return {
    version: root.version,
    digest: toHex(digest),
    bytes: bytes.length,
    expires: describeSeconds(root.expiresSeconds),
    development: isDevelopmentRoot(root),
    releaseKeys: keys.map(({ algorithm, keyId }) => ({ algorithm: algorithm.name, keyId: toHex(keyId) })),
    releasePolicy: policy.all,
  };
}

/** `development root 1: releases need 1 of ES256 3f9a…` */
export function describeRoot({ root }: VerifiedRoot): string {
  const { keys, policy } = roleOf(root, RELEASE_ROLE);
  const name = isDevelopmentRoot(root) ? 'development root' : 'trust root';
  const needs = policy.all.map(({ algorithm, threshold }) => {
    const own = keys.filter((key) => key.algorithm.name === algorithm);
    return `${threshold} of ${own.map(describeKey).join(', ')}`;
  });
  return `${name} ${root.version}: releases need ${needs.join(' and ')}`;
}

const describeKey = ({ algorithm, keyId }: RootKey): string => `${algorithm.name} key ${toHex(keyId.subarray(0, 8))}…`;
