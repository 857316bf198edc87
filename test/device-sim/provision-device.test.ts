/** Our device against our cloud, over real TLS sockets, with nothing played. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listCertificates } from '../../cloud/store/certificates.ts';
import { runDevice } from '../../device-sim/device.ts';
import { openDevice } from '../../device-sim/factory.ts';
import { claimArea } from '../../device-sim/hardware/claim-area.ts';
import { bytesOnTheWire, sumOf } from '../../device-sim/metrics/cost.ts';
import { layoutOf } from '../../device-sim/profiles/boards.ts';
import { provisionDevice, type ProvisionDeviceOptions } from '../../device-sim/provision-device.ts';
import { makeClaimedDevice } from '../support/claimed-device.ts';
import { type SecureCloud, startSecureCloud, TEMPLATE } from '../support/secure-cloud.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Quick, since nothing here is lost that a second try would bring. */
const QUICK = { answerTimeoutMs: 5_000, connections: 3, backoffMs: { first: 20, longest: 100 } };

interface World {
  readonly folder: string;
  readonly cloud: SecureCloud;
  makeDevice(thing: string, board?: string): Promise<string>;
  options(stateFolder: string): ProvisionDeviceOptions;
}

async function start(settings?: Parameters<typeof startSecureCloud>[0]): Promise<World> {
  const folder = temporaryFolder();
  const cloud = await startSecureCloud(settings);
  onTestFinished(() => cloud[Symbol.asyncDispose]());
  const claim = await cloud.createClaim();
  return {
    folder,
    cloud,
    makeDevice: async (thing, board = 'nrf52840') => makeClaimedDevice(join(folder, thing), thing, { ...claim, board }),
    options: (stateFolder) => ({
      stateFolder,
      broker: { url: cloud.url, ca: cloud.serverCa },
      template: TEMPLATE,
      settings: QUICK,
    }),
  };
}

function hasClaim(stateFolder: string): boolean {
  using device = openDevice(stateFolder);
  return claimArea(device.flash.area(layoutOf(device.board).claimCredential)).isThere();
}

const devicesOf = async ({ store }: SecureCloud) => listCertificates(store, { kind: 'device' });

describe('a device that its factory gave a claim', () => {
  it.each([
    { algorithm: 'P-256', format: 'cbor' },
    { algorithm: 'P-256', format: 'json' },
    { algorithm: 'ML-DSA-44', format: 'json' },
    { algorithm: 'ML-DSA-65', format: 'cbor' },
    { algorithm: 'ML-DSA-87', format: 'json' },
  ] as const)('gets a certificate of its own and comes back with it: $algorithm, $format', async (how) => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    expect(hasClaim(stateFolder)).toBe(true);

    const outcome = await provisionDevice({ ...world.options(stateFolder), settings: { ...QUICK, ...how } });

    expect(outcome).toMatchObject({ device: '7', result: 'provisioned', code: 'ok', thing: 'hub-7' });
    const [certificate, ...others] = await devicesOf(world.cloud);
    expect(others).toEqual([]);
    expect(certificate).toMatchObject({ thing: 'hub-7', status: 'ACTIVE', firstConnectedAtMs: expect.any(Number) });
    expect(hasClaim(stateFolder)).toBe(false);

    const { costs } = outcome;
    expect(sumOf(costs, 'tls-handshakes')).toBe(2);
    expect(costs.find(({ phase, quantity }) => phase === 'provision' && quantity === 'round-trips')?.value).toBe(4);
    expect(sumOf(costs, `tls-device-certificate ${how.algorithm}`)).toBe(how.algorithm === 'P-256' ? 2 : 1);
    expect(bytesOnTheWire(costs)).toBeGreaterThan(10_000);

    const again = await provisionDevice(world.options(stateFolder));
    expect(again).toMatchObject({ result: 'unchanged', thing: 'hub-7' });
    expect(sumOf(again.costs, 'tls-handshakes')).toBe(0);
  });

  it.each(['stm32f070rb', 'stm32h743'])('has room for it on a %s: 8 KB of RAM, or words of 32 bytes', async (board) => {
    const world = await start();
    const stateFolder = await world.makeDevice('7', board);
    const outcome = await provisionDevice(world.options(stateFolder));
    expect(outcome).toMatchObject({ result: 'provisioned', thing: 'hub-7' });
    expect(hasClaim(stateFolder)).toBe(false);
    expect(sumOf(outcome.costs, 'ram-peak')).toBeLessThan(10_240);
  });

  it('asks for its jobs under the name that it was given, and no other', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    await provisionDevice(world.options(stateFolder));
    const connection = { mqttUrl: world.cloud.url, tls: { ca: world.cloud.serverCa } };
    expect(await runDevice({ stateFolder, ...connection, timeoutMs: 200, settings: QUICK })).toMatchObject({
      thing: 'hub-7',
      result: 'no-job',
    });
  });

  it('takes a key from the cloud where it cannot make one', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    const settings = { ...QUICK, keysFrom: 'cloud' } as const;
    expect(await provisionDevice({ ...world.options(stateFolder), settings })).toMatchObject({ result: 'provisioned' });
  });

  it('replaces its certificate with itself in place of the claim, and the one before counts no more', async () => {
    const world = await start({ certificateDays: 100 });
    const options = world.options(await world.makeDevice('7'));
    await provisionDevice(options);
    const nowSeconds = Math.floor(Date.now() / 1000);
    const onDay = (day: number) => ({ renewal: { nowSeconds: () => nowSeconds + day * 86_400, share: 0.8 } });

    expect(await provisionDevice({ ...options, ...onDay(70) })).toMatchObject({ result: 'unchanged' });
    expect(await provisionDevice({ ...options, ...onDay(81) })).toMatchObject({
      result: 'provisioned',
      thing: 'hub-7',
    });

    const certificates = await devicesOf(world.cloud);
    expect(certificates.map(({ thing, status }) => `${thing} ${status}`).toSorted()).toEqual([
      'hub-7 ACTIVE',
      'hub-7 INACTIVE',
    ]);
  });
});

