import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerPostureCommands } from '../../../cloud/cli/posture.ts';
import { runCli } from '../../support/cli.ts';
import { createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { fault, ok, startFakeKms } from '../../support/fake-kms.ts';
import { selfSigned, startTcp, startTls } from '../../support/tls-servers.ts';
import { signEvent, trailDocument } from '../../support/trail.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-posture-'));
const at = (name: string): string => join(folder, name);
const posture = (...args: readonly string[]) => runCli([registerPostureCommands], 'posture', ...args);

let kms: TestKms;
let withKms: readonly string[];
beforeAll(async () => {
  kms = await startTestKms({ trailFolder: at('trail') });
  withKms = ['--kms-endpoint', kms.server.url, '--data', at('data')];
  await createKey(kms.client, 'ML_DSA_65');
  const old = await createKey(kms.client, 'ECC_NIST_P256');
  await kms.client.send(
    new CreateKeyCommand({
      KeySpec: 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
      Tags: [{ TagKey: 'use', TagValue: 'firmware' }],
    }),
  );
  await kms.client.send(new SignCommand({ KeyId: old, Message: Uint8Array.of(1), SigningAlgorithm: 'ECDSA_SHA_256' }));
});
afterAll(async () => {
  await kms.stop();
  rmSync(folder, { recursive: true });
});

const SUBCOMMANDS = ['inventory', 'tls', 'clients', 'audit', 'policy', 'handshakes'];

describe('posture', () => {
  it.each(SUBCOMMANDS)('%s has help with examples, and --json', async (name) => {
    const { exitCode, stdout } = await posture(name, '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout).toContain(`$ bristlecone posture ${name}`);
  });
});

describe('posture inventory', () => {
  it('prints a table with the key to replace first on top', async () => {
    const { exitCode, stdout } = await posture('inventory', ...withKms);
    expect(exitCode).toBe(0);
    const [, first] = stdout.split('\n');
    expect(first).toMatch(/^critical .*RSA_2048/);
    expect(stdout).toContain('3 keys of 000000000000 in us-east-1: 1 critical, 1 medium, 1 none.');
  });

  it('writes a valid CBOM, a CSV and a page', async () => {
    for (const form of ['cbom', 'csv', 'html']) {
      const { stdout } = await posture('inventory', '--format', form, '--out', at(form), ...withKms);
      expect(stdout).toBe(`Wrote 3 keys to ${at(form)}\n`);
    }
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(readFileSync(at('cbom'), 'utf8'))).toBeNull();
    expect(readFileSync(at('csv'), 'utf8').trimEnd().split('\n')).toHaveLength(4);
    expect(readFileSync(at('html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('ends with 1 and says what is missing where it is partial', async () => {
    const fake = await startFakeKms((operation) =>
      operation === 'ListKeys'
        ? ok({ Keys: [{ KeyId: 'k', KeyArn: 'arn:aws:kms:r:1:key/k' }] })
        : fault('AccessDeniedException'),
    );
    const args = ['--kms-endpoint', fake.url, '--data', at('data')];
    const people = await posture('inventory', ...args);
    const { exitCode, stdout } = await posture('inventory', '--json', ...args);
    await fake.close();
    expect(people).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^missing: .*\[access-denied\]$/m) });
    expect(people.stdout).toContain('Partial:');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ partial: true, keys: [{ risk: 'high' }], gaps: [{}, {}, {}, {}] });
  });

  it.each<[name: string, args: readonly string[], exitCode: number, code: string]>([
    ['an unknown form', ['--format', 'pdf'], 2, 'usage'],
    ['a form of every object', ['--format', 'constructor'], 2, 'usage'],
    ['no rate', ['--rate', '0'], 2, 'usage'],
    ['a KMS that is down', ['--kms-endpoint', 'http://127.0.0.1:1'], 1, 'not-reachable'],
  ])('refuses %s', async (_name, args, exitCode, code) => {
    const run = await posture('inventory', '--json', '--data', at('data'), '--kms-endpoint', kms.server.url, ...args);
    expect(run.exitCode).toBe(exitCode);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code } });
  });
});

