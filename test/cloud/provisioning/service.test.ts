import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  certificateById,
  listCertificates,
  revokeCertificates,
  setCertificateStatus,
} from '../../../cloud/store/certificates.ts';
import { readmitThing } from '../../../cloud/store/admissions.ts';
import { thingDescription } from '../../../cloud/store/things.ts';
import type { ProvisioningErrorCode } from '../../../protocol/aws-iot/provisioning.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import {
  type Asked,
  createTestKey,
  CSR,
  csrFor,
  derOf,
  HOUR_MS,
  idOf,
  registerTo,
  startTestProvisioning,
  statusOf,
  type TestProvisioning,
} from '../../support/provisioning-service.ts';

let cloud: TestProvisioning;
let claim: string;
beforeEach(async () => {
  cloud = await startTestProvisioning();
  claim = await cloud.claim();
});
afterEach(() => cloud[Symbol.asyncDispose]());

const KEYS = { operation: 'create-keys', format: 'json' } as const;

function expectRefused({ outcome, reply }: Asked, errorCode: ProvisioningErrorCode): void {
  expect({ outcome, errorCode: reply.errorCode }).toEqual({ outcome: 'rejected', errorCode });
  expect(Object.keys(reply).toSorted()).toEqual(['errorCode', 'errorMessage', 'statusCode']);
}

const waiting = async () =>
  (await listCertificates(cloud.store)).filter(({ status }) => status === 'PENDING_ACTIVATION').length;

const create = async (by = claim, key = createTestKey()) =>
  (await cloud.ask(by, CSR, { certificateSigningRequest: await csrFor(key) })).reply;

const register = (token: string | undefined, parameters = { SerialNumber: 'hub-1' }, by = claim) =>
  cloud.ask(by, registerTo(), { certificateOwnershipToken: token ?? '', parameters });

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

