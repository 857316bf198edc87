/** Whether a certificate admits who holds it, as a function of what the store says of it. */
import type { Certificate, CertificateStatus } from '../store/certificates.ts';
import type { Authorization, ConnectionRefusal, RefusedConnection } from './registry.ts';

const REFUSED: Readonly<Record<Exclude<CertificateStatus, 'ACTIVE'>, readonly [ConnectionRefusal, string]>> = {
  PENDING_ACTIVATION: ['pending-activation', 'the certificate has not been registered yet'],
  INACTIVE: ['inactive', 'the certificate is switched off, or another has replaced it'],
  REVOKED: ['revoked', 'the certificate has been revoked'],
};

interface Situation {
  /** Undefined where nobody knows it. */
  readonly certificate: Certificate | undefined;
  readonly clientId: string;
  /** Those that the certificate may register with. */
  readonly templates: readonly string[];
  readonly nowMs: number;
}

export function decideConnection({ certificate, clientId, templates, nowMs }: Situation): Authorization {
  if (!certificate) return refused('unknown-certificate', 'nobody has registered this certificate');
  const { id: certificateId, status, kind, thing, expiresAtMs } = certificate;
  if (status !== 'ACTIVE') return refused(...REFUSED[status]);
  if (expiresAtMs <= nowMs) return refused('expired', 'the certificate has expired');
  if (kind === 'claim') return { kind, certificateId, templates };
  if (thing === undefined) return refused('not-attached', 'the certificate is attached to no thing');
  if (thing !== clientId)
    return refused('wrong-client-id', `the certificate is that of ${thing}, not of its client id`);
  return { kind, certificateId, thing, templates };
}

export const refused = (code: ConnectionRefusal, reason: string): RefusedConnection => ({
  kind: 'refused',
  code,
  reason,
});
