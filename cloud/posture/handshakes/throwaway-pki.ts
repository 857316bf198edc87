/** Two CAs with a certificate each, as the embedded cloud issues them, for handshakes that are only counted. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { decodeSpki } from '../../../protocol/cose/spki.ts';
import type { ServerCredential } from '../../broker/tls-options.ts';
import { planCertificate } from '../../formats/issue.ts';
import { encodePem } from '../../formats/pem.ts';
import { type AlternativeName, completeCertificate } from '../../formats/x509.ts';
import { createAuthority, serialNumberFrom } from '../../identity/authority.ts';
import { fromDerForm } from '../../signing/ecdsa-der.ts';
import type { Signer } from '../../signing/signer.ts';

const GENERATE = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ML-DSA-44': () => generateKeyPairSync('ml-dsa-44'),
  'ML-DSA-65': () => generateKeyPairSync('ml-dsa-65'),
  'ML-DSA-87': () => generateKeyPairSync('ml-dsa-87'),
} as const;

export type CertificateAlgorithm = keyof typeof GENERATE;

export interface ThrowawaySide {
  /** PEM of the CA. */
  readonly ca: string;
  readonly credential: ServerCredential;
  /** Of the certificate in DER: what a handshake sends of it. */
  readonly certificateBytes: number;
}

const DAYS = 3_650;

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const SIDES = {
  server: {
    subject: 'CN=Bristlecone Server',
    alternativeNames: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  },
  device: { subject: 'CN=hub-0001', alternativeNames: [] },
} as const satisfies Record<string, { subject: string; alternativeNames: readonly AlternativeName[] }>;

/** @param nowMs when they begin to be valid */
export async function createSide(
  profile: keyof typeof SIDES,
  algorithm: CertificateAlgorithm,
  nowMs: number,
): Promise<ThrowawaySide> {
  const signer = signerWith(GENERATE[algorithm]());
  const named = { subject: `CN=Throwaway ${profile} CA`, serialNumber: serialNumberFrom(random(16)) };
  const unsigned = planCertificate({
    profile: 'ca',
    subjectKey: signer.key,
    nowMs,
    days: DAYS,
    pathLength: 0,
    ...named,
  });
  const certificate = completeCertificate(unsigned.document, await signer.sign(unsigned.toBeSigned), signer.key);
  const authority = createAuthority({ signer, certificate, random });
  const keys = GENERATE[algorithm]();
  const issued = await authority.issue({
    profile,
    ...SIDES[profile],
    subjectKey: publicKeyOf(keys),
    nowMs,
    days: DAYS,
  });
  return {
    ca: encodePem('CERTIFICATE', certificate),
    credential: {
      certificate: issued.pem,
      privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    },
    certificateBytes: issued.der.length,
  };
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const publicKeyOf = ({ publicKey }: Keys) =>
  decodeSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));

function signerWith(keys: Keys): Signer {
  const key = { ...publicKeyOf(keys), keyArn: 'throwaway' };
  const digest = keys.publicKey.asymmetricKeyType === 'ec' ? 'sha256' : null;
  return {
    key,
    sign: async (message) => {
      const signature = new Uint8Array(sign(digest, message, keys.privateKey));
      return digest === null ? signature : fromDerForm(signature, key.algorithm);
    },
  };
}
