import { ListResourceTagsCommand, SignCommand } from '@aws-sdk/client-kms';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerKeyCommands } from '../../../cloud/cli/key.ts';
import { type CliRun, runCli } from '../../support/cli.ts';
import { createKey, idOf, refusal, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

const UNKNOWN_ID = '11111111-2222-3333-4444-555555555555';
const folder = mkdtempSync(join(tmpdir(), 'bristlecone-key-'));

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms({ nowMs: Date.now });
});
afterAll(async () => {
  await kms.stop();
  rmSync(folder, { recursive: true });
});

const key = (...args: readonly string[]): Promise<CliRun> =>
  runCli([registerKeyCommands], 'key', ...args, '--kms-endpoint', kms.server.url);

async function json(...args: readonly string[]): Promise<never> {
  const run = await key(...args, '--json');
  return JSON.parse(run.stdout) as never;
}

const stateOf = async (name: string): Promise<string> => (await json('describe', name))['state'];

const keyCount = async (): Promise<number> => ((await json('list')) as unknown[]).length;

const sign = (KeyId: string) =>
  kms.client.send(new SignCommand({ KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: Uint8Array.of(1) }));

async function tagsOf(KeyId: string): Promise<Record<string, string>> {
  const { Tags } = await kms.client.send(new ListResourceTagsCommand({ KeyId }));
  return Object.fromEntries(Tags!.map(({ TagKey, TagValue }) => [TagKey!, TagValue!]));
}

describe('key create', () => {
  it('makes a key with an alias, for people and for programs', async () => {
    const run = await key('create', '--spec', 'ML_DSA_65', '--alias', 'made', '--description', 'releases');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^Created ML_DSA_65 key arn:aws:kms:us-east-1:000000000000:key\/[0-9a-f-]{36}, alias\/made\n$/,
    );
    expect(await json('create', '--spec', 'ECC_NIST_P256', '--alias', 'alias/made-json')).toMatchObject({
      spec: 'ECC_NIST_P256',
      usage: 'SIGN_VERIFY',
      aliases: ['alias/made-json'],
      state: 'Enabled',
    });
  });

  it('makes none where the alias is taken', async () => {
    const before = await keyCount();
    const run = await key('create', '--spec', 'ML_DSA_65', '--alias', 'made');
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain('alias/made already names');
    expect(run.stderr).toContain('[already-exists]');
    expect(await keyCount()).toBe(before);
  });

  it('says which key was made where its alias is refused only then', async () => {
    const run = await key('create', '--spec', 'ML_DSA_44', '--alias', 'aws/mine');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /reserved for AWS managed keys.*The key [0-9a-f-]{36} was made and has no alias\. \[kms-refused\]/s,
    );
  });

  it.each([
    [['--spec', 'ML_DSA_99'], 2, '[unknown-key-spec]'],
    [['--spec', 'HMAC_256'], 2, '[unknown-key-spec]'],
    [[], 2, "required option '--spec <spec>' not specified"],
  ])('refuses %j', async (args, exitCode, text) => {
    const run = await key('create', ...args);
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toContain(text);
  });
});

