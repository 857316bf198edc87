import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import { decodeCertificate } from '../../../cloud/formats/certificate.ts';
import { verifyChain } from '../../../cloud/formats/chain.ts';
import { type IssueRequest, planCertificate } from '../../../cloud/formats/issue.ts';
import { completeCertificate } from '../../../cloud/formats/x509.ts';
import { issue, NOW_MS, YEAR_MS } from '../../support/documents.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { testSigner } from '../../support/signers.ts';

const ca = testSigner('ES256', 1);
const subject = testSigner('ML-DSA-44', 2);
const root = (content = {}): Uint8Array => issue({ to: ca, pathLength: 1, ...content });

const plan = (request: Partial<IssueRequest> = {}) =>
  planCertificate({
    profile: 'leaf',
    subject: 'CN=Signer',
    subjectKey: subject.anchor,
    issuer: root(),
    serialNumber: '40',
    nowMs: NOW_MS,
    days: 100,
    ...request,
  });

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof OperatorError) return error.code;
    throw error;
  }
  return 'nothing';
};

describe('planCertificate', () => {
  it('plans what a verifier of chains accepts', () => {
    const unsigned = plan();
    const leaf = completeCertificate(unsigned.document, ca.sign(unsigned.toBeSigned), ca.anchor);
    const trusted = verifyChain([leaf], { roots: [root()], atMs: NOW_MS, purpose: 'code-signing' });
    expect(trusted.signer).toEqual(subject.anchor);
    expect(unsigned.key).toEqual(ca.anchor);
    expect(decodeCertificate(leaf, 'leaf').notAfterMs).toBe(NOW_MS + 100 * 86_400_000);
  });

  it('lets a CA sign itself', () => {
    const { issuer: _, ...self } = { issuer: undefined, profile: 'ca', subjectKey: ca.anchor } as const;
    const unsigned = planCertificate({ subject: 'CN=Root', serialNumber: '40', nowMs: NOW_MS, days: 1, ...self });
    expect(unsigned.key).toEqual(ca.anchor);
  });

  it('lets an issuer without a path length sign any CA, and one with one a shorter', () => {
    expect(plan({ profile: 'intermediate', issuer: issue({ to: ca }), pathLength: 7 }).format).toBe('certificate');
    expect(plan({ profile: 'intermediate', pathLength: 0 }).format).toBe('certificate');
  });

  it.each<[name: string, request: Partial<IssueRequest>, code: string]>([
    ['a second beyond the issuer', { days: 365 + 1 / 86_400 }, 'outlives-issuer'],
    ['a path as long as the issuer’s', { profile: 'intermediate', pathLength: 1 }, 'path-length'],
    ['a CA below one that allows none', { profile: 'intermediate', issuer: root({ pathLength: 0 }) }, 'path-length'],
    ['no name', { subject: '' }, 'invalid-name'],
  ])('refuses %s', (_name, request, code) => {
    expect(codeOf(() => plan(request))).toBe(code);
  });

  it('takes the last second of the issuer', () => {
    expect(codeOf(() => plan({ days: 365 }))).toBe('nothing');
  });

  it('refuses an issuer that is no CA, or not any more', () => {
    const leaf = issue({ to: subject, by: { signer: ca, certificate: root() } });
    expectRejection(() => plan({ issuer: leaf }), 'certificate-usage');
    expectRejection(() => plan({ nowMs: NOW_MS + 2 * YEAR_MS }), 'not-current');
    expectRejection(() => plan({ issuer: root().slice(1) }), 'not-der');
  });
});
