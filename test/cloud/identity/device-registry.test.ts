import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CertificateStatus,
  certificateById,
  listCertificates,
  noteFirstConnection,
  registerCertificate,
  revokeCertificates,
  setCertificateStatus,
} from '../../../cloud/store/certificates.ts';
import { createDeviceRegistry } from '../../../cloud/identity/device-registry.ts';
import { decideConnection } from '../../../cloud/identity/decide-connection.ts';
import {
  HOUR_MS,
  idOf,
  START_MS,
  startTestProvisioning,
  type TestProvisioning,
} from '../../support/provisioning-service.ts';

let cloud: TestProvisioning;
let claim: string;
beforeEach(async () => {
  cloud = await startTestProvisioning();
  claim = await cloud.claim();
});
afterEach(() => cloud[Symbol.asyncDispose]());

const pemOf = async (id: string): Promise<string> => (await certificateById(cloud.store, id))?.pem ?? '';

describe('authorizeConnection', () => {
  it.each<[status: CertificateStatus, code: string]>([
    ['PENDING_ACTIVATION', 'pending-activation'],
    ['INACTIVE', 'inactive'],
    ['REVOKED', 'revoked'],
  ])('refuses a certificate that is %s', async (status, code) => {
    const { created } = await cloud.provision(claim, {});
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ kind: 'device' });
    await setCertificateStatus(cloud.store, [created.certificateId], status);
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ kind: 'refused', code });
  });

  it('admits a claim to its templates, under whatever name it has', async () => {
    await cloud.put('others');
    const both = await cloud.claim('hubs', 'others');
    expect(await cloud.connect(await pemOf(both), 'x')).toEqual({
      kind: 'claim',
      certificateId: both,
      templates: ['hubs', 'others'],
    });
    await cloud.put('others', { enabled: false });
    expect(await cloud.connect(await pemOf(both), 'hub-1')).toMatchObject({ kind: 'claim', templates: ['hubs'] });
  });

  it('refuses what has expired, and what is attached to no thing', async () => {
    const { created } = await cloud.provision(claim, {});
    cloud.clock.nowMs += 24 * HOUR_MS;
    expect(await cloud.connect(await pemOf(claim), 'x')).toMatchObject({ code: 'expired' });
    cloud.clock.nowMs += 3_650 * 24 * HOUR_MS;
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ code: 'expired' });
    const certificate = await certificateById(cloud.store, created.certificateId);
    const { thing: _, ...alone } = certificate!;
    const question = { certificate: alone, clientId: 'hub-1', templates: [], nowMs: START_MS };
    expect(decideConnection(question)).toMatchObject({ code: 'not-attached' });
  });

  it('knows a certificate by all its bytes', async () => {
    const { created } = await cloud.provision(claim, {});
    const der = Uint8Array.fromBase64(created.certificatePem.replaceAll(/-----[A-Z ]+-----|\s/g, ''));
    der[der.length - 1]! ^= 1;
    expect(await cloud.registry.authorizeConnection(der, 'hub-1')).toMatchObject({ code: 'unknown-certificate' });
    expect(created.certificateId).toBe(idOf(created.certificatePem));
  });
});

it('a thing has proven itself once it has connected, for every later process, and also when it is revoked', async () => {
  const { created } = await cloud.provision(claim, {});
  const later = () => createDeviceRegistry({ ...cloud, deviceCa: cloud.deviceCa.pem, clock: () => cloud.clock.nowMs });
  expect(await later().hasProvenItself('hub-1')).toBe(false);
  await cloud.connect(created.certificatePem, 'another');
  expect(await later().hasProvenItself('hub-1')).toBe(false);
  await cloud.connect(created.certificatePem, 'hub-1');
  expect(await later().hasProvenItself('hub-1')).toBe(true);
  expect(await later().hasProvenItself('hub-2')).toBe(false);
  await revokeCertificates(cloud.store, [created.certificateId]);
  expect(await later().hasProvenItself('hub-1')).toBe(true);
});

describe('revocation', () => {
  it('is told once to every broker, also by another process, and is for good', async () => {
    const { created } = await cloud.provision(claim, {});
    const told: string[] = [];
    cloud.registry.onRevoked((id) => told.push(`one ${id}`));
    cloud.registry.onRevoked((id) => told.push(`two ${id}`));
    await cloud.registry.tick();
    expect(told).toEqual([]);
    await setCertificateStatus(cloud.store, [created.certificateId], 'REVOKED');
    await cloud.registry.tick();
    await cloud.registry.tick();
    expect(told).toEqual([`one ${created.certificateId}`, `two ${created.certificateId}`]);
    await setCertificateStatus(cloud.store, [created.certificateId], 'ACTIVE');
    expect(await cloud.connect(created.certificatePem, 'hub-1')).toMatchObject({ code: 'revoked' });
  });

  it('of a list cuts them all, and of none does nothing', async () => {
    const one = await cloud.provision(claim, {});
    const two = await cloud.provision(claim, { parameters: { SerialNumber: 'hub-2' } });
    const told: string[] = [];
    cloud.registry.onRevoked((id) => told.push(id));
    const ids = [one.created.certificateId, two.created.certificateId];
    await setCertificateStatus(cloud.store, ids, 'INACTIVE');
    await setCertificateStatus(cloud.store, [], 'INACTIVE');
    await cloud.registry.tick();
    expect(told).toEqual(ids);
    expect((await listCertificates(cloud.store, { thing: 'hub-2' })).map(({ status }) => status)).toEqual(['INACTIVE']);
  });
});

it('only certificates of the same thing that are older end when a new one connects', async () => {
  const old = await cloud.provision(claim, {});
  const other = await cloud.provision(claim, { parameters: { SerialNumber: 'hub-2' } });
  const next = await cloud.provision(old.created.certificateId, {});
  await cloud.connect(other.created.certificatePem, 'hub-2');
  await cloud.connect(old.created.certificatePem, 'hub-1');
  const statuses = async () =>
    Promise.all(
      [old, other, next].map(
        async ({ created }) => (await certificateById(cloud.store, created.certificateId))?.status,
      ),
    );
  expect(await statuses()).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
  await cloud.connect(next.created.certificatePem, 'wrong');
  expect(await statuses()).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
  await cloud.connect(next.created.certificatePem, 'hub-1');
  expect(await statuses()).toEqual(['INACTIVE', 'ACTIVE', 'ACTIVE']);
  await registerCertificate(cloud.store, {
    id: old.created.certificateId,
    thing: 'hub-1',
    status: 'ACTIVE',
    template: 'hubs',
    policies: '[]',
  });
  await cloud.connect(next.created.certificatePem, 'hub-1');
  // Nor by two connections that began at the same time.
  await noteFirstConnection(cloud.store, (await certificateById(cloud.store, next.created.certificateId))!, START_MS);
  // What the operator switches on again stays on.
  expect(await statuses()).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
});