describe('key list, describe and public', () => {
  it('list every key with its alias', async () => {
    const run = await key('list');
    expect(run.stdout).toMatch(/^alias +spec +state +key id\n/);
    expect(run.stdout).toMatch(/alias\/made +ML_DSA_65 +Enabled +[0-9a-f-]{36}/);
    const listed: { aliases: string[] }[] = await json('list');
    expect(listed.map((it) => it.aliases).flat()).toContain('alias/made-json');
  });

  it('say everything of one key', async () => {
    await sign('alias/made');
    const run = await key('describe', 'made');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const text = run.stdout.replaceAll(/ +/g, ' ');
    for (const line of [
      'alias alias/made\n',
      'spec ML_DSA_65\n',
      'for SIGN_VERIFY (ML_DSA_SHAKE_256)\n',
      'state Enabled\n',
      'last use Sign, 20',
      'description releases\n',
    ])
      expect(text).toContain(line);
    expect(await json('describe', 'made-json')).toMatchObject({
      algorithms: ['ECDSA_SHA_256'],
      origin: 'AWS_KMS',
      multiRegion: false,
      tags: {},
      lastUse: 'never',
      notRead: [],
    });
  });

  it('name a key by alias, id and ARN', async () => {
    const { keyId, keyArn }: { keyId: string; keyArn: string } = await json('describe', 'alias/made');
    for (const name of [keyId, keyArn, 'made', 'arn:aws:kms:us-east-1:000000000000:alias/made'])
      expect(await json('describe', name)).toMatchObject({ keyId });
  });

  it('give the public key', async () => {
    const out = join(folder, 'made.pem');
    expect(await key('public', 'made', '--out', out)).toMatchObject({ exitCode: 0 });
    expect(createPublicKey(readFileSync(out, 'utf8')).asymmetricKeyType).toBe('ml-dsa-65');
    expect((await key('public', 'made', '--format', 'raw')).bytes).toHaveLength(1952);
    expect((await key('public', 'made', '--format', 'x')).stderr).toContain('pem, der, cose, jwk, raw');
  });

  it('say what is not there, and where to look', async () => {
    for (const name of ['none', UNKNOWN_ID]) {
      const run = await key('describe', name);
      expect(run.exitCode).toBe(1);
      expect(run.stderr).toContain('`bristlecone key list` shows the keys there are');
      expect(run.stderr).toContain('[key-not-found]');
    }
  });
});