describe('posture audit', () => {
  it('closes the loop: what the KMS wrote, joined with what it is asked live, or with an inventory', async () => {
    const { stdout } = await posture('inventory', '--json', ...withKms);
    writeFileSync(at('keys.json'), stdout);
    for (const specs of [['--live'], ['--inventory', at('keys.json')], []]) {
      const { exitCode, stdout: found } = await posture('audit', at('trail'), '--json', ...specs, ...withKms);
      expect(exitCode).toBe(0);
      expect(JSON.parse(found)).toMatchObject({
        partial: false,
        notUpgraded: { uses: 1 },
        uses: [
          { operation: 'Sign', algorithm: 'ECDSA_SHA_256', spec: 'ECC_NIST_P256', isPostQuantum: false, count: 1 },
        ],
      });
    }
  });

  it('says that it is partial, which file is damaged, and ends with 1', async () => {
    mkdirSync(at('damaged'));
    const packed = gzipSync(trailDocument(signEvent(), signEvent()));
    writeFileSync(at('damaged/a.json.gz'), packed.subarray(0, packed.length - 20));
    writeFileSync(at('damaged/b.json'), trailDocument(signEvent()));
    const { exitCode, stdout } = await posture('audit', at('damaged'));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Partial:\n {2}.*a\.json\.gz: .*\[gzip-cut-short\]/m);
    expect(stdout).toContain('role/release');
  });

  it('prints the queries for AWS', async () => {
    const { exitCode, stdout } = await posture('audit', '--queries', '--table', 'trails.kms');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('-- CloudTrail Lake: ');
    expect(stdout).toContain('FROM trails.kms');
  });

  it.each<[name: string, args: readonly string[], exitCode: number, code: string]>([
    ['no path', [], 2, 'usage'],
    ['a path that is not there', ['nowhere'], 1, 'file-not-found'],
    ['a table that is more than a name', ['--queries', '--table', 'a;b'], 1, 'query-name'],
    ['an inventory that is none', ['.', '--inventory', 'package.json'], 1, 'inventory-invalid'],
  ])('refuses %s', async (_name, args, exitCode, code) => {
    const run = await posture('audit', '--json', ...args);
    expect(run.exitCode).toBe(exitCode);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code } });
  });
});

