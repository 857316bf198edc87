/** Certificates: which there are, what thing each stands for, and whether it counts. */
import type { Insertable, Selectable } from 'kysely';
import { Unavailable } from '../errors.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

/** AWS IoT: PENDING_ACTIVATION → ACTIVE ⇄ INACTIVE, and REVOKED for good. Only ACTIVE admits anybody. */
export const CERTIFICATE_STATUSES = ['PENDING_ACTIVATION', 'ACTIVE', 'INACTIVE', 'REVOKED'] as const;

export type CertificateStatus = (typeof CERTIFICATE_STATUSES)[number];

export interface Certificate {
  /** SHA-256 of the DER, in hex. */
  readonly id: string;
  readonly pem: string;
  /** A claim is a credential that many devices share, to provision themselves with. */
  readonly kind: 'device' | 'claim';
  readonly status: CertificateStatus;
  /** SHA-256 of the SubjectPublicKeyInfo, in hex. */
  readonly keyDigest: string;
  readonly thing?: string;
  /** Of a claim those that it may provision with; of a device the one that registered it. */
  readonly templates: readonly string[];
  /** JSON. What its template named; this broker holds every device to its own topics, whatever they say. */
  readonly policies: string;
  /** Of the manufacturer CA that issued it, or the one before it; without one it is the device CA alone. */
  readonly authorityId?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly firstConnectedAtMs?: number;
}

type Database = Pick<Store, 'db'>;

export async function insertCertificate({ db }: Database, certificate: Certificate): Promise<void> {
  await db.insertInto('certificates').values(rowOf(certificate)).execute();
}

export async function certificateById({ db }: Database, id: string): Promise<Certificate | undefined> {
  const row = await db.selectFrom('certificates').selectAll().where('id', '=', id).executeTakeFirst();
  return row && certificateOf(row);
}

/** Of the public key whose digest this is, in the order in which they were made. */
export async function certificatesOfKey({ db }: Database, keyDigest: string): Promise<Certificate[]> {
  const query = db.selectFrom('certificates').selectAll().where('keyDigest', '=', keyDigest).orderBy('ordinal');
  return (await query.execute()).map(certificateOf);
}

/** In the order in which they were made. */
export async function listCertificates(
  { db }: Database,
  { thing, kind }: { readonly thing?: string | undefined; readonly kind?: Certificate['kind'] } = {},
): Promise<Certificate[]> {
  let query = db.selectFrom('certificates').selectAll().orderBy('ordinal');
  if (thing !== undefined) query = query.where('thing', '=', thing);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  return (await query.execute()).map(certificateOf);
}

/** Of those of `ids`, with what stops admitting told to the brokers. REVOKED is for good. */
export async function setCertificateStatus(
  { db }: Database,
  ids: readonly string[],
  status: CertificateStatus,
): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('certificates')
    .set({ status })
    .where('id', 'in', ids)
    .where('status', '!=', 'REVOKED')
    .execute();
  if (status !== 'ACTIVE') await noteCertificates({ db }, ids);
}

/**
 * For good, and with every other certificate of their keys: one key may stand in several.
 * @returns all of them
 */
export async function revokeCertificates({ db }: Database, ids: readonly string[]): Promise<readonly string[]> {
  const keys = db.selectFrom('certificates').select('keyDigest').where('id', 'in', ids);
  const rows = await db.selectFrom('certificates').select('id').where('keyDigest', 'in', keys).execute();
  const all = rows.map(({ id }) => id);
  await setCertificateStatus({ db }, all, 'REVOKED');
  return all;
}

/**
 * A registered certificate is what its template says: of this thing, and of this status.
 * @throws {Unavailable} where it was revoked or deleted meanwhile
 */
export async function registerCertificate(
  { db }: Database,
  {
    id,
    thing,
    status,
    template,
    policies,
  }: {
    readonly id: string;
    readonly thing: string;
    readonly status: CertificateStatus;
    readonly template: string;
    readonly policies: string;
  },
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ thing, status, templates: template, policies })
    .where('id', '=', id)
    .where('status', '!=', 'REVOKED')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new Unavailable(`the certificate ${id} was revoked or deleted meanwhile`);
}

/**
 * Whoever connects for the first time has made its new certificate its own: those of the thing that were made before end
 * here. Not sooner, since a device that lost the answer has only its old one.
 */
export async function noteFirstConnection(store: Store, { id, thing }: Certificate, nowMs: number): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    const noted = await db
      .updateTable('certificates')
      .set({ firstConnectedAtMs: nowMs })
      .where('id', '=', id)
      .where('firstConnectedAtMs', 'is', null)
      .returning('ordinal')
      .executeTakeFirst();
    if (!noted || thing === undefined) return;
    const replaced = await db
      .selectFrom('certificates')
      .select('id')
      .where('thing', '=', thing)
      .where('ordinal', '<', noted.ordinal)
      .where('status', '=', 'ACTIVE')
      .execute();
    await setCertificateStatus(
      { db },
      replaced.map((it) => it.id),
      'INACTIVE',
    );
  });
}

/** Into the outbox: the brokers cut what is connected with these. */
async function noteCertificates({ db }: Database, ids: readonly string[]): Promise<void> {
  await db
    .insertInto('identityNotices')
    .values(ids.map((certificateId) => ({ certificateId })))
    .execute();
}

/** The list of authorities has changed. */
export async function noteAuthorities({ db }: Database): Promise<void> {
  await db.insertInto('identityNotices').values({ certificateId: null }).execute();
}

export interface IdentityNotice {
  readonly ordinal: number;
  readonly certificateId: string | null;
}

export const takeIdentityNotices = ({ db }: Database): Promise<IdentityNotice[]> =>
  db.selectFrom('identityNotices').selectAll().orderBy('ordinal').execute();

export async function dropIdentityNotices({ db }: Database, upTo: number): Promise<void> {
  await db.deleteFrom('identityNotices').where('ordinal', '<=', upTo).execute();
}

const rowOf = (it: Certificate): Insertable<Tables['certificates']> => ({
  id: it.id,
  pem: it.pem,
  kind: it.kind,
  status: it.status,
  keyDigest: it.keyDigest,
  thing: it.thing ?? null,
  templates: it.templates.join(' '),
  policies: it.policies,
  authorityId: it.authorityId ?? null,
  createdAtMs: it.createdAtMs,
  expiresAtMs: it.expiresAtMs,
  firstConnectedAtMs: it.firstConnectedAtMs ?? null,
});

const certificateOf = (row: Selectable<Tables['certificates']>): Certificate => ({
  id: row.id,
  pem: row.pem,
  kind: row.kind === 'claim' ? 'claim' : 'device',
  status: CERTIFICATE_STATUSES.find((it) => it === row.status) ?? 'REVOKED',
  keyDigest: row.keyDigest,
  ...(row.thing !== null && { thing: row.thing }),
  templates: row.templates.split(' ').filter((it) => it !== ''),
  policies: row.policies,
  ...(row.authorityId !== null && { authorityId: row.authorityId }),
  createdAtMs: row.createdAtMs,
  expiresAtMs: row.expiresAtMs,
  ...(row.firstConnectedAtMs !== null && { firstConnectedAtMs: row.firstConnectedAtMs }),
});
