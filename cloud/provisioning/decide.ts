/**
 * The decisions of the provisioning service that need no template: who may ask, whose token it is, and whether a thing
 * may have another certificate.
 *
 *   - A token belongs to whoever asked for its certificate, for one hour and for one registration. Asked again with the
 *     same words it gives the same answer, so that a device that lost the answer loses nothing.
 *   - A claim makes things that have no certificate, and the same thing again for the same key. Another key for a thing
 *     that has one would be a takeover, so its template must say that it may (replaceThings), and only among its own things.
 *   - What has been revoked stays out, thing and key, until the operator readmits the thing; what was last switched off
 *     is nobody else's either.
 *   - A device replaces its own certificate and no other's. The old one counts until the new one has connected.
 *
 * AWS IoT knows neither the second nor the third rule; there a claim that is stolen from one device takes over any.
 */
import type { OwnershipToken } from '../store/ownership-tokens.ts';
import type { Certificate } from '../store/certificates.ts';
import { Refusal } from './refusal.ts';
import type { TemplateSettings } from './settings.ts';

/** Who asks. */
export interface Caller {
  /** Of the certificate that it connected with. */
  readonly certificateId: string;
  readonly clientId: string;
  readonly kind: 'claim' | 'device' | 'manufactured';
  /** Of a device. */
  readonly thing?: string;
  /** Of the manufacturer CA that vouched for the device at first. */
  readonly authorityId?: string;
  readonly templates: readonly { readonly name: string; readonly settings: TemplateSettings }[];
}

interface Asking {
  readonly certificate: Certificate | undefined;
  readonly clientId: string;
  /** Those that the certificate may register with. */
  readonly templates: Caller['templates'];
  readonly nowMs: number;
}

/** The certificate is looked at again with each request: the connection may be older than what was decided of it. */
export function expectCaller({ certificate, clientId, templates, nowMs }: Asking): Caller {
  if (!certificate || certificate.status !== 'ACTIVE' || certificate.expiresAtMs <= nowMs)
    throw new Refusal('AccessDenied', 'the certificate of this connection does not count');
  if (templates.length === 0)
    throw new Refusal('AccessDenied', 'the certificate of this connection provisions nothing');
  const { id: certificateId, kind, thing, authorityId } = certificate;
  return {
    certificateId,
    clientId,
    kind,
    templates,
    ...(thing !== undefined && { thing }),
    ...(authorityId !== undefined && { authorityId }),
  };
}

/** @param atOnce how many may wait to be registered */
export function expectRoom(pending: number, atOnce: number): void {
  if (pending < atOnce) return;
  throw new Refusal('Throttling', `${atOnce} certificates of this caller wait to be registered: ask again in an hour`);
}

/** @param others certificates with the same public key */
export function expectCleanKey(others: readonly Certificate[]): void {
  if (others.some(({ status }) => status === 'REVOKED')) throw new Refusal('AccessDenied', 'this key has been revoked');
  if (others.some(({ kind }) => kind === 'claim'))
    throw new Refusal('AccessDenied', 'this key is that of a claim, which many devices share');
}

/**
 * Of a manufacturer's certificate, which registers by itself: ECDSA signs it in two ways, and whoever has one makes the
 * other, so that its id is new says nothing. What was last done with its key does.
 *
 * @param others certificates with the same public key, in the order in which they were made
 */
export function expectKeyOn(others: readonly Certificate[]): void {
  if (others.at(-1)?.status === 'INACTIVE') throw new Refusal('AccessDenied', 'this key has been switched off');
}

interface TokenQuestion {
  readonly token: OwnershipToken | undefined;
  readonly certificate: Certificate | undefined;
  readonly caller: Caller;
  /** SHA-256 of what is asked, in hex. */
  readonly usedFor: string;
  readonly nowMs: number;
}

export type TokenDecision =
  | { readonly kind: 'answered'; readonly answer: string }
  | { readonly kind: 'good'; readonly token: OwnershipToken; readonly certificate: Certificate };

/** To whoever cannot use it, a token that is old, used or another's is one that is not. */
export function decideToken({ token, certificate, caller, usedFor, nowMs }: TokenQuestion): TokenDecision {
  const bad = new Refusal('InvalidCertificateOwnershipToken', 'the certificate ownership token is not valid');
  if (!token || token.principal !== caller.certificateId || token.expiresAtMs <= nowMs) throw bad;
  if (token.used) {
    if (token.used.for !== usedFor) throw bad;
    return { kind: 'answered', answer: token.used.answer };
  }
  if (certificate?.id !== token.certificateId || certificate.status !== 'PENDING_ACTIVATION') throw bad;
  return { kind: 'good', token, certificate };
}

interface ThingQuestion {
  readonly caller: Pick<Caller, 'kind' | 'thing'>;
  readonly thing: string;
  /** The one to be registered. */
  readonly certificate: Pick<Certificate, 'id' | 'keyDigest'>;
  /** All that the thing has had, in the order in which they were made. */
  readonly existing: readonly Certificate[];
  readonly template: { readonly name: string; readonly settings: TemplateSettings };
  readonly nowMs: number;
}

export function expectMayRegister({ caller, thing, certificate, existing, template, nowMs }: ThingQuestion): void {
  if (caller.kind === 'device' && caller.thing !== thing)
    throw new Refusal('AccessDenied', 'a device registers itself and no other thing');
  const others = existing.filter(({ id }) => id !== certificate.id);
  if (others.some(({ status }) => status === 'REVOKED'))
    throw new Refusal('AccessDenied', 'this thing has been revoked: its operator must readmit it');
  if (caller.kind === 'device') return;
  // The newest one, too, where it was switched off: a name is not free by that.
  const counting = others.filter(
    (it) => it.expiresAtMs > nowMs && (it.status === 'ACTIVE' || (it.status === 'INACTIVE' && it === others.at(-1))),
  );
  const mayReplace = ({ templates }: Certificate): boolean =>
    template.settings.replaceThings && templates.includes(template.name);
  if (counting.some((it) => it.keyDigest !== certificate.keyDigest && !mayReplace(it)))
    throw new Refusal('ResourceConflicts', 'this thing has a certificate with another key');
}
