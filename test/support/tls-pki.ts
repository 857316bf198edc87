/** CAs, certificates and a registry for tests of TLS: real ones, made here and now, with keys of node:crypto. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Authorization, CertificateRegistry } from '../../cloud/identity/registry.ts';
import { decodeCertificate } from '../../cloud/formats/certificate.ts';
import { type CertificateContent, completeCertificate, prepareCertificate } from '../../cloud/formats/x509.ts';
import { fromDerForm } from '../../cloud/signing/ecdsa-der.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';

export type KeyKind = 'P-256' | 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const makeKeys = (kind: KeyKind): Keys => {
  if (kind === 'P-256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return kind === 'ML-DSA-44'
    ? generateKeyPairSync('ml-dsa-44')
    : generateKeyPairSync(kind === 'ML-DSA-65' ? 'ml-dsa-65' : 'ml-dsa-87');
};

const publicKeyOf = ({ publicKey }: Keys) =>
  decodeSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })), 'test');

export interface TestCertificate {
  readonly der: Uint8Array;
  /** SHA-256 of it in hex. */
  readonly id: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

export interface TestCa {
  readonly der: Uint8Array;
  readonly pem: string;
  issue(content: Partial<CertificateContent> & { readonly subject: string }, kind?: KeyKind): TestCertificate;
}

const DAY_MS = 86_400_000;

export function createCa(subject: string, kind: KeyKind = 'P-256', nowMs = Date.now()): TestCa {
  const caKeys = makeKeys(kind);
  const make = (content: Partial<CertificateContent> & { readonly subject: string }, keys: Keys): Uint8Array => {
    const signer = publicKeyOf(caKeys);
    const unsigned = prepareCertificate(
      {
        profile: 'device',
        subjectKey: publicKeyOf(keys),
        serialNumber: `1${randomBytes(8).toString('hex').slice(1)}`,
        notBeforeMs: nowMs - DAY_MS,
        notAfterMs: nowMs + 3_650 * DAY_MS,
        ...content,
      },
      signer,
    );
    const isEcdsa = caKeys.privateKey.asymmetricKeyType === 'ec';
    const signature = new Uint8Array(sign(isEcdsa ? 'sha256' : null, unsigned.toBeSigned, caKeys.privateKey));
    return completeCertificate(
      unsigned.document,
      isEcdsa ? fromDerForm(signature, signer.algorithm) : signature,
      signer,
    );
  };
  const der = make({ profile: 'ca', subject }, caKeys);
  const issuer = decodeCertificate(der, 'test');
  return {
    der,
    pem: toPem(der),
    issue: (content, leafKind = kind) => {
      const keys = makeKeys(leafKind);
      return described(make({ issuer, ...content }, keys), keys);
    },
  };
}

/** Of a device that is its own authority. */
export function selfSignedDevice(subject: string): TestCertificate {
  const keys = makeKeys('P-256');
  const key = publicKeyOf(keys);
  const content = { profile: 'device', subject, subjectKey: key, serialNumber: '11' } as const;
  const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS };
  const unsigned = prepareCertificate({ ...content, ...validity }, key);
  const signature = new Uint8Array(sign('sha256', unsigned.toBeSigned, keys.privateKey));
  return described(completeCertificate(unsigned.document, fromDerForm(signature, key.algorithm), key), keys);
}

const described = (der: Uint8Array, { privateKey }: Keys): TestCertificate => ({
  der,
  id: createHash('sha256').update(der).digest('hex'),
  certificate: toPem(der),
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
});

const toPem = (der: Uint8Array): string => {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
};

/** A server certificate for this machine. */
export const issueServer = (ca: TestCa, kind?: KeyKind): TestCertificate =>
  ca.issue(
    {
      profile: 'server',
      subject: 'CN=localhost',
      alternativeNames: [
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ],
    },
    kind,
  );

export interface TestRegistry extends CertificateRegistry {
  /** What the registry says of a certificate, from now on. */
  set(certificateId: string, answer: Answer): void;
  revoke(certificateId: string): void;
  trust(...authorities: readonly string[]): void;
}

type Answer =
  | { readonly thing: string; readonly templates?: readonly string[] }
  | { readonly claim: readonly string[] };

/** The rules of the real one, without its store. */
export function createRegistry(...trusted: readonly string[]): TestRegistry {
  const answers = new Map<string, Answer>();
  const revoked = new Set<string>();
  const proven = new Set<string>();
  const onRevoked: ((certificateId: string) => void)[] = [];
  const onChanged: (() => void)[] = [];
  let authorities = trusted;
  const judge = (certificateId: string, clientId: string): Authorization => {
    const answer = answers.get(certificateId);
    if (revoked.has(certificateId)) return { kind: 'refused', code: 'revoked', reason: 'the certificate is revoked' };
    if (!answer) return { kind: 'refused', code: 'unknown-certificate', reason: 'the certificate is not registered' };
    if ('claim' in answer) return { kind: 'claim', certificateId, templates: answer.claim };
    if (answer.thing === clientId) {
      proven.add(clientId);
      return { kind: 'device', certificateId, templates: [], ...answer };
    }
    return { kind: 'refused', code: 'wrong-client-id', reason: 'the client id is not the thing of the certificate' };
  };
  return {
    authorizeConnection: async (der, clientId) => judge(createHash('sha256').update(der).digest('hex'), clientId),
    hasProvenItself: async (thing) => proven.has(thing),
    onRevoked: (handler) => void onRevoked.push(handler),
    trustedAuthorities: async () => authorities,
    onAuthoritiesChanged: (handler) => void onChanged.push(handler),
    set: (certificateId, answer) => void answers.set(certificateId, answer),
    revoke: (certificateId) => {
      revoked.add(certificateId);
      for (const handler of onRevoked) handler(certificateId);
    },
    trust: (...changed) => {
      authorities = changed;
      for (const handler of onChanged) handler();
    },
  };
}
