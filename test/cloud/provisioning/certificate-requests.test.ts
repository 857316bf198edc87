/** How a claim gets a certificate: for a key of its own, or with a key. */
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listCertificates, setCertificateStatus } from '../../../cloud/store/certificates.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { expectRefused, KEYS, startWithClaim, waitingIn } from '../../support/provisioning-requests.ts';
import {
  createTestKey,
  CSR,
  csrFor,
  derOf,
  idOf,
  statusOf,
  type TestProvisioning,
} from '../../support/provisioning-service.ts';

let cloud: TestProvisioning;
let claim: string;
beforeEach(async () => {
  ({ cloud, claim } = await startWithClaim());
});
afterEach(() => cloud[Symbol.asyncDispose]());

const waiting = () => waitingIn(cloud);

describe('CreateCertificateFromCsr', () => {
  it.each(['P-256', 'ML-DSA-44'] as const)(
    'certifies a %s key, for a client of TLS, under no name of its choice',
    async (algorithm) => {
      const key = createTestKey(algorithm);
      const { outcome, reply } = await cloud.ask(claim, CSR, {
        certificateSigningRequest: await csrFor(key, 'CN=victim'),
      });
      const certificate = new X509Certificate(reply.certificatePem ?? '');

      expect(outcome).toBe('accepted');
      expect(reply.certificateId).toBe(idOf(reply.certificatePem ?? ''));
      expect(certificate.verify(cloud.deviceCa.certificate.publicKey)).toBe(true);
      expect(certificate.checkPrivateKey(key.privateKey)).toBe(true);
      expect({ subject: certificate.subject, usage: certificate.keyUsage }).toEqual({
        subject: 'CN=Bristlecone Device',
        usage: ['1.3.6.1.5.5.7.3.2'],
      });
      expect(await statusOf(cloud.store, reply.certificateId ?? '')).toBe('PENDING_ACTIVATION');
      expect(await cloud.connect(reply.certificatePem ?? '', 'hub-1')).toMatchObject({ code: 'pending-activation' });
    },
  );

  it('answers in CBOR what is asked in CBOR', async () => {
    const request = { certificateSigningRequest: await csrFor(createTestKey()) };
    const { outcome, reply } = await cloud.ask(claim, { operation: 'create-from-csr', format: 'cbor' }, request);
    expect({ outcome, fields: Object.keys(reply).toSorted() }).toEqual({
      outcome: 'accepted',
      fields: ['certificateId', 'certificateOwnershipToken', 'certificatePem'],
    });
  });

  it('refuses what is no request, and a request that its key has not signed', async () => {
    const good = await csrFor(createTestKey());
    const der = derOf(good);
    der[der.length - 1]! ^= 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toBase64()}\n-----END CERTIFICATE REQUEST-----\n`;
    for (const certificateSigningRequest of [
      '',
      'x',
      forged,
      good.replace('CERTIFICATE REQUEST', 'PUBLIC KEY'),
      good.repeat(40),
    ])
      expectRefused(await cloud.ask(claim, CSR, { certificateSigningRequest }), 'InvalidParameters');
    expectRefused(await cloud.ask(claim, CSR, { certificateSigningRequest: 7 }), 'InvalidParameters');
    expectRefused(await cloud.ask(claim, CSR, utf8('{"certificateSigningRequest')), 'InvalidParameters');
    expectRefused(await cloud.ask(claim, CSR, {}), 'InvalidParameters');
    expect(await waiting()).toBe(0);
  });

  it('refuses a key that AWS IoT does not know and that is not post-quantum', async () => {
    const certificateSigningRequest = await csrFor(createTestKey('ed25519'));
    expectRefused(await cloud.ask(claim, CSR, { certificateSigningRequest }), 'InvalidParameters');
  });

  it('refuses a key that was revoked, whoever asks', async () => {
    const { key, created } = await cloud.provision(claim, {});
    await setCertificateStatus(cloud.store, [created.certificateId], 'REVOKED');
    const again = await cloud.ask(await cloud.claim(), CSR, { certificateSigningRequest: await csrFor(key) });
    expectRefused(again, 'AccessDenied');
  });
});

describe('CreateKeysAndCertificate', () => {
  it('gives a key that belongs to the certificate, and keeps none', async () => {
    for (const format of ['json', 'cbor'] as const) {
      const { outcome, reply } = await cloud.ask(claim, { ...KEYS, format }, new Uint8Array());
      const { privateKey = '', certificatePem = '' } = reply;
      expect(outcome).toBe('accepted');
      const { createPrivateKey } = await import('node:crypto');
      expect(new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
      expect(JSON.stringify(await listCertificates(cloud.store))).not.toContain('PRIVATE KEY');
      expect(JSON.stringify(cloud.log.lines)).not.toContain('PRIVATE KEY');
    }
  });
});