describe('RegisterThing', () => {
  it('makes the thing, and the certificate admits it and nobody else', async () => {
    const { created, registered } = await cloud.provision(claim, {});
    expect(registered).toEqual({ outcome: 'accepted', reply: { thingName: 'hub-1', deviceConfiguration: {} } });
    expect(await certificateById(cloud.store, created.certificateId)).toMatchObject({
      status: 'ACTIVE',
      thing: 'hub-1',
    });
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toEqual({
      kind: 'device',
      certificateId: created.certificateId,
      thing: 'hub-1',
      templates: ['hubs'],
    });
    expect(await cloud.connect(created.certificatePem, 'hub-2')).toMatchObject({ code: 'wrong-client-id' });
  });

  it('refuses an empty token as AWS does', async () => {
    const refused = await cloud.ask(claim, registerTo(), { parameters: {} });
    expect(refused.reply).toEqual({
      statusCode: 400,
      errorCode: 'InvalidCertificateOwnershipToken',
      errorMessage: 'Certificate ownership token cannot be empty.',
    });
  });

  it('takes a token once; said again in the same words it gets the same answer, and changes nothing', async () => {
    const { certificateOwnershipToken: token, certificateId } = await create();
    const first = await register(token);
    expect(await register(token)).toEqual(first);
    expectRefused(await register(token, { SerialNumber: 'hub-2' }), 'InvalidCertificateOwnershipToken');
    expect(await thingDescription(cloud.store, 'hub-2')).toBeUndefined();
    await setCertificateStatus(cloud.store, [certificateId ?? ''], 'INACTIVE');
    expect(await register(token)).toEqual(first);
    expect(await statusOf(cloud.store, certificateId ?? '')).toBe('INACTIVE');
  });

  it('registers once where two requests come at the same time', async () => {
    const { certificateOwnershipToken: token } = await create();
    const answers = await Promise.all([register(token), register(token, { SerialNumber: 'hub-2' }), register(token)]);
    const names = answers.filter(({ outcome }) => outcome === 'accepted').map(({ reply }) => reply.thingName);
    expect(new Set(names).size).toBe(1);
    const registered = (await listCertificates(cloud.store)).filter(({ thing }) => thing !== undefined);
    expect(registered.map(({ thing }) => thing)).toEqual([names[0]]);
  });

  it('takes a token from nobody but who asked for its certificate', async () => {
    const other = await cloud.claim();
    const { certificateOwnershipToken: token } = await create();
    expectRefused(await register(token, undefined, other), 'InvalidCertificateOwnershipToken');
    expect(await register(token)).toMatchObject({ outcome: 'accepted' });
    expectRefused(await register(token, undefined, other), 'InvalidCertificateOwnershipToken');
  });

  it('takes a token for an hour; then the certificate is deleted', async () => {
    const late = await create();
    const inTime = await create();
    const byHand = await create();
    cloud.clock.nowMs += HOUR_MS - 1;
    expect(await register(inTime.certificateOwnershipToken)).toMatchObject({ outcome: 'accepted' });
    cloud.clock.nowMs += 1;
    expectRefused(await register(late.certificateOwnershipToken), 'InvalidCertificateOwnershipToken');
    await setCertificateStatus(cloud.store, [byHand.certificateId ?? ''], 'ACTIVE');
    await cloud.service.tick();
    expect(await statusOf(cloud.store, byHand.certificateId ?? '')).toBe('ACTIVE');
    expect(await certificateById(cloud.store, late.certificateId ?? '')).toBeUndefined();
    expect(await cloud.connect(late.certificatePem ?? '', 'hub-1')).toMatchObject({ code: 'unknown-certificate' });
    expect(await statusOf(cloud.store, inTime.certificateId ?? '')).toBe('ACTIVE');
    expectRefused(await register(inTime.certificateOwnershipToken), 'InvalidCertificateOwnershipToken');
  });

  it('refuses what no device may say, and what the template cannot do without', async () => {
    const { certificateOwnershipToken: token } = await create();
    const other = await create();
    const named = { SerialNumber: 'hub-1', 'AWS::IoT::Certificate::Id': other.certificateId ?? '' };
    expectRefused(await register(token, named), 'InvalidParameters');
    expectRefused(
      await cloud.ask(claim, registerTo(), { certificateOwnershipToken: token ?? '' }),
      'InvalidParameters',
    );
    expectRefused(await register(token, { SerialNumber: 'a/b' }), 'InvalidParameters');
    expectRefused(await register(token, { SerialNumber: '' }), 'InvalidParameters');
    expect(await waiting()).toBe(2);
    expect(await register(token)).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a claim', () => {
  it('registers with its own templates, while they are enabled', async () => {
    await cloud.put('others');
    const { certificateOwnershipToken: token } = await create();
    const request = { certificateOwnershipToken: token ?? '', parameters: { SerialNumber: 'hub-1' } };
    expectRefused(await cloud.ask(claim, registerTo('others'), request), 'AccessDenied');
    expectRefused(await cloud.ask(claim, registerTo('nowhere'), request), 'AccessDenied');
    await cloud.put('hubs', { enabled: false });
    expectRefused(await cloud.ask(claim, registerTo(), request), 'AccessDenied');
  });

  it('is nobody without a certificate, with an unknown one, when revoked, and when expired', async () => {
    expectRefused(await cloud.ask(undefined, KEYS), 'AccessDenied');
    expectRefused(await cloud.ask('00'.repeat(32), KEYS), 'AccessDenied');
    cloud.clock.nowMs += 24 * HOUR_MS;
    expectRefused(await cloud.ask(claim, KEYS), 'AccessDenied');
    const revoked = await cloud.claim();
    await setCertificateStatus(cloud.store, [revoked], 'REVOKED');
    expectRefused(await cloud.ask(revoked, KEYS), 'AccessDenied');
    expect(await waiting()).toBe(0);
  });

  it('takes over no thing that has a certificate, but lets the same key register again', async () => {
    const { key, created } = await cloud.provision(claim, {});
    await cloud.connect(created.certificatePem, 'hub-1');
    expectRefused((await cloud.provision(claim, {})).registered, 'ResourceConflicts');
    expect(await statusOf(cloud.store, created.certificateId)).toBe('ACTIVE');

    const again = await cloud.provision(claim, { key });
    expect(again.registered.outcome).toBe('accepted');
    expect(await statusOf(cloud.store, created.certificateId)).toBe('ACTIVE');
    await cloud.connect(again.created.certificatePem, 'hub-1');
    expect(await statusOf(cloud.store, created.certificateId)).toBe('INACTIVE');
  });

  it('takes over no thing whose certificate was switched off', async () => {
    const { created } = await cloud.provision(claim, {});
    await setCertificateStatus(cloud.store, [created.certificateId], 'INACTIVE');
    expectRefused((await cloud.provision(claim, {})).registered, 'ResourceConflicts');
    await revokeCertificates(cloud.store, [created.certificateId]);
    await readmitThing(cloud.store, 'hub-1');
    expect((await cloud.provision(claim, {})).registered.outcome).toBe('accepted');
  });

  it('replaces a thing where its template says that it may', async () => {
    await cloud.put('hubs', { replaceThings: true });
    await cloud.provision(claim, {});
    expect((await cloud.provision(claim, {})).registered.outcome).toBe('accepted');
  });

  it('replaces no thing of another template', async () => {
    await cloud.provision(claim, {});
    await cloud.put('refurbished', { replaceThings: true });
    const others = await cloud.claim('refurbished');
    expectRefused((await cloud.provision(others, { template: 'refurbished' })).registered, 'ResourceConflicts');
    const own = { template: 'refurbished', parameters: { SerialNumber: 'hub-2' } };
    expect((await cloud.provision(others, own)).registered.outcome).toBe('accepted');
    expect((await cloud.provision(others, own)).registered.outcome).toBe('accepted');
  });

  it('does not bring back a thing that was revoked, until it is readmitted', async () => {
    await cloud.put('hubs', { replaceThings: true });
    const { created } = await cloud.provision(claim, {});
    await setCertificateStatus(cloud.store, [created.certificateId], 'REVOKED');
    expectRefused((await cloud.provision(claim, {})).registered, 'AccessDenied');
    expect(await readmitThing(cloud.store, 'hub-1')).toBe(1);
    expect((await cloud.provision(claim, {})).registered.outcome).toBe('accepted');
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ code: 'revoked' });
  });
});