describe('key disable, enable, delete and undelete', () => {
  it('move a key through its states, each saying the next step', async () => {
    await createKey(kms.client, 'ML_DSA_44');
    const { keyId }: { keyId: string } = await json('create', '--spec', 'ML_DSA_44', '--alias', 'moved');
    const disabled = await key('disable', 'moved');
    expect(disabled.stdout).toBe(
      `ML_DSA_44 key ${keyId} is Disabled. Undo it with \`bristlecone key enable ${keyId}\`.\n`,
    );
    expect(await refusal(sign(keyId))).toMatchObject({ name: 'DisabledException' });
    expect((await key('enable', 'moved')).stdout).toBe(`ML_DSA_44 key ${keyId} is Enabled.\n`);

    const deleted = await key('delete', 'moved', '--days', '7');
    expect(deleted.stdout).toMatch(
      /^ML_DSA_44 key \S+ will be deleted on 20\S+Z\. Nothing can be signed with it from now on/,
    );
    expect(deleted.stdout).toContain(`\`bristlecone key undelete ${keyId}\``);
    expect(await stateOf('moved')).toBe('PendingDeletion');
    expect((await key('describe', 'moved')).stdout).toMatch(/state +PendingDeletion, gone on 20/);

    expect((await key('undelete', keyId)).stdout).toContain(
      `is Disabled. To sign with it: \`bristlecone key enable ${keyId}\``,
    );
    await key('enable', keyId);
    await sign(keyId);
  });

  it('are told to programs', async () => {
    const { keyId }: { keyId: string } = await json('create', '--spec', 'ML_DSA_44');
    expect(await json('disable', keyId)).toEqual({ keyId, spec: 'ML_DSA_44', state: 'Disabled' });
    const deleted: { deletionAt: string } = await json('delete', keyId);
    expect(deleted).toMatchObject({ keyId, state: 'PendingDeletion' });
    const days = (Date.parse(deleted.deletionAt) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
  });

  it.each([
    [['delete', 'moved', '--days', '6'], 2, '--days: expected 7 to 30 days, got "6" [usage]'],
    [['delete', 'moved', '--days', '31'], 2, '[usage]'],
    [['delete', 'moved', '--days', 'x'], 2, '[usage]'],
    [['undelete', 'moved'], 1, 'is not pending deletion'],
    [['enable', 'none'], 1, '[key-not-found]'],
    [['delete'], 2, "missing required argument 'key'"],
  ])('refuse %j', async (args, exitCode, text) => {
    const run = await key(...args);
    expect(run).toMatchObject({ exitCode, stdout: '' });
    expect(run.stderr).toContain(text);
  });
});

describe('key rotate', () => {
  it('puts a new key behind the alias, keeps the old one, and says that it is never done by itself', async () => {
    const before: { keyId: string } = await json(
      'create',
      '--spec',
      'ECC_NIST_P256',
      '--alias',
      'fleet',
      '--description',
      'fleet of pumps',
    );
    const run = await key('rotate', 'fleet', '--spec', 'ML_DSA_65', '--keep-days', '10');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const after: { keyId: string; tags: Record<string, string> } = await json('describe', 'fleet');
    const keepUntil = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
    expect(run.stdout.split('\n')).toEqual([
      `alias/fleet names the new ML_DSA_65 key ${after.keyId}.`,
      `The old ECC_NIST_P256 key ${before.keyId} is kept for verification until ${keepUntil} (tagged, still Enabled).`,
      'Before you sign with the new key, see that devices trust it: `bristlecone key public` gives its public part.',
      'KMS rotates no asymmetric key by itself: the next rotation is yours as well.',
      '',
    ]);
    expect(after).toMatchObject({ spec: 'ML_DSA_65', description: 'fleet of pumps' });
    expect(after.tags).toEqual({ 'bristlecone:replaces': before.keyId });
    expect(await tagsOf(before.keyId)).toEqual({
      'bristlecone:replaced-by': after.keyId,
      'bristlecone:keep-for-verification-until': keepUntil,
    });
    expect(await stateOf(before.keyId)).toBe('Enabled');
  });

  it('is told to programs, and can be done again', async () => {
    const rotation: { before: { spec: string }; after: { keyId: string; aliases: string[] } } = await json(
      'rotate',
      'alias/fleet',
      '--spec',
      'ML_DSA_87',
      '--description',
      'another',
    );
    expect(rotation).toMatchObject({
      alias: 'alias/fleet',
      before: { spec: 'ML_DSA_65', aliases: [] },
      after: { spec: 'ML_DSA_87', aliases: ['alias/fleet'], description: 'another' },
    });
    expect(await json('describe', 'fleet')).toMatchObject({ keyId: rotation.after.keyId });
  });

  it.each([
    [['none', '--spec', 'ML_DSA_65'], 1, '[key-not-found]'],
    [[UNKNOWN_ID, '--spec', 'ML_DSA_65'], 1, '[alias-needed]'],
    [['fleet', '--spec', 'SYMMETRIC_DEFAULT'], 2, '[unknown-key-spec]'],
    [['fleet', '--spec', 'ML_DSA_65', '--keep-days', '0'], 2, '[usage]'],
    [['fleet'], 2, "required option '--spec <spec>' not specified"],
  ])('refuses %j and makes no key', async (args, exitCode, text) => {
    const before = await keyCount();
    const run = await key('rotate', ...args);
    expect(run).toMatchObject({ exitCode, stdout: '' });
    expect(run.stderr).toContain(text);
    expect(await keyCount()).toBe(before);
  });
});

describe('every key command', () => {
  it.each(['create', 'list', 'describe', 'public', 'disable', 'enable', 'delete', 'undelete', 'rotate'])(
    '%s has help with examples, and --json',
    async (name) => {
      const { exitCode, stdout } = await key(name, '--help');
      expect(exitCode).toBe(0);
      expect(stdout).toContain('Examples:\n  $ bristlecone key ');
      expect(stdout).toContain('--json');
    },
  );

  it('says where a KMS that is not there could be', async () => {
    const run = await runCli([registerKeyCommands], 'key', 'list', '--kms-endpoint', 'http://127.0.0.1:1');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('Is the endpoint right, and is the KMS running');
  });

  it('is told as JSON what was refused', async () => {
    expect(await json('describe', idOf(UNKNOWN_ID))).toMatchObject({ error: { code: 'key-not-found' } });
  });
});
