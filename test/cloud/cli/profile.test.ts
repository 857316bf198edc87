import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, CreateKeyCommand, type KeySpec, KMSClient } from '@aws-sdk/client-kms';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDataFolder, writeEndpoints } from '../../../cloud/cli/data-folder.ts';
import { registerProfileCommands } from '../../../cloud/cli/profile.ts';
import { registerReleaseCommands } from '../../../cloud/cli/release.ts';
import { type EmbeddedCloud, startEmbeddedCloud } from '../../../cloud/embedded.ts';
import { RULE_SET_NAMES } from '../../../cloud/profiles/profile.ts';
import { decodeSign1 } from '../../../protocol/cose/sign1.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { decodeManifest } from '../../../protocol/suit/manifest.ts';
import { runCli } from '../../support/cli.ts';

const data = mkdtempSync(join(tmpdir(), 'bristlecone-agility-'));
const file = (name: string): string => join(data, name);
const log = { info: () => {}, warn: () => {}, error: () => {} };
const anybody = { region: 'us-east-1', credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } };

let cloud: EmbeddedCloud;
let kms: KMSClient;
let ssm: SSMClient;

const KEYS: readonly [alias: string, spec: KeySpec][] = [
  ['release-44', 'ML_DSA_44'],
  ['release-65', 'ML_DSA_65'],
  ['release-87', 'ML_DSA_87'],
  ['legacy', 'ECC_NIST_P256'],
];

beforeAll(async () => {
  for (const name of ['AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL_SSM', 'AWS_ENDPOINT_URL_SECRETS_MANAGER'])
    vi.stubEnv(name, undefined);
  cloud = await startEmbeddedCloud({ dataFolder: data, host: '127.0.0.1', kmsPort: 0, mqttPort: 0, log });
  writeEndpoints(openDataFolder(data), { pid: process.pid, kms: cloud.kms, mqtt: cloud.mqtt, data });
  kms = new KMSClient({ endpoint: cloud.kms, ...anybody });
  ssm = new SSMClient({ endpoint: cloud.kms, ...anybody });
  for (const [alias, KeySpec] of KEYS) {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }));
    await kms.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId: KeyMetadata!.KeyId }));
  }
  writeFileSync(file('fw.bin'), new Uint8Array(5_000).fill(7));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  kms.destroy();
  ssm.destroy();
  await cloud[Symbol.asyncDispose]();
  rmSync(data, { recursive: true });
});

const profile = (command: string, ...args: readonly string[]) =>
  runCli([registerProfileCommands], 'profile', command, ...args, ...(command === 'list' ? [] : ['--data', data]));

/** So long that the text is worth severing: its digest in SHA-384 is shorter. */
const CLASS = 'gateway of the second generation, with two radios';
let sequence = 0;
const release = (...signing: readonly string[]) => {
  sequence += 1;
  const named = [
    '--version',
    `1.${sequence}.0`,
    '--sequence',
    String(sequence),
    '--vendor',
    'example.com',
    '--class',
    CLASS,
  ];
  const files = ['--image', file('fw.bin'), '--out', file('fw.suit'), '--data', data];
  return runCli([registerReleaseCommands], 'release', 'create', ...named, ...files, ...signing, '--json');
};

/** The first signature of the envelope that was made last. */
const signatureMade = (): Uint8Array =>
  decodeSign1(decodeEnvelope(new Uint8Array(readFileSync(file('fw.suit')))).blocks[0]!, { at: 'block' }).signature;

const putParameter = (Value: object) =>
  ssm.send(
    new PutParameterCommand({ Name: '/fleet/signing', Value: JSON.stringify(Value), Type: 'String', Overwrite: true }),
  );
const errorOf = (run: { readonly stdout: string }) => JSON.parse(run.stdout).error;