describe('a device', () => {
  it('replaces its own certificate: the old one counts until the new one has connected', async () => {
    const old = await cloud.provision(claim, {});
    await cloud.connect(old.created.certificatePem, 'hub-1');
    const next = await cloud.provision(old.created.certificateId, {});
    expect(next.registered).toMatchObject({ outcome: 'accepted', reply: { thingName: 'hub-1' } });
    expect(new X509Certificate(next.created.certificatePem).subject).toBe('CN=hub-1');

    expect(await cloud.connect(old.created.certificatePem, 'hub-1')).toMatchObject({ kind: 'device' });
    const told: string[] = [];
    cloud.registry.onRevoked((id) => told.push(id));
    expect(await cloud.connect(next.created.certificatePem, 'hub-1')).toMatchObject({ kind: 'device' });
    await cloud.registry.tick();
    expect(told).toEqual([old.created.certificateId]);
    expect(await cloud.connect(old.created.certificatePem, 'hub-1')).toMatchObject({ code: 'inactive' });
  });

  it('registers no other thing', async () => {
    const { created } = await cloud.provision(claim, {});
    const { registered } = await cloud.provision(created.certificateId, { parameters: { SerialNumber: 'hub-2' } });
    expectRefused(registered, 'AccessDenied');
    expect(await thingDescription(cloud.store, 'hub-2')).toBeUndefined();
  });

  it('may not where its template does not let it', async () => {
    await cloud.put('hubs', { rotation: false });
    const { created } = await cloud.provision(claim, {});
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ templates: [] });
    expectRefused(await cloud.ask(created.certificateId, KEYS), 'AccessDenied');
  });

  it('may not after its certificate was replaced', async () => {
    const old = await cloud.provision(claim, {});
    const next = await cloud.provision(old.created.certificateId, {});
    await cloud.connect(next.created.certificatePem, 'hub-1');
    expectRefused(await cloud.ask(old.created.certificateId, KEYS), 'AccessDenied');
  });
});
