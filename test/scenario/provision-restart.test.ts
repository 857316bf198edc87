/** Provisioning as processes that end in the middle: the cloud by kill -9, the fleet's command by Ctrl-C. None is lost. */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, listCertificates } from '../../cloud/store/certificates.ts';
import { openStore } from '../../cloud/store/store.ts';
import { decodeCredentials } from '../../device-sim/provisioning/credentials.ts';
import { openDevice } from '../../device-sim/factory.ts';
import { makeClaimedDevice } from '../support/claimed-device.ts';
import { Shell, type Up } from '../support/run-command.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;
const DEVICES = 40;

let up: Up;

beforeAll(async () => {
  up = await shell.up('--kms-port', '0', '--mqtt-port', '0', '--mqtts-port', '0');
  await shell.json('provisioning', 'template', 'put', 'hubs');
  await shell.json('provisioning', 'claim', 'create', '--template', 'hubs', '--out', 'claim');
}, TIMEOUT_MS);

const readClaim = (file: string): string => readFileSync(shell.file(`claim/${file}`), 'utf8');

function makeBatch(name: string): readonly string[] {
  const claim = { certificatePem: readClaim('claim.pem'), privateKeyPem: readClaim('claim-key.pem') };
  return Array.from({ length: DEVICES }, (_, index) => {
    const thing = `${name}-${index + 1}`;
    return makeClaimedDevice(shell.file(join(name, thing)), thing, claim);
  });
}

/** Certificates of the things of a batch that count now. */
async function activeOf(batch: string): Promise<readonly Certificate[]> {
  const store = await openStore(shell.file('.bristlecone/cloud.sqlite'));
  const devices = await listCertificates(store, { kind: 'device' });
  await store.close();
  return devices.filter(({ thing, status }) => status === 'ACTIVE' && thing?.startsWith(`${batch}-`));
}

async function untilActive(batch: string, count: number): Promise<void> {
  while ((await activeOf(batch)).length < count) await setTimeout(20);
}

/** SHA-256 of the certificate that a device has for its own. */
function certificateIdOf(folder: string): string {
  using device = openDevice(folder);
  const { operational, pending } = decodeCredentials(device.parts.credentials.operational.read());
  expect(pending).toBeUndefined();
  return hash('sha256', operational!.certificate, 'hex');
}

/** Each device has one certificate, and it is the one that the cloud has for it. */
async function expectAllOnce(batch: string, folders: readonly string[]): Promise<void> {
  const active = await activeOf(batch);
  expect(active).toHaveLength(DEVICES);
  expect(new Set(active.map(({ thing }) => thing)).size).toBe(DEVICES);
  expect(folders.map(certificateIdOf).toSorted()).toEqual(active.map(({ id }) => id).toSorted());
}

const provision = (batch: string, concurrency: number): readonly string[] => [
  ...['device', 'provision', '--devices', batch, '--template', 'hubs', '--concurrency', String(concurrency), '--json'],
];

describe('a fleet that is being provisioned', { timeout: TIMEOUT_MS }, () => {
  it('loses no device, and makes none twice, where the cloud is killed in the middle', async () => {
    const folders = makeBatch('hub');
    const child = shell.start(provision('hub', 4));
    const printed = text(child.stdout!);
    await untilActive('hub', 8);
    expect(await up.end('SIGKILL')).toBeNull();
    expect((await activeOf('hub')).length, 'it was in the middle').toBeLessThan(DEVICES);
    up = await shell.up(...up.ports);

    expect(JSON.parse(await printed)).toMatchObject({ total: DEVICES, provisioned: DEVICES, failures: [], left: 0 });
    await expectAllOnce('hub', folders);
  });

  it('keeps what is done at Ctrl-C, and goes on with the others', async () => {
    const folders = makeBatch('meter');
    const child = shell.start(provision('meter', 2));
    const printed = text(child.stdout!);
    await untilActive('meter', 6);
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
    const first = JSON.parse(await printed);
    expect(child.exitCode).toBe(1);
    expect(first.failures).toEqual([]);
    expect(first.left).toBeGreaterThan(0);
    expect(first.provisioned + first.left).toBe(DEVICES);

    const second = await shell.json(...provision('meter', 8).slice(0, -1));
    expect(second).toMatchObject({ total: DEVICES, failures: [], left: 0 });
    expect(second.provisioned + second.unchanged).toBe(DEVICES);
    // Two were on their way, and may have come further than they could say.
    expect(second.unchanged - first.provisioned).toBeGreaterThanOrEqual(0);
    expect(second.unchanged - first.provisioned).toBeLessThanOrEqual(2);
    await expectAllOnce('meter', folders);
    expect(second.costs.find(({ quantity }: { quantity: string }) => quantity === 'tls-handshakes')).toMatchObject({
      how: 'measured',
      n: second.provisioned,
    });
  });

  it('goes on from wherever each device was when the command is killed', async () => {
    const folders = makeBatch('valve');
    const child = shell.start(provision('valve', 8));
    await untilActive('valve', 6);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await activeOf('valve')).length, 'it was in the middle').toBeLessThan(DEVICES);

    expect(await shell.json(...provision('valve', 8).slice(0, -1))).toMatchObject({ failures: [], left: 0 });
    await expectAllOnce('valve', folders);
  });
});