describe('crypto agility', () => {
  it('moves the next release to another algorithm by one parameter, and the same command', async () => {
    const command = ['--profile', 'ssm:/fleet/signing'];
    const fields = { name: 'hubs', hybrid: false, digest: 'SHA-256' };
    await putParameter({ ...fields, rules: 'small', algorithms: ['ML-DSA-44'], keys: { 'ML-DSA-44': 'release-44' } });
    const before = await release(...command);
    expect(JSON.parse(before.stdout)).toMatchObject({ algorithms: ['ML-DSA-44'], profile: 'hubs', rules: 'small' });
    expect(signatureMade()).toHaveLength(2_420);

    await putParameter({
      ...fields,
      rules: 'balanced',
      algorithms: ['ML-DSA-65'],
      keys: { 'ML-DSA-65': 'release-65' },
    });
    const after = await release(...command);
    expect(JSON.parse(after.stdout)).toMatchObject({ algorithms: ['ML-DSA-65'], profile: 'hubs', rules: 'balanced' });
    expect(signatureMade()).toHaveLength(3_309);
  });

  it.each([
    { from: 'small', keys: ['ML-DSA-44=release-44'], digest: -16, digestBytes: 32, blocks: 1 },
    { from: 'balanced', keys: ['ML-DSA-65=alias/release-65'], digest: -16, digestBytes: 32, blocks: 1 },
    { from: 'cnsa-2.0', keys: ['ML-DSA-87=release-87'], digest: -43, digestBytes: 48, blocks: 1 },
    { from: 'hybrid', keys: ['ES256=legacy', 'ML-DSA-65=release-65'], digest: -16, digestBytes: 32, blocks: 2 },
  ])('signs a release by $from', async ({ from, keys, digest, digestBytes, blocks }) => {
    const target = `secretsmanager:fleet-${from}`;
    const put = await profile('put', target, '--from', from, ...keys.flatMap((key) => ['--key', key]));
    expect(put).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await profile('check', target)).toMatchObject({ exitCode: 0, stderr: '' });
    const made = await release('--profile', target);
    expect(JSON.parse(made.stdout)).toMatchObject({ profile: from, warnings: [] });
    const envelope = decodeEnvelope(new Uint8Array(readFileSync(file('fw.suit'))));
    expect(envelope.blocks).toHaveLength(blocks);
    const { text, sharedSequence } = decodeManifest(envelope.manifestBytes);
    const image = sharedSequence!.flatMap((it) => ('parameters' in it ? [it.parameters.imageDigest!] : []));
    // The manifest, the text and the image: one hash for all of them.
    const digests = [envelope.digest, text?.severed === true ? text.digest : undefined, ...image];
    expect(digests.map((it) => [it?.algorithmId, it?.bytes.length])).toEqual(digests.map(() => [digest, digestBytes]));
    expect(digests).toHaveLength(3);
  });

  it('keeps the name of the profile with the release', async () => {
    await profile('put', 'ssm:/fleet/named', '--from', 'small', '--key', 'ML-DSA-44=release-44', '--name', 'gateways');
    await release('--profile', 'ssm:/fleet/named');
    const { stdout } = await runCli([registerReleaseCommands], 'release', 'list', '--data', data, '--json');
    expect(JSON.parse(stdout).at(-1)).toMatchObject({ profile: 'gateways' });
    const byKey = JSON.parse((await release('--key', 'release-44')).stdout);
    expect(byKey).not.toHaveProperty('profile');
  });

  it('is told of keys or of a profile, never of both', async () => {
    const neither = await release();
    const both = await release('--key', 'release-44', '--profile', 'ssm:/fleet/signing');
    for (const run of [neither, both]) expect([run.exitCode, errorOf(run).code]).toEqual([2, 'usage']);
  });
});

