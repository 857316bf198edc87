/** A CA in memory that certifies what a device asks for, as a cloud would. */
// oxlint-disable-next-line import/no-unassigned-import -- it changes the global Reflect, which @peculiar/x509 needs
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  X509CertificateGenerator,
} from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const CA_NAME = 'CN=Test Device CA';

export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  /** AWS's certificate id: SHA-256 of the DER, in hex. */
  readonly id: string;
}

export interface Lifetime {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export class DeviceCa {
  readonly #keys: webcrypto.CryptoKeyPair;
  #serial = 0;

  private constructor(keys: webcrypto.CryptoKeyPair) {
    this.#keys = keys;
  }

  static async create(): Promise<DeviceCa> {
    return new DeviceCa(await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']));
  }

  /** @param request PKCS #10 in DER; its signature is checked */
  async certify(request: Uint8Array, { notBefore, notAfter }: Lifetime = {}): Promise<IssuedCertificate> {
    const csr = new Pkcs10CertificateRequest(new Uint8Array(request));
    if (!(await csr.verify())) throw new Error('the request is not signed by its key');
    this.#serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(4, '0'),
      subject: csr.subject,
      issuer: CA_NAME,
      ...(notBefore && { notBefore }),
      ...(notAfter && { notAfter }),
      publicKey: csr.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: P256,
      extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
    });
    const der = new Uint8Array(certificate.rawData);
    return { der, pem: certificate.toString('pem'), id: createHash('sha256').update(der).digest('hex') };
  }
}

/** `CN=hub-1` of a PKCS #10 in DER. */
export const subjectOf = (request: Uint8Array): string => new Pkcs10CertificateRequest(new Uint8Array(request)).subject;
