/** Releases: what was signed, and where its bytes are. */
import type { Selectable } from 'kysely';
import { OperatorError } from '../errors.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export interface Release {
  readonly id: string;
  readonly version: string;
  /** The manifest's sequence number, below 2^53. */
  readonly sequence: number;
  readonly vendor: string;
  readonly class: string;
  /** Names of the algorithms that signed, in the order of their signatures. */
  readonly algorithms: readonly string[];
  /** SHA-256 in hex: what cloud/store/artifacts.ts keeps the bytes under. */
  readonly envelopeDigest: string;
  readonly envelopeBytes: number;
  readonly imageDigest: string;
  readonly imageBytes: number;
  readonly createdAtMs: number;
  /** Name of the signing profile that it was made under. */
  readonly profile?: string;
}

/** @throws {OperatorError} `release-exists` */
export async function insertRelease(store: Store, release: Release): Promise<void> {
  const row = { ...release, algorithms: release.algorithms.join(' '), profile: release.profile ?? null };
  const inserted = await store.db
    .insertInto('releases')
    .values(row)
    .onConflict((it) => it.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) {
    throw new OperatorError('release-exists', `there is a release ${release.id} already`);
  }
}

/** The oldest first. */
export async function listReleases(store: Store): Promise<Release[]> {
  const rows = await store.db.selectFrom('releases').selectAll().orderBy('createdAtMs').orderBy('id').execute();
  return rows.map(releaseOf);
}

export async function releaseById(store: Store, id: string): Promise<Release | undefined> {
  const row = await store.db.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst();
  return row && releaseOf(row);
}

const releaseOf = ({ profile, algorithms, ...row }: Selectable<Tables['releases']>): Release => ({
  ...row,
  algorithms: algorithms.split(' '),
  ...(profile !== null && { profile }),
});