describe('a release', () => {
  const base = { name: 'x', rules: 'small', algorithms: ['ML-DSA-44'], keys: { 'ML-DSA-44': 'release-44' } };
  const good = { ...base, hybrid: false, digest: 'SHA-256' };
  const hybrid = { ...good, rules: 'hybrid', algorithms: ['ES256', 'ML-DSA-65'], hybrid: true };

  const hostile: readonly [name: string, profile: object, code: string][] = [
    ['a field that nobody knows', { ...good, threshold: 2 }, 'wrong-shape'],
    ['an unknown algorithm', { ...good, algorithms: ['ML-DSA-99'] }, 'unsupported-algorithm'],
    ['an alias that is not there', { ...good, keys: { 'ML-DSA-44': 'nobody' } }, 'key-not-found'],
    ['a key of another algorithm', { ...good, keys: { 'ML-DSA-44': 'release-65' } }, 'profile-key-mismatch'],
    ['cnsa-2.0 with ML-DSA-44', { ...good, rules: 'cnsa-2.0', digest: 'SHA-384' }, 'profile-algorithm-refused'],
    [
      'cnsa-2.0 with SHA-256',
      { ...good, rules: 'cnsa-2.0', algorithms: ['ML-DSA-87'], keys: { 'ML-DSA-87': 'release-87' } },
      'profile-digest-refused',
    ],
    ['hybrid with one key', { ...hybrid, keys: { ES256: 'legacy' } }, 'profile-key-missing'],
    [
      'hybrid with one key for both',
      { ...hybrid, keys: { ES256: 'legacy', 'ML-DSA-65': 'legacy' } },
      'profile-key-mismatch',
    ],
    [
      'hybrid with one algorithm',
      { ...hybrid, algorithms: ['ES256'], keys: { ES256: 'legacy' } },
      'profile-algorithm-missing',
    ],
  ];

  it.each(hostile)('is not made by a profile with %s', async (_name, value, code) => {
    await putParameter(value);
    rmSync(file('fw.suit'), { force: true });
    const run = await release('--profile', 'ssm:/fleet/signing');
    expect([run.exitCode, errorOf(run).code]).toEqual([1, code]);
    expect(() => readFileSync(file('fw.suit'))).toThrow('ENOENT');
  });

  it('was refused as often as there are cases', () => {
    expect(hostile).toHaveLength(9);
  });

  it('is not made without its profile', async () => {
    for (const source of ['ssm:/nothing', 'secretsmanager:nothing', file('nothing.json')])
      expect(errorOf(await release('--profile', source)).code).toBe('profile-not-found');
  });
});

