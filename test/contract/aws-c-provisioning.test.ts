/**
 * AWS's own C library for fleet provisioning against our broker and service, in CBOR over mutual TLS. It is not ours to
 * keep, so this runs where AWS_C_LIBRARIES names a folder with a checkout of it: see aws-c/build-provision.sh. The bytes
 * that it sends are in test/protocol/aws-iot/provisioning.test.ts, which runs everywhere.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificateById } from '../../cloud/store/certificates.ts';
import { createTestKey, csrFor, idOf } from '../support/provisioning-service.ts';
import { type SecureCloud, startSecureCloud, TEMPLATE } from '../support/secure-cloud.ts';
import { build, describeWithLibraries } from './aws-c/libraries.ts';

const LIBRARIES = ['Fleet-Provisioning-for-AWS-IoT-embedded-sdk', 'tinycbor'];

describeWithLibraries("AWS's C library for fleet provisioning", LIBRARIES, () => {
  let folder: string;
  let cloud: SecureCloud;
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bristlecone-aws-c-'));
    cloud = await startSecureCloud();
    await build('build-provision.sh', file('provision'));
    const { certificatePem, privateKeyPem } = await cloud.createClaim();
    await writeFile(file('claim.pem'), certificatePem);
    await writeFile(file('claim-key.pem'), privateKeyPem);
    await writeFile(file('server-ca.pem'), cloud.serverCa);
  }, 120_000);
  afterAll(async () => {
    await cloud[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(serial: string, csr: string, template = TEMPLATE) {
    await writeFile(file('csr.pem'), csr);
    const files = [file('server-ca.pem'), file('claim.pem'), file('claim-key.pem')];
    const words = ['localhost', String(cloud.broker.tlsPort), ...files, template, serial];
    const child = spawn(file('provision'), [...words, file('csr.pem'), file('device.pem')]);
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { exitCode, stdout, stderr };
  }

  it('provisions itself', async () => {
    const csr = await csrFor(createTestKey());
    expect(await run('c-1', csr)).toEqual({ exitCode: 0, stdout: 'hub-c-1\n', stderr: '' });
    const id = idOf(await readFile(file('device.pem'), 'utf8'));
    expect(await certificateById(cloud.store, id)).toMatchObject({ status: 'ACTIVE', thing: 'hub-c-1' });
  });

  it('provisions itself with a key of ML-DSA, which its own TLS could not use', async () => {
    expect(await run('c-2', await csrFor(createTestKey('ML-DSA-44')))).toMatchObject({
      exitCode: 0,
      stdout: 'hub-c-2\n',
    });
  });

  it('reads our refusals', async () => {
    expect(await run('c-3', 'no request')).toEqual({ exitCode: 1, stdout: '', stderr: 'failed: InvalidParameters\n' });
    const refused = await run('x'.repeat(126), await csrFor(createTestKey()));
    expect(refused).toMatchObject({ exitCode: 1, stderr: 'failed: InvalidParameters\n' });
  });
});
