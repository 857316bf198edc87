/**
 * What the cloud keeps: the tables, and the migrations that make them. The SQL is what SQLite and PostgreSQL share.
 * Times are milliseconds since 1970. A migration that has been released is never changed; add the next one.
 */
import type { Generated, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createIdentityTables, type IdentityTables } from './identity-tables.ts';

export interface Tables extends IdentityTables {
  readonly things: {
    readonly name: string;
    readonly createdAtMs: number;
    /** The next job that the thing was last told of, as `identityOf`; empty where it was told that there is none. */
    readonly announcedJob: string;
    /** JSON of texts by name. */
    readonly attributes: string | null;
    readonly thingType: string | null;
    /** JSON of names. */
    readonly thingGroups: string | null;
  };
  readonly releases: {
    readonly id: string;
    readonly version: string;
    readonly sequence: number;
    readonly vendor: string;
    readonly class: string;
    /** Names, separated by spaces. */
    readonly algorithms: string;
    readonly envelopeDigest: string;
    readonly envelopeBytes: number;
    readonly imageDigest: string;
    readonly imageBytes: number;
    readonly createdAtMs: number;
    /** Name of the signing profile; null where keys were named one by one. */
    readonly profile: string | null;
  };
  readonly streams: {
    readonly id: string;
    readonly version: number;
    readonly description: string;
    readonly createdAtMs: number;
  };
  readonly streamFiles: {
    readonly streamId: string;
    readonly fileId: number;
    /** SHA-256 of the file, in hex: where cloud/store/artifacts.ts has it. */
    readonly digest: string;
    readonly bytes: number;
  };
  readonly campaigns: {
    readonly id: string;
    readonly releaseId: string;
    readonly streamId: string;
    readonly state: string;
    readonly createdAtMs: number;
  };
  readonly executions: {
    /** In the order in which they were queued. */
    readonly ordinal: Generated<number>;
    readonly jobId: string;
    readonly thing: string;
    readonly executionNumber: number;
    readonly streamId: string | null;
    readonly status: string;
    /** JSON. */
    readonly statusDetails: string;
    readonly versionNumber: number;
    readonly queuedAtMs: number;
    readonly startedAtMs: number | null;
    readonly lastUpdatedAtMs: number;
    readonly stepDeadlineMs: number | null;
    /** JSON. */
    readonly document: string;
  };
  /** Whose pending jobs were changed: an outbox, from whichever process made the change to the one that tells things. */
  readonly notices: {
    readonly ordinal: Generated<number>;
    readonly thing: string;
  };
}

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-main-job': { up: createTables },
  '0002-release-profile': { up: addReleaseProfile },
  '0003-identity': { up: createIdentityTables },
};

async function addReleaseProfile(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('releases').addColumn('profile', 'text').execute();
}

async function createTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('things')
    .addColumn('name', 'text', (it) => it.primaryKey())
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .addColumn('announcedJob', 'text', (it) => it.notNull())
    .execute();
  await db.schema
    .createTable('releases')
    .addColumn('id', 'text', (it) => it.primaryKey())
    .addColumn('version', 'text', (it) => it.notNull())
    .addColumn('sequence', 'bigint', (it) => it.notNull())
    .addColumn('vendor', 'text', (it) => it.notNull())
    .addColumn('class', 'text', (it) => it.notNull())
    .addColumn('algorithms', 'text', (it) => it.notNull())
    .addColumn('envelopeDigest', 'text', (it) => it.notNull())
    .addColumn('envelopeBytes', 'bigint', (it) => it.notNull())
    .addColumn('imageDigest', 'text', (it) => it.notNull())
    .addColumn('imageBytes', 'bigint', (it) => it.notNull())
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .execute();
  await createStreamTables(db);
  await createCampaignTables(db);
}

async function createStreamTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('streams')
    .addColumn('id', 'text', (it) => it.primaryKey())
    .addColumn('version', 'integer', (it) => it.notNull())
    .addColumn('description', 'text', (it) => it.notNull())
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .execute();
  await db.schema
    .createTable('streamFiles')
    .addColumn('streamId', 'text', (it) => it.notNull().references('streams.id'))
    .addColumn('fileId', 'integer', (it) => it.notNull())
    .addColumn('digest', 'text', (it) => it.notNull())
    .addColumn('bytes', 'bigint', (it) => it.notNull())
    .addPrimaryKeyConstraint('streamFilesKey', ['streamId', 'fileId'])
    .execute();
}

async function createCampaignTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('campaigns')
    .addColumn('id', 'text', (it) => it.primaryKey())
    .addColumn('releaseId', 'text', (it) => it.notNull().references('releases.id'))
    .addColumn('streamId', 'text', (it) => it.notNull().references('streams.id'))
    .addColumn('state', 'text', (it) => it.notNull())
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .execute();
  await db.schema
    .createTable('executions')
    .addColumn('ordinal', 'integer', (it) => it.primaryKey().autoIncrement())
    .addColumn('jobId', 'text', (it) => it.notNull())
    .addColumn('thing', 'text', (it) => it.notNull().references('things.name'))
    .addColumn('executionNumber', 'bigint', (it) => it.notNull())
    .addColumn('streamId', 'text', (it) => it.references('streams.id'))
    .addColumn('status', 'text', (it) => it.notNull())
    .addColumn('statusDetails', 'text', (it) => it.notNull())
    .addColumn('versionNumber', 'bigint', (it) => it.notNull())
    .addColumn('queuedAtMs', 'bigint', (it) => it.notNull())
    .addColumn('startedAtMs', 'bigint')
    .addColumn('lastUpdatedAtMs', 'bigint', (it) => it.notNull())
    .addColumn('stepDeadlineMs', 'bigint')
    .addColumn('document', 'text', (it) => it.notNull())
    .addUniqueConstraint('executionsKey', ['jobId', 'thing'])
    .execute();
  await db.schema.createIndex('executionsOfThing').on('executions').columns(['thing', 'status']).execute();
  await db.schema.createIndex('executionsByDeadline').on('executions').column('stepDeadlineMs').execute();
  await db.schema
    .createTable('notices')
    .addColumn('ordinal', 'integer', (it) => it.primaryKey().autoIncrement())
    .addColumn('thing', 'text', (it) => it.notNull())
    .execute();
  await db.schema.createIndex('noticesOfThing').on('notices').columns(['thing', 'ordinal']).execute();
}
