/**
 * The chain of roots that this cloud serves: one file a version in the data folder, never changed, added only at the end.
 *
 *     DATA/roots/root-1.cose, root-2.cose, …
 *
 * A development root (cloud/releases/development-root.ts) gives way to the first root of a ceremony: no signature of its
 * keys could be worth anything to that one. Its chain is kept beside, in DATA/development-roots-….
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { VerifySignature } from '../../protocol/cose/algorithms.ts';
import { Rejection } from '../../protocol/errors.ts';
import { advanceRoot, type VerifiedRoot, verifyFirstRoot } from '../../protocol/trust/advance.ts';
import { isDevelopmentRoot } from '../../protocol/trust/development.ts';
import { describeSeconds } from '../../protocol/trust/diff-roots.ts';
import { decodeSignedRoot } from '../../protocol/trust/signed-root.ts';
import { OperatorError } from '../errors.ts';
import { verifyChain } from './chain.ts';
import { createFile } from './durable-file.ts';

export interface PublishedRoot {
  readonly version: number;
  /** As it was signed: what devices are sent. */
  readonly bytes: Uint8Array;
}

const fileOf = (dataFolder: string, version: number): string => join(dataFolder, 'roots', `root-${version}.cose`);

/**
 * From version 1 on, none left out. They were verified when they were published, and are not verified here.
 *
 * @param dataFolder root of the cloud's data folder
 */
export function publishedRoots(dataFolder: string): readonly PublishedRoot[] {
  const roots: PublishedRoot[] = [];
  for (let version = 1; existsSync(fileOf(dataFolder, version)); version++)
    roots.push({ version, bytes: new Uint8Array(readFileSync(fileOf(dataFolder, version))) });
  return roots;
}

/** What came of the rehearsal of a root (`bristlecone root rehearse`): one line for people. */
export interface Rehearsal {
  readonly safe: boolean;
  readonly summary: string;
}

/** Plays the chain, whose last root is new, on a twin of the fleet. */
export type Rehearse = (chain: readonly VerifiedRoot[]) => Promise<Rehearsal>;

export interface PublishOptions {
  readonly verify: VerifySignature;
  readonly nowSeconds: number;
  readonly rehearse?: Rehearse | undefined;
}

export interface Publication {
  readonly root: VerifiedRoot;
  /** The same root was there before. */
  readonly already: boolean;
  readonly rehearsal: Rehearsal | undefined;
  /** Where the chain of a development root went that this one takes the place of. */
  readonly setAside?: string;
}

/**
 * Behind the chain that is there, once it verifies against it: whole, or not at all.
 *
 * @throws {Rejection} those of verifyFirstRoot, advanceRoot (`root-version-gap`, `root-fork`, `root-not-bridged`, …) and
 *   `root-expired`
 * @throws {OperatorError} `not-rehearsed`: the rehearsal found somebody who would be harmed
 */
export async function publishRoot(
  dataFolder: string,
  bytes: Uint8Array,
  options: PublishOptions,
): Promise<Publication> {
  const published = publishedRoots(dataFolder).map((root) => root.bytes);
  const offered = decodeSignedRoot(bytes).root;
  const { version } = offered;
  const same = published[version - 1];
  const there = published.length === 0 ? [] : verifyChain(published, options);
  const givesWay = there.some(({ root }) => isDevelopmentRoot(root)) && version === 1 && !isDevelopmentRoot(offered);
  const chain = givesWay ? [] : there;
  const newest = chain.at(-1);
  if (same && equalBytes(same, bytes)) {
    const root = chain[version - 1];
    if (root) return { root, already: true, rehearsal: undefined };
  }
  const root = newest ? advanceRoot(newest, bytes, options) : verifyFirst(bytes, options);
  if (root.root.expiresSeconds <= options.nowSeconds)
    throw new Rejection(
      'root-expired',
      'root.expires',
      `expected a time to come, got ${describeSeconds(root.root.expiresSeconds)}`,
    );
  const rehearsal = await options.rehearse?.([...chain, root]);
  if (rehearsal && !rehearsal.safe)
    throw new OperatorError('not-rehearsed', `version ${version} was not published: ${rehearsal.summary}`);
  const [first] = there;
  const setAside = givesWay && first ? setDevelopmentAside(dataFolder, first) : undefined;
  mkdirSync(join(dataFolder, 'roots'), { recursive: true });
  createFile(fileOf(dataFolder, version), bytes);
  return { root, already: false, rehearsal, ...(setAside !== undefined && { setAside }) };
}

function setDevelopmentAside(dataFolder: string, first: VerifiedRoot): string {
  const folder = join(dataFolder, `development-roots-${toHex(first.digest.subarray(0, 8))}`);
  renameSync(join(dataFolder, 'roots'), folder);
  return folder;
}

function verifyFirst(bytes: Uint8Array, options: PublishOptions): VerifiedRoot {
  const root = verifyFirstRoot(bytes, options);
  const { version } = root.root;
  if (version === 1) return root;
  throw new Rejection('root-version-gap', 'root.version', `expected 1 where no root is published yet, got ${version}`);
}
