/** provision.ts where the device has a certificate, and that one is near its end. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import type { Renewal } from '../../../device-sim/provisioning/ports.ts';
import { equalBytes } from '../../../protocol/bytes.ts';
import { provisioningRejected } from '../../../protocol/aws-iot/provisioning.ts';
import { DeviceCa } from '../../support/device-ca.ts';
import { ProvisioningWorld } from '../../support/provisioning-world.ts';

const BORN = new Date('2026-01-01T00:00:00Z');
const DAY_SECONDS = 86_400;
const LIFE_DAYS = 100;

const lifetimeFrom = (day: number) => ({
  notBefore: new Date(BORN.getTime() + day * DAY_SECONDS * 1000),
  notAfter: new Date(BORN.getTime() + (day + LIFE_DAYS) * DAY_SECONDS * 1000),
});

const onDay = (day: number): { readonly renewal: Renewal } => ({
  renewal: { nowSeconds: () => BORN.getTime() / 1000 + day * DAY_SECONDS, share: 0.8 },
});

let ca: DeviceCa;
let world: ProvisioningWorld;
beforeAll(async () => {
  ca = await DeviceCa.create();
});

async function provisioned(): Promise<ProvisioningWorld> {
  const made = new ProvisioningWorld(ca);
  made.cloud.lifetime = lifetimeFrom(0);
  await made.run(onDay(0));
  made.cloud.connections.splice(0);
  made.cloud.lifetime = lifetimeFrom(80);
  return made;
}

beforeEach(async () => {
  world = await provisioned();
});

const current = () => world.credentials.operational!;

describe('a certificate', () => {
  it('stays before four fifths of its life, and is replaced after them, with itself in place of the claim', async () => {
    const first = current();
    await world.run(onDay(79));
    expect(world.cloud.connections).toEqual([]);

    const result = await world.run(onDay(80));

    expect(result).toMatchObject({ thing: 'hub-1', isNew: true });
    expect(world.cloud.connections).toEqual(['device hub-1', 'device hub-1']);
    expect(current().slot).not.toBe(first.slot);
    expect(world.cloud.active.map(({ der }) => der)).toEqual([current().certificate]);
    expect(world.keys.isCertifiedBy(current().slot, current().certificate)).toBe(true);
    expect(() => world.keys.csr(first.slot, 'x'), 'the key before is gone').toThrow(RangeError);
    expect(await world.run(onDay(100))).toMatchObject({ isNew: false });
  });

  it('is replaced once in a run, also where the next one is born near its end', async () => {
    world.cloud.lifetime = lifetimeFrom(-10);
    expect(await world.run(onDay(85))).toMatchObject({ isNew: true });
  });

  it('is never replaced on a device that does not know the date', async () => {
    await world.run();
    expect(world.cloud.connections).toEqual([]);
  });

  it('stays in use where its successor is refused', async () => {
    const first = current();
    world.cloud.isRefused = (credential) =>
      credential.kind === 'device' && !equalBytes(credential.certificate, first.certificate);
    await expect(world.run(onDay(90))).rejects.toMatchObject({ code: 'certificate-refused' });
    expect(world.credentials).toMatchObject({ operational: first });
    expect(world.keys.isCertifiedBy(first.slot, first.certificate)).toBe(true);
  });

  it('stays in use where the cloud refuses to make another', async () => {
    const first = current();
    world.cloud.refuseNext.push(provisioningRejected('AccessDenied', 'no'));
    await expect(world.run(onDay(90))).rejects.toMatchObject({ code: 'service-refused', errorCode: 'AccessDenied' });
    expect(current()).toEqual(first);
  });

  it('is not replaced by one of another thing', async () => {
    const first = current();
    world.cloud.thingOf = () => 'hub-2';
    await expect(world.run(onDay(90))).rejects.toMatchObject({ code: 'wrong-thing' });
    expect(world.credentials).toEqual({ operational: first });
  });

  it('that the registry has replaced leaves a device that only knows the old one with nothing but a refusal', async () => {
    for (const it of world.cloud.active) it.status = 'INACTIVE';
    await expect(world.run(onDay(90))).rejects.toMatchObject({ code: 'credential-refused' });
  });

  it('is replaced, whole, where the power fails at any flash operation', async () => {
    const start = world.flash.operations;
    await world.run(onDay(80));
    const operations = world.flash.operations - start;
    expect(operations).toBeGreaterThanOrEqual(4);
    for (let afterOperations = 0; afterOperations < operations; afterOperations++) {
      for (const how of ['before', 'torn', 'after'] as const) {
        world = await provisioned();
        world.flash.cutPower({ afterOperations, how });
        await expect(world.run(onDay(80))).rejects.toThrow(PowerCut);
        world.flash.restorePower();
        // Whatever it has now, it can connect with.
        expect(world.keys.isCertifiedBy(current().slot, current().certificate)).toBe(true);
        await world.run(onDay(80));
        expect(world.credentials.pending).toBeUndefined();
        expect(world.cloud.active.map(({ der }) => der)).toEqual([current().certificate]);
        expect(world.keys.isCertifiedBy(current().slot, current().certificate)).toBe(true);
      }
    }
  });
});