describe('a device that is refused', () => {
  it('by the template: it says what the service said, and keeps its claim', async () => {
    const world = await start({ allowListParameter: 'SerialNumber' });
    const stateFolder = await world.makeDevice('7');
    const outcome = await provisionDevice(world.options(stateFolder));
    expect(outcome).toMatchObject({ result: 'refused', code: 'service-refused', errorCode: 'AccessDenied' });
    expect(hasClaim(stateFolder)).toBe(true);
  });

  it('by the broker: for a template that its claim is not for', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    expect(await provisionDevice({ ...world.options(stateFolder), template: 'others' })).toMatchObject({
      result: 'refused',
      code: 'template-refused',
    });
  });

  it('by the broker: with a claim that does not count', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    await world.cloud.store.db.updateTable('certificates').set({ status: 'REVOKED' }).execute();
    expect(await provisionDevice(world.options(stateFolder))).toMatchObject({
      result: 'refused',
      code: 'credential-refused',
    });
  });

  it('when its certificate is revoked: it can do nothing, and says so', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    await provisionDevice(world.options(stateFolder));
    await world.cloud.store.db.updateTable('certificates').set({ status: 'REVOKED' }).execute();

    const tls = { ca: world.cloud.serverCa };
    expect(await runDevice({ stateFolder, mqttUrl: world.cloud.url, tls, settings: QUICK })).toMatchObject({
      thing: 'hub-7',
      result: 'offline',
      detail: expect.stringContaining('Not authorized'),
    });
    const renewal = { nowSeconds: () => Date.now() / 1000, share: 0 };
    expect(await provisionDevice({ ...world.options(stateFolder), renewal })).toMatchObject({
      result: 'refused',
      code: 'credential-refused',
    });
  });

  it('by itself: with a server that another CA vouches for', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    const broker = { url: world.cloud.url, ca: world.cloud.identity.deviceCa.pem };
    expect(await provisionDevice({ ...world.options(stateFolder), broker })).toMatchObject({
      result: 'refused',
      code: 'server-untrusted',
    });
  });

  it('by nobody: there is no broker', async () => {
    const world = await start();
    const stateFolder = await world.makeDevice('7');
    const broker = { url: 'mqtts://127.0.0.1:1', ca: world.cloud.serverCa };
    expect(await provisionDevice({ ...world.options(stateFolder), broker })).toMatchObject({
      result: 'offline',
      code: 'offline',
    });
  });

  it('as another device than the one that has its name', async () => {
    const world = await start();
    await provisionDevice(world.options(await world.makeDevice('7')));
    const other = await world.makeDevice('8');
    expect(await provisionDevice({ ...world.options(other), parameters: { SerialNumber: '7' } })).toMatchObject({
      result: 'refused',
      errorCode: 'ResourceConflicts',
    });
  });
});
