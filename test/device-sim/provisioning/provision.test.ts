import { beforeAll, describe, expect, it } from 'vitest';
import { PowerCut } from '../../../device-sim/hardware/flash.ts';
import { KEY_ALGORITHMS } from '../../../device-sim/provisioning/ports.ts';
import { ProvisioningRefused } from '../../../device-sim/provisioning/refusals.ts';
import { Unavailable } from '../../../device-sim/ports.ts';
import { provisioningRejected } from '../../../protocol/aws-iot/provisioning.ts';
import { equalBytes } from '../../../protocol/bytes.ts';
import { DeviceCa } from '../../support/device-ca.ts';
import { TOKEN_LIFE_MS } from '../../support/fake-provisioning.ts';
import { CLAIM_KEY, ProvisioningWorld, SETTINGS } from '../../support/provisioning-world.ts';

let ca: DeviceCa;
beforeAll(async () => {
  ca = await DeviceCa.create();
});

async function refusalOf(run: Promise<unknown>): Promise<ProvisioningRefused> {
  const error: unknown = await run.then(
    () => undefined,
    (it: unknown) => it,
  );
  if (error instanceof ProvisioningRefused) return error;
  throw error ?? new Error('it was provisioned');
}

/** One device, one active certificate, and the device has it, its key, and nothing of the claim. */
function expectProvisioned({ cloud, credentials, keys, claim, cells }: ProvisioningWorld): void {
  expect(cloud.active).toMatchObject([{ thing: 'hub-1' }]);
  expect(credentials).toMatchObject({ operational: { thing: 'hub-1', configuration: { ota: 'on' } } });
  expect(credentials.pending).toBeUndefined();
  const { slot, certificate } = credentials.operational!;
  expect(equalBytes(certificate, cloud.active[0]!.der)).toBe(true);
  expect(keys.isCertifiedBy(slot, certificate)).toBe(true);
  expect(claim.isThere()).toBe(false);
  expect(cells.includes(Buffer.from(CLAIM_KEY))).toBe(false);
}

const HAPPY_STEPS = ['make-key', 'get-certificate', 'prove', 'erase-claim', 'done'];

describe('provisioning', () => {
  it.each(KEY_ALGORITHMS.flatMap((algorithm) => (['cbor', 'json'] as const).map((format) => ({ algorithm, format }))))(
    'brings a device from its claim to a certificate of its own: $algorithm, $format',
    async (how) => {
      const world = new ProvisioningWorld(ca);
      const before = world.cells;
      expect(before.includes(Buffer.from(CLAIM_KEY))).toBe(true);

      const result = await world.run({ settings: { ...SETTINGS, ...how } });

      expect(result).toMatchObject({ thing: 'hub-1', isNew: true });
      expectProvisioned(world);
      expect(world.steps).toEqual(HAPPY_STEPS);
      expect(world.cloud.requests).toEqual(['create-from-csr', 'register-thing']);
      expect(world.cloud.connections).toEqual(['claim device-1', 'device hub-1']);
    },
  );

  it('leaves a device alone that has its certificate', async () => {
    const world = new ProvisioningWorld(ca);
    await world.run();
    const again = await world.run();
    expect(again).toMatchObject({ thing: 'hub-1', isNew: false });
    expect(world.cloud.connections).toHaveLength(2);
  });

  it('keeps the claim until the new certificate has connected', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.isRefused = ({ kind }) => kind === 'device';
    const refusal = await refusalOf(world.run());
    expect(refusal.code).toBe('certificate-refused');
    expect(world.cloud.certificates).toHaveLength(SETTINGS.certificates);
    expect(world.claim.isThere()).toBe(true);

    world.cloud.isRefused = () => false;
    await world.run();
    expectProvisioned(world);
  });

  it('takes a key from a cloud that makes it, and refuses one that its certificate is not for', async () => {
    const world = new ProvisioningWorld(ca);
    const settings = { ...SETTINGS, keysFrom: 'cloud' } as const;
    world.cloud.strayKey = true;
    expect(await refusalOf(world.run({ settings }))).toMatchObject({ code: 'key-refused' });
    world.cloud.strayKey = false;
    await world.run({ settings });
    expect(world.cloud.requests).toEqual(['create-keys', 'create-keys', 'register-thing']);
    expectProvisioned(world);
  });
});

describe('provisioning over a bad connection', () => {
  it.each([
    ['the first answer is lost', 'toDevice', (index: number) => (index === 0 ? 0 : 1)],
    ['the answer to the registration is lost', 'toDevice', (index: number) => (index === 1 ? 0 : 1)],
    ['every answer comes twice', 'toDevice', () => 2],
    ['every request comes twice', 'toCloud', () => 2],
    ['the first request is lost', 'toCloud', (index: number) => (index === 0 ? 0 : 1)],
    ['the registration is lost', 'toCloud', (index: number) => (index === 1 ? 0 : 1)],
  ] as const)('ends with one active certificate where %s', async (_name, direction, times) => {
    const world = new ProvisioningWorld(ca);
    let tampered = 0;
    world.cloud[direction] = (_message, index) => {
      const count = times(index);
      if (count !== 1) tampered += 1;
      return count;
    };
    await world.run();
    expect(tampered).toBeGreaterThan(0);
    expectProvisioned(world);
  });

  it('goes on where the connection drops before any of its messages', async () => {
    for (let dropped = 0; dropped < 2; dropped++) {
      const world = new ProvisioningWorld(ca);
      world.cloud.toDevice = (_message, index) => {
        if (index === dropped) world.cloud.dropConnection();
        return 1;
      };
      await world.run();
      expect(world.cloud.connections.filter((it) => it === 'claim device-1')).toHaveLength(2);
      expectProvisioned(world);
    }
  });

  it('waits for a broker that is not there, and gives up in the end', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.unreachable = SETTINGS.connections - 1;
    await world.run();
    expectProvisioned(world);

    const other = new ProvisioningWorld(ca);
    other.cloud.unreachable = SETTINGS.connections;
    await expect(other.run()).rejects.toThrow(Unavailable);
    await other.run();
    expectProvisioned(other);
  });

  it('waits where the service is throttled', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.refuseNext.push(
      provisioningRejected('Throttling', 'slow down'),
      provisioningRejected('InternalFailure', ''),
    );
    await world.run();
    expect(world.cloud.clock.nowMs()).toBeGreaterThan(500);
    expectProvisioned(world);
  });
});

