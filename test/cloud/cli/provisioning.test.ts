/** Who becomes a device, and who no longer is one: by the commands, beside a running cloud, with devices on real TLS. */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectMqtt, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder, writeEndpoints } from '../../../cloud/cli/data-folder.ts';
import { registerProvisioningCommands } from '../../../cloud/cli/provisioning.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from '../../../cloud/embedded.ts';
import { DEFAULT_TEMPLATE } from '../../../cloud/provisioning/settings.ts';
import type { CertificateCreated } from '../../../protocol/aws-iot/provisioning.ts';
import { runCli } from '../../support/cli.ts';
import { createCa, type TestCertificate } from '../../support/tls-pki.ts';

const data = mkdtempSync(join(tmpdir(), 'bristlecone-provisioning-'));
const file = (name: string): string => join(data, name);
const log = { info: () => {}, warn: () => {}, error: () => {} };

let cloud: EmbeddedCloud;
beforeAll(async () => {
  cloud = await startEmbeddedCloud({ dataFolder: data, host: '127.0.0.1', kmsPort: 0, mqttPort: 0, log });
  writeEndpoints(openDataFolder(data), { pid: process.pid, kms: cloud.kms, mqtt: cloud.mqtt, data });
});
afterAll(async () => {
  await cloud[Symbol.asyncDispose]();
  rmSync(data, { recursive: true });
});

const call = (...args: readonly string[]) =>
  runCli([registerProvisioningCommands], 'provisioning', ...args, '--data', data);

/** What it prints with --json where it does what it is told. */
async function json(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await call(...args, '--json');
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

async function refusal(...args: readonly string[]): Promise<{ exitCode: number; code: string; message: string }> {
  const { exitCode, stdout } = await call(...args, '--json');
  const { code, message } = JSON.parse(stdout).error;
  return { exitCode, code, message };
}

interface Credential {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where a handshake is refused MQTT.js says nothing but that the connection is closed. */
async function connect(clientId: string, { certificate, privateKey }: Credential): Promise<MqttClient> {
  const client = connectMqtt(cloud.mqtts!, {
    ...{ clientId, cert: certificate, key: privateKey, protocolVersion: 5, reconnectPeriod: 0 },
    ca: readFileSync(file('identity/server-ca.pem'), 'utf8'),
  });
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.on('error', reject).once('close', () => reject(new Error('closed')));
  });
  return client;
}

/** As a device does it, with a key that the cloud makes. */
async function provision(serial: string, claim: Credential, template = 'hubs'): Promise<Credential & { id: string }> {
  const client = await connect(`claiming-${serial}`, claim);
  const ask = async (topic: string, request: object): Promise<unknown> => {
    await client.subscribeAsync([`${topic}/accepted`, `${topic}/rejected`], { qos: 1 });
    const answered = new Promise<unknown>((resolve, reject) => {
      client.once('message', (from, payload) => {
        const reply: unknown = JSON.parse(new TextDecoder().decode(payload));
        if (from.endsWith('accepted')) resolve(reply);
        else reject(new Error(JSON.stringify(reply)));
      });
    });
    await client.publishAsync(topic, JSON.stringify(request), { qos: 1 });
    return answered;
  };
  try {
    const created = (await ask('$aws/certificates/create/json', {})) as CertificateCreated;
    const { certificateOwnershipToken, certificatePem, privateKey = '', certificateId } = created;
    const request = { certificateOwnershipToken, parameters: { SerialNumber: serial } };
    await ask(`$aws/provisioning-templates/${template}/provision/json`, request);
    return { certificate: certificatePem, privateKey, id: certificateId };
  } finally {
    await client.endAsync(true);
  }
}

const claimIn = (folder: string): Credential => ({
  certificate: readFileSync(join(folder, 'claim.pem'), 'utf8'),
  privateKey: readFileSync(join(folder, 'claim-key.pem'), 'utf8'),
});

