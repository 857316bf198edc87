/** CAs of manufacturers: a device with a certificate of one registers itself when it first connects. */
import { OperatorError } from '../errors.ts';
import { noteAuthorities, setCertificateStatus } from './certificates.ts';
import type { Store } from './store.ts';

export interface ManufacturerAuthority {
  /** SHA-256 of the DER, in hex. */
  readonly id: string;
  readonly pem: string;
  /** What registers its devices; without one they wait for the operator. */
  readonly template?: string;
  readonly createdAtMs: number;
}

/** @throws {OperatorError} `authority-exists` */
export async function insertAuthority(store: Store, { template, ...authority }: ManufacturerAuthority): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('authorities')
      .values({ ...authority, template: template ?? null })
      .onConflict((it) => it.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows !== 1n) {
      throw new OperatorError(
        'authority-exists',
        `the CA ${authority.id} is registered already. Delete it first with \`bristlecone provisioning ca delete\`.`,
      );
    }
    await noteAuthorities({ db });
  });
}

/** The oldest first. */
export async function listAuthorities(store: Store): Promise<ManufacturerAuthority[]> {
  const rows = await store.db.selectFrom('authorities').selectAll().orderBy('createdAtMs').orderBy('id').execute();
  return rows.map(({ template, ...row }) => (template === null ? row : { ...row, template }));
}

/**
 * What it has issued no longer admits anybody, nor what was issued to its devices since.
 * @returns how many certificates that ends
 * @throws {OperatorError} `unknown-authority`
 */
export async function deleteAuthority(store: Store, id: string): Promise<number> {
  return store.db.transaction().execute(async (db) => {
    const { numDeletedRows } = await db.deleteFrom('authorities').where('id', '=', id).executeTakeFirst();
    if (numDeletedRows !== 1n) throw new OperatorError('unknown-authority', `there is no registered CA ${id}`);
    const issued = await db
      .selectFrom('certificates')
      .select('id')
      .where('authorityId', '=', id)
      .where('status', '=', 'ACTIVE')
      .execute();
    await setCertificateStatus(
      { db },
      issued.map((it) => it.id),
      'INACTIVE',
    );
    await noteAuthorities({ db });
    return issued.length;
  });
}
