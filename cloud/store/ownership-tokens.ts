/** Ownership tokens: who asked for a certificate that no thing has yet. A token is kept as its digest alone. */
import { insertCertificate, type Certificate } from './certificates.ts';
import type { Store } from './store.ts';

export interface OwnershipToken {
  /** SHA-256 of the token, in hex. */
  readonly digest: string;
  readonly certificateId: string;
  /** Who asked: see principalName in cloud/provisioning. */
  readonly principal: string;
  readonly expiresAtMs: number;
  /** What it was used for, and the answer that was given to that. */
  readonly used?: { readonly for: string; readonly answer: string };
}

/** The certificate that waits, and the token that it can be registered with: both or none. */
export async function insertPending(store: Store, certificate: Certificate, token: OwnershipToken): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    await insertCertificate({ db }, certificate);
    await db
      .insertInto('ownershipTokens')
      .values({
        digest: token.digest,
        certificateId: token.certificateId,
        principal: token.principal,
        expiresAtMs: token.expiresAtMs,
        usedFor: null,
        answer: null,
      })
      .execute();
  });
}

export async function tokenByDigest(store: Pick<Store, 'db'>, digest: string): Promise<OwnershipToken | undefined> {
  const row = await store.db.selectFrom('ownershipTokens').selectAll().where('digest', '=', digest).executeTakeFirst();
  if (!row) return undefined;
  const { usedFor, answer, ...token } = row;
  return usedFor === null || answer === null ? token : { ...token, used: { for: usedFor, answer } };
}

/** @returns whether it had not been used before */
export async function useToken(
  store: Pick<Store, 'db'>,
  { digest, usedFor, answer }: { readonly digest: string; readonly usedFor: string; readonly answer: string },
): Promise<boolean> {
  const { numUpdatedRows } = await store.db
    .updateTable('ownershipTokens')
    .set({ usedFor, answer })
    .where('digest', '=', digest)
    .where('usedFor', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** How many certificates of this principal wait to be registered. */
export async function countPending(store: Store, principal: string): Promise<number> {
  const row = await store.db
    .selectFrom('ownershipTokens')
    .select((it) => it.fn.countAll<number>().as('count'))
    .where('principal', '=', principal)
    .where('usedFor', 'is', null)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Tokens that have run out, and the certificates that were never registered with them. @returns how many certificates */
export async function deleteExpired(store: Store, nowMs: number): Promise<number> {
  return store.db.transaction().execute(async (db) => {
    const expired = db.selectFrom('ownershipTokens').where('expiresAtMs', '<=', nowMs);
    const { numDeletedRows } = await db
      .deleteFrom('certificates')
      .where('id', 'in', expired.select('certificateId').where('usedFor', 'is', null))
      .where('status', '=', 'PENDING_ACTIVATION')
      .executeTakeFirst();
    await db.deleteFrom('ownershipTokens').where('expiresAtMs', '<=', nowMs).execute();
    return Number(numDeletedRows);
  });
}
