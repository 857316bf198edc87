/**
 * Whether an issuer may make this certificate, asked before its key is used: by the rules with which chain.ts will judge
 * the result. A certificate that no verifier would accept is not made.
 */
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { OperatorError } from '../errors.ts';
import { verifyChain } from './chain.ts';
import type { Unsigned } from './unsigned.ts';
import { type AlternativeName, prepareCertificate, type Profile } from './x509.ts';

const DAY_MS = 86_400_000;

export interface IssueRequest {
  readonly profile: Profile;
  readonly subject: string;
  readonly subjectKey: PublicKey;
  /** DER. Absent for a CA that signs itself. */
  readonly issuer?: Uint8Array;
  /** Hex. */
  readonly serialNumber: string;
  readonly nowMs: number;
  readonly days: number;
  readonly pathLength?: number;
  readonly alternativeNames?: readonly AlternativeName[];
}

/**
 * @throws {Rejection} the issuer's certificate is damaged, not current, or not that of a CA
 * @throws {OperatorError} `invalid-name`, `outlives-issuer`, `path-length`
 */
export function planCertificate(request: IssueRequest): Unsigned {
  const { profile, subjectKey, issuer: issuerDer, nowMs, days, ...content } = request;
  const validity = { notBeforeMs: nowMs, notAfterMs: nowMs + days * DAY_MS };
  if (!issuerDer) return prepareCertificate({ profile, subjectKey, ...content, ...validity }, subjectKey);
  const { path } = verifyChain([issuerDer], { roots: [issuerDer], atMs: nowMs, purpose: 'ca' });
  const [issuer] = path;
  if (!issuer) throw new TypeError('verifyChain: expected a path of at least one certificate');
  const { subject: name, notAfterMs, pathLength, spki } = issuer;
  if (validity.notAfterMs > notAfterMs) {
    const left = Math.floor((notAfterMs - nowMs) / DAY_MS);
    throw new OperatorError(
      'outlives-issuer',
      `expected an end before that of the issuer "${name}" (${new Date(notAfterMs).toISOString()}), ` +
        `got ${new Date(validity.notAfterMs).toISOString()}. Use --days ${left} at most, or renew the issuer.`,
    );
  }
  if (profile === 'intermediate' && pathLength !== undefined && (request.pathLength ?? 0) >= pathLength) {
    throw new OperatorError(
      'path-length',
      `"${name}" allows ${pathLength} CA certificates below it: expected a smaller path length here, ` +
        `got ${request.pathLength ?? 0}. Make a leaf instead, or an issuer with a larger --path-length.`,
    );
  }
  return prepareCertificate({ profile, subjectKey, issuer, ...content, ...validity }, decodeSpki(spki, 'issuer'));
}