describe('posture tls', () => {
  it('shows what is hybrid and what is not, and with --require-hybrid ends with 1', async () => {
    const pair = await selfSigned('P-256');
    const [hybrid, classical] = [await startTls(pair), await startTls(pair, { ecdhCurve: 'P-256' })];
    const [a, b] = [`127.0.0.1:${hybrid.port}`, `127.0.0.1:${classical.port}`];
    const { exitCode, stdout } = await posture('tls', a, b);
    const required = await posture('tls', a, b, '--require-hybrid');
    const good = await posture('tls', a, '--require-hybrid', '--json');
    await Promise.all([hybrid.close(), classical.close()]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${a} +hybrid +X25519MLKEM768, TLSv1.3 `, 'm'));
    expect(stdout).toMatch(new RegExp(`^${b} +classical +P-256, TLSv1.3 `, 'm'));
    expect(stdout).toContain('ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09');
    expect(required.exitCode).toBe(1);
    expect(good.exitCode).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({
      partial: false,
      endpoints: [{ verdict: { keyExchange: 'hybrid' } }],
    });
  });

  it('ends with 1 where an endpoint is no TLS server', async () => {
    const server = await startTcp((socket) => socket.end('hello\n'));
    const { exitCode, stdout } = await posture('tls', `127.0.0.1:${server.port}`);
    await server.close();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('[not-tls]');
  });

  it.each([[['host:0']], [['127.0.0.1', '--timeout', '0']], [[]]])('refuses %j', async (args) => {
    expect((await posture('tls', ...args)).exitCode).toBe(2);
  });
});

describe('posture clients', () => {
  it('tries the clients that are wanted', async () => {
    const { exitCode, stdout } = await posture('clients', '--only', 'this one', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      partial: false,
      clients: [{ name: 'Node.js, this one', status: 'connected', verdict: { readiness: 'ready' } }],
    });
  });

  it('refuses a client that it does not know', async () => {
    expect((await posture('clients', '--only', 'netscape')).exitCode).toBe(2);
  });
});

describe('posture handshakes', () => {
  it('shows what each choice costs', async () => {
    const { exitCode, stdout } = await posture('handshakes');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^P-256 +none +X25519 +315 +\d{3} +\d{4} +158$/m);
    expect(stdout).toMatch(/^ML-DSA-87 +ML-DSA-87 +X25519MLKEM768 +136\d\d +136\d\d +27\d{3} +158$/m);
    expect(JSON.parse((await posture('handshakes', '--tickets', '--json')).stdout)).toMatchObject({
      tickets: true,
      how: 'measured',
    });
  });
});

describe('posture policy', () => {
  it('writes a policy, and says what it denies', async () => {
    const written = await posture('policy', '--out', at('scp.json'));
    expect(written).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Next: bristlecone posture policy --check'),
    });
    const { exitCode, stdout } = await posture('policy', '--check', at('scp.json'), 'ECC_NIST_P256');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^kms:Sign +ECDSA_SHA_256 +denied: DenyClassicalSignatures +not denied$/m);
    expect(stdout).toMatch(/^kms:Verify +ECDSA_SHA_256 +not denied +not denied$/m);
  });

  it('prints the AWS IoT policy of a device, and of a claim', async () => {
    const device = await posture('policy', '--iot', '--region', 'eu-central-1');
    expect(JSON.parse(device.stdout)).toMatchObject({ Statement: [{ Action: 'iot:Connect' }, {}, {}] });
    expect(device.stdout).toContain('arn:aws:iot:eu-central-1:111122223333:client/${iot:Connection.Thing.ThingName}');
    const claim = await posture('policy', '--iot', 'claim', '--template', 'hubs', '--out', at('claim.json'));
    expect(claim.stdout).toContain(
      `Next: aws iot create-policy --policy-name NAME --policy-document file://${at('claim.json')}`,
    );
    expect(readFileSync(at('claim.json'), 'utf8')).not.toContain('/things/');
  });

  it('ends with 1 where it cannot tell', async () => {
    const Statement = {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
    };
    writeFileSync(at('org.json'), JSON.stringify({ Version: '2012-10-17', Statement }));
    const { exitCode, stdout } = await posture('policy', '--check', at('org.json'), 'ML_DSA_65');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('cannot be told');
  });

  it.each<[name: string, args: readonly string[], exitCode: number, code: string]>([
    ['another type', ['--type', 'rcp'], 2, 'usage'],
    ['a spec without --check', ['RSA_2048'], 2, 'usage'],
    ['--check without a spec', ['--check', 'package.json'], 2, 'usage'],
    ['a document that is no policy', ['--check', 'package.json', 'RSA_2048'], 1, 'policy-invalid'],
    ['a document that is not there', ['--check', 'nowhere.json', 'RSA_2048'], 1, 'file-not-found'],
    ['a tag without value', ['--exception-tag', 'x'], 1, 'policy-wish'],
    ['a key policy without account', ['--type', 'key'], 1, 'policy-wish'],
    ['a kind of device that there is not', ['--iot', 'toaster'], 2, 'usage'],
    ['a claim without a template', ['--iot', 'claim'], 2, 'usage'],
    ['a device with one', ['--iot', 'device', '--template', 'hubs'], 2, 'usage'],
    ['a name that no template has', ['--iot', 'claim', '--template', 'a/b'], 2, 'usage'],
    ['what is no account', ['--iot', '--account', '1'], 2, 'usage'],
    ['what is no region', ['--iot', '--region', 'x'], 2, 'usage'],
    ['a classical exception', ['--allow', 'RSA_2048'], 1, 'policy-wish'],
  ])('refuses %s', async (_name, args, exitCode, code) => {
    const run = await posture('policy', '--json', ...args);
    expect(run.exitCode).toBe(exitCode);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code } });
  });
});
