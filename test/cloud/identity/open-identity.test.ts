import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import { decodeCertificate } from '../../../cloud/formats/certificate.ts';
import { KEY_ALGORITHM_NAMES, isKeyAlgorithm, type KeyAlgorithm } from '../../../cloud/identity/key-pairs.ts';
import { openDeviceCa, openIdentity } from '../../../cloud/identity/open-identity.ts';
import { listKeys } from '../../../cloud/signing/keys.ts';
import { startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

const open = (
  folder: string,
  {
    client = kms.client,
    algorithm = 'P-256',
    nowMs = NOW_MS,
    names = ['localhost', '127.0.0.1'],
  }: {
    client?: TestKms['client'];
    algorithm?: KeyAlgorithm;
    nowMs?: number;
    names?: readonly string[];
  } = {},
) =>
  openIdentity({
    ...{ folder, client, algorithm, serverNames: names, nowMs: () => nowMs },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });

const text = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');

describe('openIdentity', () => {
  it('makes two CAs and a server once, and finds them again', async () => {
    const folder = temporaryFolder();
    const made = await open(folder);
    const keys = (await listKeys(kms.client)).length;
    const again = await open(folder);
    expect((await listKeys(kms.client)).length).toBe(keys);
    expect(again.server).toEqual(made.server);
    expect([again.deviceCa.pem, again.serverCa.pem]).toEqual([made.deviceCa.pem, made.serverCa.pem]);
    expect(text(folder, 'device-ca.pem')).toBe(made.deviceCa.pem);
    expect(text(folder, 'server-ca.pem')).toBe(made.serverCa.pem);
    expect(text(folder, 'server.pem')).toBe(made.server.certificate);
    expect(statSync(join(folder, 'server-key.pem')).mode & 0o777).toBe(0o600);
    expect(made.deviceCa.certificate.publicKey.equals(made.serverCa.certificate.publicKey)).toBe(false);
    const server = new X509Certificate(made.server.certificate);
    expect(server.verify(made.serverCa.certificate.publicKey)).toBe(true);
    expect([server.checkHost('localhost'), server.checkIP('127.0.0.1')]).toEqual(['localhost', '127.0.0.1']);
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('makes CAs that sign no CA, and outlive what they sign', async () => {
    const { deviceCa } = await open(temporaryFolder());
    const ca = decodeCertificate(new Uint8Array(deviceCa.certificate.raw), 'ca');
    expect(ca).toMatchObject({ isCa: true, pathLength: 0 });
    const { expiresAtMs } = await deviceCa.issue({
      profile: 'device',
      subject: 'CN=hub-1',
      subjectKey: (await import('../../../protocol/cose/spki.ts')).decodeSpki(ca.spki),
      nowMs: NOW_MS,
      days: 36_500,
    });
    expect(expiresAtMs).toBeLessThanOrEqual(ca.notAfterMs);
    expect(expiresAtMs).toBeGreaterThan(ca.notAfterMs - DAY_MS);
  });

  it.each(['server.pem', 'server-key.pem'])('goes on where a start was cut off before %s', async (file) => {
    const folder = temporaryFolder();
    const made = await open(folder);
    rmSync(join(folder, file));
    const again = await open(folder);
    expect(again.serverCa.pem).toBe(made.serverCa.pem);
    expect(new X509Certificate(again.server.certificate).verify(made.serverCa.certificate.publicKey)).toBe(true);
    expect((await open(folder)).server).toEqual(again.server);
  });

  it('goes on where it was cut off between a key in the KMS and its certificate', async () => {
    const folder = temporaryFolder();
    await open(folder);
    rmSync(join(folder, 'device-ca.pem'));
    const keys = (await listKeys(kms.client)).length;
    const again = await open(folder);
    expect((await listKeys(kms.client)).length).toBe(keys);
    expect(again.deviceCa.pem).toBe(text(folder, 'device-ca.pem'));
  });

  it.each<[name: string, change: (folder: string) => void, options: Parameters<typeof open>[1]]>([
    ['that is damaged', (folder) => writeFileSync(join(folder, 'server.pem'), 'x'), {}],
    ['of another key', (folder) => writeFileSync(join(folder, 'server-key.pem'), otherKey()), {}],
    ['for other names', () => undefined, { names: ['localhost', '127.0.0.1', 'broker.example', '::1'] }],
    ['that ends within a year', () => undefined, { nowMs: NOW_MS + 3_300 * DAY_MS }],
  ])('makes a server certificate anew %s', async (_name, change, options) => {
    const folder = temporaryFolder();
    const made = await open(folder);
    change(folder);
    const again = await open(folder, options);
    expect(again.server.certificate).not.toBe(made.server.certificate);
    expect((await open(folder, options)).server).toEqual(again.server);
  });

  it('refuses the certificates of another KMS, which its devices would trust for nothing', async () => {
    const folder = temporaryFolder();
    await open(folder);
    const other = await startTestKms();
    try {
      await open(temporaryFolder(), { client: other.client });
      const refused = open(folder, { client: other.client });
      await expect(refused).rejects.toThrow(OperatorError);
      await expect(refused).rejects.toMatchObject({ code: 'identity-mismatch' });
    } finally {
      await other.stop();
    }
  });

  it('does so with ML-DSA, where it is told to', async () => {
    const other = await startTestKms();
    try {
      const { deviceCa, server } = await open(temporaryFolder(), { client: other.client, algorithm: 'ML-DSA-44' });
      expect(deviceCa.certificate.publicKey.asymmetricKeyType).toBe('ml-dsa-44');
      expect(new X509Certificate(server.certificate).publicKey.asymmetricKeyType).toBe('ml-dsa-44');
    } finally {
      await other.stop();
    }
  });
});

it('openDeviceCa opens the same CA, without a server', async () => {
  const folder = temporaryFolder();
  const alone = await openDeviceCa({
    ...{ folder, client: kms.client, algorithm: 'P-256', nowMs: () => NOW_MS },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  expect((await open(folder)).deviceCa.pem).toBe(alone.pem);
});

it('knows four kinds of keys by name', () => {
  expect(KEY_ALGORITHM_NAMES).toEqual(['P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']);
  expect(['P-256', 'toString', ''].map(isKeyAlgorithm)).toEqual([true, false, false]);
});

function otherKey(): string {
  return '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n';
}
