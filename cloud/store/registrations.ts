/** A registration: the thing, its certificate and the token it took, written all or not at all. */
import type { ThingDescription } from '../provisioning/plan-registration.ts';
import {
  type Certificate,
  certificateById,
  type CertificateStatus,
  insertCertificate,
  listCertificates,
  registerCertificate,
} from './certificates.ts';
import { useToken } from './ownership-tokens.ts';
import type { Store } from './store.ts';
import { saveThing, thingDescription } from './things.ts';

export interface RegistrationRecord {
  readonly thing: string;
  readonly certificateId: string;
  readonly status: CertificateStatus;
  readonly template: string;
  /** JSON. */
  readonly policies: string;
  readonly nowMs: number;
  /** Of who asks; left out where a manufacturer's certificate registers itself. */
  readonly principal?: string;
  /** May it, with what certificates the thing has had, and with what became of who asks? Throws where it may not. */
  readonly check: (existing: readonly Certificate[], asking: Certificate | undefined) => void;
  readonly describe: (old: ThingDescription | undefined) => ThingDescription;
  /** That it takes; left out where a manufacturer's certificate registers itself. */
  readonly token?: { readonly digest: string; readonly usedFor: string; readonly answer: string };
  /** Where the certificate itself is new. */
  readonly newCertificate?: Certificate;
}

/**
 * What it is decided by is read in the same transaction: of two that want the same thing at once, the second finds the
 * first one's certificate.
 *
 * @returns false, and nothing is written, where the token has been used meanwhile
 * @throws what `check` and `describe` throw, and nothing is written
 */
export async function commitRegistration(store: Store, record: RegistrationRecord): Promise<boolean> {
  const { thing, certificateId: id, status, template, policies, nowMs, principal, token, newCertificate } = record;
  return store.db.transaction().execute(async (db) => {
    if (token && !(await useToken({ db }, token))) return false;
    const asking = principal === undefined ? undefined : await certificateById({ db }, principal);
    record.check(await listCertificates({ db }, { thing }), asking);
    const description = record.describe(await thingDescription({ db }, thing));
    await saveThing({ db }, { name: thing, description, nowMs });
    if (newCertificate) await insertCertificate({ db }, newCertificate);
    await registerCertificate({ db }, { id, thing, status, template, policies });
    return true;
  });
}
