/** RegisterThing: what a token of ownership is good for, for whom, how often and how long. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificateById, listCertificates, setCertificateStatus } from '../../../cloud/store/certificates.ts';
import { thingDescription } from '../../../cloud/store/things.ts';
import { createCertificate, expectRefused, startWithClaim, waitingIn } from '../../support/provisioning-requests.ts';
import { HOUR_MS, registerTo, statusOf, type TestProvisioning } from '../../support/provisioning-service.ts';

let cloud: TestProvisioning;
let claim: string;
beforeEach(async () => {
  ({ cloud, claim } = await startWithClaim());
});
afterEach(() => cloud[Symbol.asyncDispose]());

const waiting = () => waitingIn(cloud);

const create = () => createCertificate(cloud, claim);

const register = (token: string | undefined, parameters = { SerialNumber: 'hub-1' }, by = claim) =>
  cloud.ask(by, registerTo(), { certificateOwnershipToken: token ?? '', parameters });

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
