/** Who provisions which thing: a claim the new ones, a device itself. */
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readmitThing } from '../../../cloud/store/admissions.ts';
import { revokeCertificates, setCertificateStatus } from '../../../cloud/store/certificates.ts';
import { thingDescription } from '../../../cloud/store/things.ts';
import {
  createCertificate,
  expectRefused,
  KEYS,
  startWithClaim,
  waitingIn,
} from '../../support/provisioning-requests.ts';
import { HOUR_MS, registerTo, statusOf, type TestProvisioning } from '../../support/provisioning-service.ts';

let cloud: TestProvisioning;
let claim: string;
beforeEach(async () => {
  ({ cloud, claim } = await startWithClaim());
});
afterEach(() => cloud[Symbol.asyncDispose]());

const waiting = () => waitingIn(cloud);

const create = () => createCertificate(cloud, claim);

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
