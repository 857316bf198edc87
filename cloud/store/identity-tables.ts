/** The tables of identity and provisioning: who is known by which certificate, and how a device comes by one. */
import type { Generated, Kysely } from 'kysely';

export interface IdentityTables {
  readonly certificates: {
    /** In the order in which they were made: a later one of a thing replaces the earlier ones. */
    readonly ordinal: Generated<number>;
    /** SHA-256 of the DER, in hex. */
    readonly id: string;
    readonly pem: string;
    /** `device` or `claim`. */
    readonly kind: string;
    readonly status: string;
    /** SHA-256 of the SubjectPublicKeyInfo, in hex. */
    readonly keyDigest: string;
    /** The thing that it stands for, once it is registered. */
    readonly thing: string | null;
    /** Names, separated by spaces: of a claim those that it may provision with, of a device the one it was made by. */
    readonly templates: string;
    /** JSON: the policies that its template named. */
    readonly policies: string;
    /** Of the manufacturer CA that issued it; null: the device CA. */
    readonly authorityId: string | null;
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
    readonly firstConnectedAtMs: number | null;
  };
  readonly ownershipTokens: {
    /** SHA-256 of the token, in hex: the token itself is known to the device alone. */
    readonly digest: string;
    readonly certificateId: string;
    /** Who asked for the certificate: a certificate id, or a client id where there was none. */
    readonly principal: string;
    readonly expiresAtMs: number;
    /** Of the request that it was used for, SHA-256 in hex, and the answer to that, JSON. */
    readonly usedFor: string | null;
    readonly answer: string | null;
  };
  readonly provisioningTemplates: {
    readonly name: string;
    /** JSON, as the operator wrote it. */
    readonly body: string;
    /** JSON: hook, allow-list, rotation and the like. */
    readonly settings: string;
    readonly version: number;
    readonly createdAtMs: number;
    readonly changedAtMs: number;
  };
  readonly allowedValues: {
    readonly template: string;
    readonly value: string;
  };
  /** CAs of manufacturers, whose certificates register themselves. */
  readonly authorities: {
    /** SHA-256 of the DER, in hex. */
    readonly id: string;
    readonly pem: string;
    /** Name of the template that registers its devices; null: they wait for the operator. */
    readonly template: string | null;
    readonly createdAtMs: number;
  };
  /** An outbox: what has changed that a broker must hear of, from whichever process changed it. */
  readonly identityNotices: {
    readonly ordinal: Generated<number>;
    /** Of a certificate that no longer admits anybody; null: the list of authorities. */
    readonly certificateId: string | null;
  };
}

export async function createIdentityTables(db: Kysely<unknown>): Promise<void> {
  await createCertificateTables(db);
  await db.schema
    .createTable('provisioningTemplates')
    .addColumn('name', 'text', (it) => it.primaryKey())
    .addColumn('body', 'text', (it) => it.notNull())
    .addColumn('settings', 'text', (it) => it.notNull())
    .addColumn('version', 'integer', (it) => it.notNull())
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .addColumn('changedAtMs', 'bigint', (it) => it.notNull())
    .execute();
  await db.schema
    .createTable('allowedValues')
    .addColumn('template', 'text', (it) => it.notNull().references('provisioningTemplates.name').onDelete('cascade'))
    .addColumn('value', 'text', (it) => it.notNull())
    .addPrimaryKeyConstraint('allowedValuesKey', ['template', 'value'])
    .execute();
  // Of what a template says about a thing: JSON, text, JSON.
  for (const column of ['attributes', 'thingType', 'thingGroups']) {
    await db.schema.alterTable('things').addColumn(column, 'text').execute();
  }
}

async function createCertificateTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('certificates')
    .addColumn('ordinal', 'integer', (it) => it.primaryKey().autoIncrement())
    .addColumn('id', 'text', (it) => it.notNull().unique())
    .addColumn('pem', 'text', (it) => it.notNull())
    .addColumn('kind', 'text', (it) => it.notNull())
    .addColumn('status', 'text', (it) => it.notNull())
    .addColumn('keyDigest', 'text', (it) => it.notNull())
    .addColumn('thing', 'text', (it) => it.references('things.name'))
    .addColumn('templates', 'text', (it) => it.notNull())
    .addColumn('policies', 'text', (it) => it.notNull())
    .addColumn('authorityId', 'text')
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .addColumn('expiresAtMs', 'bigint', (it) => it.notNull())
    .addColumn('firstConnectedAtMs', 'bigint')
    .execute();
  await db.schema.createIndex('certificatesOfThing').on('certificates').column('thing').execute();
  await db.schema.createIndex('certificatesOfKey').on('certificates').column('keyDigest').execute();
  await db.schema
    .createTable('ownershipTokens')
    .addColumn('digest', 'text', (it) => it.primaryKey())
    .addColumn('certificateId', 'text', (it) => it.notNull())
    .addColumn('principal', 'text', (it) => it.notNull())
    .addColumn('expiresAtMs', 'bigint', (it) => it.notNull())
    .addColumn('usedFor', 'text')
    .addColumn('answer', 'text')
    .execute();
  await db.schema.createIndex('ownershipTokensByExpiry').on('ownershipTokens').column('expiresAtMs').execute();
  await db.schema.createIndex('ownershipTokensOf').on('ownershipTokens').columns(['principal', 'usedFor']).execute();
  await db.schema
    .createTable('authorities')
    .addColumn('id', 'text', (it) => it.primaryKey())
    .addColumn('pem', 'text', (it) => it.notNull())
    .addColumn('template', 'text')
    .addColumn('createdAtMs', 'bigint', (it) => it.notNull())
    .execute();
  await db.schema
    .createTable('identityNotices')
    .addColumn('ordinal', 'integer', (it) => it.primaryKey().autoIncrement())
    .addColumn('certificateId', 'text')
    .execute();
}