describe('bristlecone profile', () => {
  it('puts what it says, and shows it', async () => {
    const args = [
      '--from',
      'cnsa-2.0',
      '--key',
      'ML-DSA-87=release-87',
      '--digest',
      'SHA-512',
      '--block-bytes',
      '1024',
    ];
    await profile('put', 'ssm:/fleet/shown', ...args, '--name', 'hubs');
    const expected = {
      name: 'hubs',
      rules: 'cnsa-2.0',
      algorithms: ['ML-DSA-87'],
      keys: { 'ML-DSA-87': 'release-87' },
      hybrid: false,
      digest: 'SHA-512',
      blockBytes: 1024,
    };
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/fleet/shown' }));
    expect(JSON.parse(Parameter!.Value!)).toEqual(expected);
    for (const json of [[], ['--json']])
      expect(JSON.parse((await profile('show', 'ssm:/fleet/shown', ...json)).stdout)).toEqual(expected);
  });

  it('copies one to another place, with what is changed', async () => {
    await profile('put', file('a.json'), '--from', 'small', '--key', 'ML-DSA-44=release-44');
    await profile('put', 'ssm:/fleet/copy', '--from', file('a.json'), '--name', 'copy');
    expect(JSON.parse((await profile('show', 'ssm:/fleet/copy')).stdout)).toMatchObject({
      name: 'copy',
      keys: { 'ML-DSA-44': 'release-44' },
    });
  });

  it('checks the rules, and then the keys', async () => {
    await profile('put', file('b.json'), '--from', 'balanced', '--key', 'ML-DSA-65=release-44');
    expect(await profile('check', file('b.json'), '--rules-only')).toMatchObject({ exitCode: 0 });
    expect((await profile('check', file('b.json'))).stderr).toContain('[profile-key-mismatch]');
    writeFileSync(
      file('b.json'),
      readFileSync(file('b.json'), 'utf8').replace('"rules": "balanced"', '"rules": "cnsa-2.0"'),
    );
    const run = await profile('check', file('b.json'));
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('expected ML-DSA-87, got ML-DSA-65 [profile-algorithm-refused]');
    expect(run.stdout).toContain('expected SHA-384 or SHA-512, got SHA-256 [profile-digest-refused]');
    expect(run.stdout).toContain('The rules of cnsa-2.0: CNSA 2.0 takes ML-DSA-87 only');
    const json = JSON.parse((await profile('check', file('b.json'), '--json')).stdout);
    expect(json).toMatchObject({ allowed: false, violations: [{ at: 'algorithms' }, { at: 'digest' }] });
  });

  it('lists the rule sets with their reasons', async () => {
    const { stdout } = await profile('list');
    for (const name of RULE_SET_NAMES) expect(stdout).toContain(name);
    expect(JSON.parse((await profile('list', '--json')).stdout)).toHaveLength(RULE_SET_NAMES.length);
  });

  it.each<[name: string, args: readonly string[], exitCode: number, code: string]>([
    ['a key without its algorithm', ['--from', 'small', '--key', 'release-44'], 2, 'usage'],
    ['a key of an unknown algorithm', ['--from', 'small', '--key', 'RSA=release-44'], 2, 'usage'],
    ['two keys of one algorithm', ['--from', 'small', '--key', 'ML-DSA-44=a', 'ML-DSA-44=b'], 2, 'usage'],
    ['a digest that is none', ['--from', 'small', '--key', 'ML-DSA-44=a', '--digest', 'MD5'], 2, 'usage'],
    ['a hint that is no number', ['--from', 'small', '--key', 'ML-DSA-44=a', '--block-bytes', 'big'], 2, 'usage'],
    ['a hint out of bounds', ['--from', 'small', '--key', 'ML-DSA-44=a', '--block-bytes', '1'], 1, 'wrong-shape'],
    ['no key', ['--from', 'small'], 1, 'profile-key-missing'],
    ['no rules', ['--key', 'ML-DSA-44=a'], 2, 'usage'],
    [
      'cnsa-2.0 with SHA-256',
      ['--from', 'cnsa-2.0', '--key', 'ML-DSA-87=a', '--digest', 'SHA-256'],
      1,
      'profile-digest-refused',
    ],
    ['rules that are no file either', ['--from', 'strong', '--key', 'ML-DSA-44=a'], 1, 'profile-not-found'],
  ])('does not put %s', async (_name, args, exitCode, code) => {
    const run = await profile('put', 'ssm:/fleet/never', ...args, '--json');
    expect([run.exitCode, errorOf(run).code]).toEqual([exitCode, code]);
    expect((await profile('show', 'ssm:/fleet/never')).stderr).toContain('[profile-not-found]');
  });

  it('asks the service that the environment names', async () => {
    await profile('put', 'ssm:/fleet/env', '--from', 'small', '--key', 'ML-DSA-44=release-44');
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', 'http://127.0.0.1:9');
    expect((await profile('show', 'ssm:/fleet/env')).stderr).toContain('Parameter Store cannot be reached');
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', 'nonsense');
    expect((await profile('show', 'ssm:/fleet/env')).stderr).toContain('[invalid-url]');
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', undefined);
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', cloud.kms);
    const elsewhere = ['profile', 'show', 'secretsmanager:fleet-small', '--data', file('empty')];
    expect((await runCli([registerProfileCommands], ...elsewhere)).exitCode).toBe(0);
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', undefined);
    expect((await runCli([registerProfileCommands], ...elsewhere)).stderr).toContain('[no-kms]');
  });
});