describe('a service that is never ready', () => {
  it('is given up, also where it drops the connection after each answer', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.refuseNext.push(...Array.from({ length: 100 }, () => provisioningRejected('Throttling', 'later')));
    let answers = 0;
    world.cloud.toDevice = () => {
      // It arrives, and then the connection is lost.
      if (++answers % 2 === 0) world.cloud.dropConnection();
      return 1;
    };
    await expect(world.run()).rejects.toThrow(Unavailable);
    expect(world.cloud.requests.length).toBeLessThan(20);
  });
});

describe('a service that says no', () => {
  it('to the token: another certificate is asked for, for a key that is there', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.toDevice = (_message, index) => {
      if (index === 0) world.cloud.passTime(TOKEN_LIFE_MS + 1);
      return 1;
    };
    await world.run();
    expect(world.cloud.requests).toEqual(['create-from-csr', 'register-thing', 'create-from-csr', 'register-thing']);
    expectProvisioned(world);
  });

  it('to every token: it gives up after so many certificates', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.toDevice = () => {
      world.cloud.passTime(TOKEN_LIFE_MS + 1);
      return 1;
    };
    expect(await refusalOf(world.run())).toMatchObject({
      code: 'token-refused',
      errorCode: 'InvalidCertificateOwnershipToken',
    });
    expect(world.cloud.certificates).toHaveLength(SETTINGS.certificates);
    expect(world.claim.isThere()).toBe(true);
  });

  it.each([
    ['AccessDenied', 'service-refused'],
    ['InvalidParameters', 'service-refused'],
    ['ResourceConflicts', 'service-refused'],
  ] as const)('for good, with %s: it stops, and says why', async (errorCode, code) => {
    const world = new ProvisioningWorld(ca);
    world.cloud.refuseNext.push(provisioningRejected(errorCode, 'because'));
    expect(await refusalOf(world.run())).toMatchObject({ code, errorCode });
    expect(world.cloud.requests).toHaveLength(1);
    await world.run();
    expectProvisioned(world);
  });

  it('to the claim: it stops after as many refusals as it may have', async () => {
    const world = new ProvisioningWorld(ca);
    world.cloud.isRefused = () => true;
    expect(await refusalOf(world.run())).toMatchObject({ code: 'credential-refused' });
    expect(world.cloud.requests).toHaveLength(0);
  });

  it('to a template that is not there', async () => {
    const world = new ProvisioningWorld(ca);
    const settings = { ...SETTINGS, template: 'others' };
    expect(await refusalOf(world.run({ settings }))).toMatchObject({ errorCode: 'ResourceNotFound' });
  });
});

describe('an answer that is not for this device', () => {
  it('is passed over: a certificate for another key', async () => {
    const world = new ProvisioningWorld(ca);
    const neighbour = new ProvisioningWorld(ca);
    await neighbour.run();
    const stranger = neighbour.cloud.active[0]!;
    world.cloud.strayCertificate = stranger;
    await world.run();
    expectProvisioned(world);
    expect(world.credentials.operational!.certificate).not.toEqual(stranger.der);
    // It never tried to connect with it.
    expect(world.steps).toEqual(HAPPY_STEPS);
    expect(world.cloud.requests).toEqual(['create-from-csr', 'create-from-csr', 'register-thing']);
  });
});

describe('a device whose record of credentials is damaged', () => {
  it('says so, and asks nobody', async () => {
    const world = new ProvisioningWorld(ca);
    const credentials = { read: () => Uint8Array.of(0x80), write: () => undefined };
    await expect(world.run({ credentials })).rejects.toMatchObject({ name: 'Rejection', code: 'wrong-shape' });
    expect(world.cloud.connections).toEqual([]);
  });
});

describe('a device without claim and certificate', () => {
  it('says so', async () => {
    const world = new ProvisioningWorld(ca);
    world.claim.erase();
    expect(await refusalOf(world.run())).toMatchObject({ code: 'no-credential' });
  });
});

describe('a power cut', () => {
  it('at any flash operation, before, in the middle or after it: the device ends provisioned, once', async () => {
    const counted = new ProvisioningWorld(ca);
    const start = counted.flash.operations;
    await counted.run();
    const operations = counted.flash.operations - start;
    expect(operations).toBeGreaterThanOrEqual(5);

    let cuts = 0;
    for (let afterOperations = 0; afterOperations < operations; afterOperations++) {
      for (const how of ['before', 'torn', 'after'] as const) {
        const world = new ProvisioningWorld(ca);
        world.flash.cutPower({ afterOperations, how });
        await expect(world.run()).rejects.toThrow(PowerCut);
        world.flash.restorePower();
        cuts += 1;
        const hadOne = world.credentials.operational !== undefined;
        expect(await world.run()).toMatchObject({ isNew: !hadOne });
        expectProvisioned(world);
      }
    }
    expect(cuts).toBe(operations * 3);
  });
});
