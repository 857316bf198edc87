/** What bounds provisioning beside the claim: allow-list, rates, and room; and what a restart leaves of it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AWS_RATE_LIMITS, RateLimiter } from '../../../cloud/provisioning/rate-limits.ts';
import { expectCleanKey, expectRoom } from '../../../cloud/provisioning/decide.ts';
import type { Certificate } from '../../../cloud/store/certificates.ts';
import { allowedValues, allowValues, disallowValues } from '../../../cloud/store/provisioning-templates.ts';
import {
  createTestAuthority,
  createTestKey,
  CSR,
  csrFor,
  registerTo,
  startTestProvisioning,
} from '../../support/provisioning-service.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('the allow-list', () => {
  it('lets through who is on it, by the parameter that the template names', async () => {
    await using cloud = await startTestProvisioning();
    await cloud.put('hubs', { allowListParameter: 'SerialNumber' });
    const claim = await cloud.claim();
    expect((await cloud.provision(claim, {})).registered.reply).toMatchObject({ errorCode: 'AccessDenied' });
    expect(await allowValues(cloud.store, 'hubs', ['hub-1', 'hub-2'])).toBe(2);
    expect(await allowValues(cloud.store, 'hubs', ['hub-1'])).toBe(0);
    expect((await cloud.provision(claim, {})).registered.outcome).toBe('accepted');
    expect(await disallowValues(cloud.store, 'hubs', ['hub-2', 'hub-3'])).toBe(1);
    const refused = await cloud.provision(claim, { parameters: { SerialNumber: 'hub-2' } });
    expect(refused.registered.reply).toMatchObject({ errorCode: 'AccessDenied' });
    expect(await allowedValues(cloud.store, 'hubs')).toEqual(['hub-1']);
  });

  it('holds some thousand', async () => {
    await using cloud = await startTestProvisioning();
    const values = Array.from({ length: 2_500 }, (_, i) => `hub-${i}`);
    expect(await allowValues(cloud.store, 'hubs', values)).toBe(2_500);
    expect(await disallowValues(cloud.store, 'hubs', values)).toBe(2_500);
  });
});

describe('rates', () => {
  it('are none unless they are given, and those of AWS where they are', () => {
    const free = new RateLimiter({});
    expect(Array.from({ length: 1_000 }, () => free.take('create-keys', 0))).not.toContain(false);
    const limited = new RateLimiter(AWS_RATE_LIMITS);
    const taken = (nowMs: number) =>
      Array.from({ length: 50 }, () => limited.take('create-from-csr', nowMs)).filter(Boolean).length;
    expect([taken(0), taken(0), taken(500), taken(60_000)]).toEqual([20, 0, 10, 20]);
    expect(limited.take('register-thing', 0)).toBe(true);
    // A clock that is set back refills nothing, and takes nothing away.
    expect(taken(1_000)).toBe(0);
  });

  it('are answered with an error of their own', async () => {
    await using cloud = await startTestProvisioning({ limits: { 'create-from-csr': 1 } });
    const claim = await cloud.claim();
    await cloud.provision(claim, {});
    const refused = await cloud.ask(claim, CSR, { certificateSigningRequest: await csrFor(createTestKey()) });
    expect(refused.reply).toMatchObject({ statusCode: 429, errorCode: 'Throttling' });
    cloud.clock.nowMs += 1_000;
    expect((await cloud.ask(claim, CSR, { certificateSigningRequest: await csrFor(createTestKey()) })).outcome).toBe(
      'accepted',
    );
  });

  it('a key that many devices share is none for one', () => {
    const claim = { kind: 'claim', status: 'ACTIVE' } as Certificate;
    expect(() => expectCleanKey([])).not.toThrow();
    expect(() => expectCleanKey([{ ...claim, kind: 'device' }])).not.toThrow();
    expect(() => expectCleanKey([claim])).toThrow(/that of a claim/);
  });

  it('so are certificates of one claim that wait', () => {
    expect(() => expectRoom(9, 10)).not.toThrow();
    expect(() => expectRoom(10, 10)).toThrow(/wait to be registered/);
  });
});

it('a device that was stolen makes some certificates that wait, and not one for each request', async () => {
  await using cloud = await startTestProvisioning();
  const claim = await cloud.claim();
  const device = (await cloud.provision(claim, {})).created.certificateId;
  const outcomes: unknown[] = [];
  for (let i = 0; i < 25; i++) {
    const { outcome, reply } = await cloud.ask(device, CSR, {
      certificateSigningRequest: await csrFor(createTestKey()),
    });
    outcomes.push(reply.errorCode ?? outcome);
  }
  expect([outcomes.indexOf('Throttling'), outcomes.at(-1)]).toEqual([20, 'Throttling']);
  expect((await cloud.provision(claim, { parameters: { SerialNumber: 'hub-2' } })).registered.outcome).toBe('accepted');
});

describe('a restart', () => {
  it('between any two requests loses nobody', async () => {
    const path = join(temporaryFolder(), 'cloud.sqlite');
    const deviceCa = await createTestAuthority();
    const start = () => startTestProvisioning({ path, deviceCa });
    const key = createTestKey();
    const by = await (async () => {
      await using cloud = await start();
      return await cloud.claim();
    })();
    const created = await (async () => {
      await using cloud = await start();
      return (await cloud.ask(by, CSR, { certificateSigningRequest: await csrFor(key) })).reply;
    })();
    const token = { certificateOwnershipToken: created.certificateOwnershipToken ?? '' };
    const request = { ...token, parameters: { SerialNumber: 'hub-1' } };
    const registered = await (async () => {
      await using cloud = await start();
      return await cloud.ask(by, registerTo(), request);
    })();
    expect(registered).toMatchObject({ outcome: 'accepted', reply: { thingName: 'hub-1' } });
    await using cloud = await start();
    // The answer was lost with the process: the device asks again in the same words.
    expect(await cloud.ask(by, registerTo(), request)).toEqual(registered);
    expect(await cloud.connect(created.certificatePem ?? '', 'hub-1')).toMatchObject({
      kind: 'device',
      thing: 'hub-1',
    });
  });
});
