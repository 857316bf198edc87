/** What an operator decides about one device by hand: to let it in, or to let it come back. */
import { type Certificate, registerCertificate } from './certificates.ts';
import { OperatorError } from '../errors.ts';
import type { Store } from './store.ts';
import { rememberThings } from './things.ts';

/** @throws {OperatorError} `revoked`, `other-thing` */
export async function activateFor(
  store: Store,
  { certificate, thing, nowMs }: { readonly certificate: Certificate; readonly thing: string; readonly nowMs: number },
): Promise<void> {
  const { id, status, kind, policies, templates } = certificate;
  if (status === 'REVOKED') throw new OperatorError('revoked', `${id} has been revoked, which is for good`);
  if (kind === 'claim') throw new OperatorError('other-thing', `${id} is a claim, which stands for no thing`);
  await store.db.transaction().execute(async (db) => {
    await rememberThings({ db }, [thing], nowMs);
    await registerCertificate({ db }, { id, thing, status: 'ACTIVE', template: templates.join(' '), policies });
  });
}

/** Its revoked certificates stand for it no longer; they and their keys stay revoked. @returns how many */
export async function readmitThing({ db }: Pick<Store, 'db'>, thing: string): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ thing: null })
    .where('thing', '=', thing)
    .where('status', '=', 'REVOKED')
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
