import {
  CreateAliasCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  paginateListAliases,
  paginateListKeys,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdateAliasCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keySpec, signingAlgorithmsOf } from '../../../cloud/kms/key-specs.ts';
import { NO_HSM } from '../../../cloud/kms/records.ts';
import {
  createKey,
  idOf,
  refusal,
  sign,
  SIGNING_SPEC_NAMES,
  startTestKms,
  type TestKms,
} from '../../support/embedded-kms.ts';

let kms: TestKms;
beforeEach(async () => {
  kms = await startTestKms();
});
afterEach(() => kms.stop());

const keyFile = (arn: string): string => join(kms.folder, 'keys', `${idOf(arn)}.json`);

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

const notJson = (bytes: number): string =>
  `not one whole JSON text (${bytes} bytes): cut short, or not a file of the embedded KMS`;

async function listAll(): Promise<{ keys: string[]; aliases: [string, string][] }> {
  const keys: string[] = [];
  const aliases: [string, string][] = [];
  for await (const page of paginateListKeys({ client: kms.client }, {})) {
    keys.push(...page.Keys!.map(({ KeyArn }) => KeyArn!));
  }
  for await (const page of paginateListAliases({ client: kms.client }, {})) {
    aliases.push(...page.Aliases!.map(({ AliasName, TargetKeyId }): [string, string] => [AliasName!, TargetKeyId!]));
  }
  return { keys, aliases };
}

describe('a restart', () => {
  it.each(SIGNING_SPEC_NAMES)('keeps a %s key, and what it signed before', async (spec) => {
    const KeyId = await createKey(kms.client, spec);
    const SigningAlgorithm = signingAlgorithmsOf(keySpec(spec)!)[0]!.name;
    const input = { KeyId, SigningAlgorithm, Message: Uint8Array.of(1, 2, 3) } as const;
    const Signature = await sign(kms.client, input);
    const before = await kms.client.send(new GetPublicKeyCommand({ KeyId }));

    kms = await kms.restart();
    const after = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
    expect({ ...after, $metadata: {} }).toEqual({ ...before, $metadata: {} });
    expect((await kms.client.send(new VerifyCommand({ ...input, Signature }))).SignatureValid).toBe(true);
    expect((await kms.client.send(new SignCommand(input))).Signature).toBeDefined();
  });

  it('keeps metadata, tags and aliases, where they point now', async () => {
    const [first, second] = [await createKey(kms.client, 'ML_DSA_44'), await createKey(kms.client, 'ML_DSA_65')];
    await kms.client.send(new TagResourceCommand({ KeyId: first, Tags: [{ TagKey: 'team', TagValue: 'iot' }] }));
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/release', TargetKeyId: first }));
    await kms.client.send(new UpdateAliasCommand({ AliasName: 'alias/release', TargetKeyId: second }));
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: first }));
    const describeFirst = async () => (await kms.client.send(new DescribeKeyCommand({ KeyId: first }))).KeyMetadata;
    const [listed, described] = [await listAll(), await describeFirst()];

    kms = await kms.restart();
    expect(await listAll()).toEqual(listed);
    expect(listed.aliases).toEqual([['alias/release', idOf(second)]]);
    expect(await describeFirst()).toEqual(described);
  });

  it('deletes a key whose time has come for good, with its aliases and no others', async () => {
    const [gone, kept] = [await createKey(kms.client, 'ML_DSA_44'), await createKey(kms.client, 'ML_DSA_44')];
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/gone', TargetKeyId: gone }));
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: kept }));
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: gone, PendingWindowInDays: 7 }));
    kms.clock.nowMs += 8 * 86_400_000;

    kms = await kms.restart();
    expect(await listAll()).toEqual({ keys: [kept], aliases: [['alias/kept', idOf(kept)]] });
    await expect(stat(keyFile(gone))).rejects.toThrow('ENOENT');
    expect(await readdir(join(kms.folder, 'aliases'))).toHaveLength(1);
  });

  it('finds each of 200 keys and aliases made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 200 }, async (_, i): Promise<[string, string]> => {
        const KeyId = await createKey(kms.client, 'ECC_NIST_P256');
        await kms.client.send(new CreateAliasCommand({ AliasName: `alias/made-${i}`, TargetKeyId: KeyId }));
        return [`alias/made-${i}`, idOf(KeyId)];
      }),
    );
    kms = await kms.restart();
    expect(kms.server.notices).toHaveLength(1);
    const { keys, aliases } = await listAll();
    expect(new Set(keys.map(idOf))).toEqual(new Set(made.map(([, keyId]) => keyId)));
    expect(new Map(aliases)).toEqual(new Map(made));
    expect(keys).toHaveLength(200);
  });
});