describe('from a template to a device, and to its end', () => {
  it('puts, lists, shows and deletes templates', async () => {
    expect(await json('template', 'put', 'hubs')).toMatchObject({ name: 'hubs', version: 1 });
    writeFileSync(file('hubs.json'), DEFAULT_TEMPLATE);
    const settings = ['--hook', 'http://127.0.0.1:1/', '--allow-list-by', 'SerialNumber', '--certificate-days', '30'];
    const put = await json(
      'template',
      'put',
      'other',
      '--file',
      file('hubs.json'),
      ...settings,
      '--no-rotation',
      '--disabled',
    );
    expect(put.settings).toEqual({
      enabled: false,
      hook: 'http://127.0.0.1:1/',
      allowListParameter: 'SerialNumber',
      rotation: false,
      replaceThings: false,
      certificateDays: 30,
    });
    expect((await json('template', 'put', 'other', '--replace-things')).version).toBe(2);
    expect((await json('template', 'list')).map(({ name }: { name: string }) => name)).toEqual(['hubs', 'other']);
    expect(await json('template', 'show', 'other')).toMatchObject({
      body: JSON.parse(DEFAULT_TEMPLATE),
      settings: { replaceThings: true },
    });
    expect((await call('template', 'show', 'hubs')).stdout).toMatch(/version 1: enabled, certificates of 3650 days/);
    expect(await json('template', 'delete', 'other')).toEqual({ deleted: 'other' });
  });

  it('gives a claim that provisions, and whose key nobody else can read or overwrite', async () => {
    const claim = await json('claim', 'create', '--template', 'hubs', '--out', file('claim'), '--days', '2');
    expect(claim).toMatchObject({ templates: ['hubs'], folder: file('claim') });
    expect(statSync(file('claim/claim-key.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file('claim/server-ca.pem'))).toEqual(readFileSync(file('identity/server-ca.pem')));
    const certificate = new X509Certificate(readFileSync(file('claim/claim.pem')));
    expect(certificate.validToDate.getTime() - certificate.validFromDate.getTime()).toBe(2 * 86_400_000);
    expect(await refusal('claim', 'create', '--template', 'hubs', '--out', file('claim'))).toMatchObject({
      exitCode: 1,
      code: 'claim-exists',
    });

    const device = await provision('hub-1', claimIn(file('claim')));
    const client = await connect('hub-1', device);
    await client.endAsync();
    const certificates = await json('certificates', '--thing', 'hub-1');
    expect(certificates).toMatchObject([
      { certificateId: device.id, kind: 'device', status: 'ACTIVE', thing: 'hub-1', templates: ['hubs'] },
    ]);
    expect(certificates[0].firstConnectedAt).toMatch(/^20/);
    const { stdout } = await call('certificates');
    expect(stdout).toContain(device.id.slice(0, 16));
    expect(stdout).toContain('claim');
  });

  it('revokes a thing: its connection is cut, and it does not come back', async () => {
    const claim = claimIn(file('claim'));
    const device = await provision('hub-2', claim);
    const client = await connect('hub-2', device);
    const cut = new Promise<void>((resolve) => void client.once('close', () => resolve()));
    expect(await json('revoke', '--thing', 'hub-2')).toEqual({ revoked: [device.id] });
    await cut;
    await client.endAsync(true);
    await expect(connect('hub-2', device)).rejects.toThrow(/[Nn]ot authorized/);
    await expect(provision('hub-2', claim)).rejects.toThrow(/AccessDenied.*revoked/);
    expect(await json('readmit', 'hub-2')).toEqual({ readmitted: 'hub-2', certificates: 1 });
    expect((await provision('hub-2', claim)).id).not.toBe(device.id);
    expect(await refusal('readmit', 'hub-2')).toMatchObject({ exitCode: 1, code: 'not-revoked' });
  });

  it('revokes a claim by the beginning of its id: nobody provisions with it', async () => {
    const { certificateId } = await json(
      'claim',
      'create',
      '--template',
      'hubs',
      '--minutes',
      '5',
      '--out',
      file('on-site'),
    );
    await provision('hub-3', claimIn(file('on-site')));
    await json('revoke', certificateId.slice(0, 12));
    await expect(provision('hub-4', claimIn(file('on-site')))).rejects.toThrow(/[Nn]ot authorized/);
  });

  it('lets the allow-list decide', async () => {
    await json('template', 'put', 'listed', '--allow-list-by', 'SerialNumber');
    writeFileSync(file('serials.txt'), 'hub-5\r\n\nhub-6 \nhub-5\n');
    expect(await json('allow-list', 'add', '--template', 'listed', '--file', file('serials.txt'))).toEqual({
      template: 'listed',
      given: 2,
      changed: 2,
    });
    await json('claim', 'create', '--template', 'listed', '--out', file('listed'));
    await provision('hub-5', claimIn(file('listed')), 'listed');
    await expect(provision('hub-7', claimIn(file('listed')), 'listed')).rejects.toThrow(/AccessDenied.*allow-list/);
    expect(await json('allow-list', 'remove', '--template', 'listed', '--value', 'hub-6')).toMatchObject({
      changed: 1,
    });
    expect(await json('allow-list', 'show', '--template', 'listed')).toEqual({
      template: 'listed',
      by: 'SerialNumber',
      values: ['hub-5'],
    });
    expect((await call('allow-list', 'add', '--template', 'hubs', '--value', 'x')).stdout).toMatch(
      /goes by no list yet/,
    );
  });
});

describe('a manufacturer’s CA', () => {
  const JITP = DEFAULT_TEMPLATE.replaceAll('SerialNumber', 'AWS::IoT::Certificate::CommonName');
  const maker = createCa('CN=Maker CA');
  const another = createCa('CN=Another CA');
  const device = (ca: typeof maker, name: string): TestCertificate => ca.issue({ subject: `CN=${name}` });

  it('lets its devices in with no claim, while it is registered', async () => {
    writeFileSync(file('jitp.json'), JITP);
    writeFileSync(file('maker.pem'), maker.pem);
    await json('template', 'put', 'makers', '--file', file('jitp.json'));
    const lamp = device(maker, 'lamp-1');
    await expect(connect('lamp-1', lamp)).rejects.toThrow(/closed|certificate|authorized/i);
    const { certificateId } = await json('ca', 'register', file('maker.pem'), '--template', 'makers');
    await expect
      .poll(() =>
        connect('lamp-1', lamp).then(
          (it) => it.endAsync(),
          (error: Error) => error.message,
        ),
      )
      .toBe(undefined);
    expect(await json('ca', 'list')).toEqual([{ certificateId, subject: 'CN=Maker CA', template: 'makers' }]);
    expect(await refusal('ca', 'register', file('maker.pem'))).toMatchObject({ code: 'authority-exists' });
    expect(await json('ca', 'delete', certificateId.slice(0, 8))).toEqual({ deleted: certificateId, certificates: 1 });
    await expect(connect('lamp-1', lamp)).rejects.toThrow(/closed|certificate|authorized/i);
  });

  it('without a template leaves it to the operator', async () => {
    writeFileSync(file('another.pem'), another.pem);
    await json('ca', 'register', file('another.pem'));
    const lamp = device(another, 'lamp-2');
    await expect
      .poll(async () => {
        await connect('lamp-2', lamp).catch(() => undefined);
        return (await json('certificates')).some(
          ({ certificateId }: { certificateId: string }) => certificateId === lamp.id,
        );
      })
      .toBe(true);
    expect(await refusal('activate', lamp.id)).toMatchObject({ exitCode: 2, code: 'usage' });
    expect(await json('activate', lamp.id.slice(0, 8), '--thing', 'lamp-2')).toEqual({
      activated: lamp.id,
      thing: 'lamp-2',
    });
    await (await connect('lamp-2', lamp)).endAsync();
  });
});

describe('what cannot be done is said, with what to do', () => {
  it.each<[args: readonly string[], exitCode: number, code: string]>([
    [['template', 'show', 'nowhere'], 1, 'unknown-template'],
    [['template', 'delete', 'nowhere'], 1, 'unknown-template'],
    [['template', 'put', 'a/b'], 1, 'invalid-template'],
    [['template', 'put', 'x', '--file', 'nowhere.json'], 1, 'file-not-found'],
    [['template', 'put', 'x', '--certificate-days', 'many'], 2, 'usage'],
    [['template', 'put', 'x', '--hook', 'gopher://x'], 2, 'invalid-url'],
    [['template', 'put', 'x', '--allow-list-by', 'Nothing'], 1, 'invalid-template'],
    [['claim', 'create', '--template', 'nowhere', '--out', file('never')], 1, 'unknown-template'],
    [['claim', 'create', '--template', 'hubs', '--out', file('never'), '--days', '0'], 2, 'usage'],
    [['claim', 'create', '--template', 'hubs', '--out', file('never'), '--days', '1', '--minutes', '1'], 2, 'usage'],
    [['claim', 'create', '--template', 'hubs', '--out', file('never'), '--algorithm', 'RSA'], 2, 'usage'],
    [['claim', 'create', '--out', file('never')], 2, 'usage'],
    [['ca', 'register', file('identity/server.pem')], 1, 'certificate-usage'],
    [['ca', 'delete', 'ab'], 1, 'unknown-authority'],
    [['allow-list', 'add', '--template', 'nowhere', '--value', 'x'], 1, 'unknown-template'],
    [['allow-list', 'add', '--template', 'hubs'], 2, 'usage'],
    [['revoke'], 2, 'usage'],
    [['revoke', 'abcdefgh', '--thing', 'hub-1'], 2, 'usage'],
    [['revoke', 'abcdefgh'], 1, 'unknown-certificate'],
    [['revoke', ''], 1, 'unknown-certificate'],
    [['revoke', '--thing', 'nobody'], 1, 'unknown-certificate'],
    [['activate', 'abcdefgh', '--thing', 'x'], 1, 'unknown-certificate'],
    [['readmit', 'nobody'], 1, 'not-revoked'],
  ])('%j', async (args, exitCode, code) => {
    const refused = await refusal(...args);
    expect({ exitCode: refused.exitCode, code: refused.code }).toEqual({ exitCode, code });
    expect(refused.message.length).toBeGreaterThan(15);
    expect(existsSync(file('never/claim-key.pem'))).toBe(false);
  });
});