describe('the files', () => {
  it('are for their owner alone and say that this is no HSM', async () => {
    const arn = await createKey(kms.client, 'ML_DSA_65');
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/release', TargetKeyId: arn }));
    const [alias] = await readdir(join(kms.folder, 'aliases'));
    expect(await modeOf(keyFile(arn))).toBe('600');
    expect(await modeOf(join(kms.folder, 'aliases', alias!))).toBe('600');
    expect(await modeOf(join(kms.folder, 'keys'))).toBe('700');
    expect(await modeOf(join(kms.folder, 'aliases'))).toBe('700');
    expect(JSON.parse(await readFile(keyFile(arn), 'utf8'))).toMatchObject({ warning: NO_HSM, keySpec: 'ML_DSA_65' });
  });

  it('that are no keys are named, left as they are, and keep no other from being served', async () => {
    const [whole, cut, swapped, misplaced] = await Promise.all(
      Array.from({ length: 4 }, () => createKey(kms.client, 'ML_DSA_44')),
    );
    const text = await readFile(keyFile(cut!), 'utf8');
    const otherId = '11111111-2222-3333-4444-555555555555';
    const inKeys = (name: string): string => join(kms.folder, 'keys', name);
    const otherPrivateKey = JSON.parse(await readFile(keyFile(whole!), 'utf8')).privateKey;
    const swappedRecord = { ...JSON.parse(await readFile(keyFile(swapped!), 'utf8')), privateKey: otherPrivateKey };

    await writeFile(keyFile(cut!), text.slice(0, text.length / 2));
    await writeFile(keyFile(swapped!), JSON.stringify(swappedRecord));
    await writeFile(inKeys(`${otherId}.json`), await readFile(keyFile(misplaced!), 'utf8'));
    await writeFile(inKeys('notes.txt'), 'remember the milk');
    await writeFile(inKeys('empty.json'), '');
    await writeFile(inKeys('foreign.json'), '{"format":"something else"}');
    await writeFile(inKeys('large.json'), new Uint8Array(1_048_577));
    await mkdir(inKeys('folder.json'));
    await writeFile(join(kms.folder, 'aliases', 'broken.json'), '{}');

    kms = await kms.restart();
    const reasons = new Map(
      kms.server.notices.slice(1).map((notice): [string, string] => {
        const [, file, reason] = /^Not served: .*[/\\]([^/\\:]+): (.*)$/.exec(notice)!;
        return [file!, reason!];
      }),
    );
    expect(Object.fromEntries(reasons)).toEqual({
      [`${idOf(cut!)}.json`]: notJson(Math.floor(text.length / 2)),
      [`${idOf(swapped!)}.json`]: 'the private key does not belong to the public key',
      [`${otherId}.json`]: 'the file name is not that of its record',
      'notes.txt': notJson(17),
      'empty.json': notJson(0),
      'foreign.json': expect.stringContaining("Value 'something else' at 'format'"),
      'large.json': 'expected at most 1048576 bytes, got 1048577',
      'folder.json': expect.stringContaining('EISDIR'),
      'broken.json': expect.stringContaining("Value null at 'format'"),
    });
    expect(new Set((await listAll()).keys)).toEqual(new Set([whole, misplaced]));
    expect(await readdir(join(kms.folder, 'keys'))).toHaveLength(10);

    const damaged = await refusal(kms.client.send(new DescribeKeyCommand({ KeyId: cut })));
    expect(damaged.name).toBe('KMSInvalidStateException');
    expect(damaged.message).toContain(`${cut} is unavailable: ${keyFile(cut!)}: not one whole JSON text`);
  });

  it('cut at any byte are refused without quoting the private key', async () => {
    const arn = await createKey(kms.client, 'ML_DSA_44');
    const text = await readFile(keyFile(arn), 'utf8');
    const { privateKey } = JSON.parse(text);
    let cuts = 0;
    for (let length = text.length - 120; length < text.length - 2; length += 7) {
      await writeFile(keyFile(arn), text.slice(0, length));
      kms = await kms.restart();
      expect(kms.server.notices).toHaveLength(2);
      for (let i = 0; i + 8 < privateKey.length; i++)
        expect(kms.server.notices[1]).not.toContain(privateKey.slice(i, i + 8));
      cuts += 1;
    }
    expect(cuts).toBe(17);
  });

  it('that were never finished are removed', async () => {
    const arn = await createKey(kms.client, 'ML_DSA_44');
    await writeFile(`${keyFile(arn)}.tmp`, '{"format":');
    kms = await kms.restart();
    expect(await readdir(join(kms.folder, 'keys'))).toEqual([`${idOf(arn)}.json`]);
    expect((await listAll()).keys).toEqual([arn]);
  });

  it('that cannot be written are a fault, and the key does not exist', async () => {
    const errors: unknown[] = [];
    await kms.stop();
    kms = await startTestKms({ onInternalError: (_operation, error) => errors.push(error) });
    await rm(join(kms.folder, 'keys'), { recursive: true });
    expect(await refusal(createKey(kms.client, 'ML_DSA_44'))).toMatchObject({
      name: 'KMSInternalException',
      status: 500,
    });
    expect(errors).toHaveLength(1);
    expect(await listAll()).toEqual({ keys: [], aliases: [] });
  });
});
