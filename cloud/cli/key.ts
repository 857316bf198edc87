/** `bristlecone key`: signing keys in KMS, real or embedded. What changes them is in key-changes.ts. */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { run, subcommand, textTable } from '../../command-line.ts';
import { toBase64 } from '../../protocol/bytes.ts';
import { formatPublicKey, KEY_FORMATS } from '../signing/key-formats.ts';
import { createKey, describeKey, type KeyDetails, type KeyEntry, listKeys, publicKeyDer } from '../signing/keys.ts';
import { registerKeyChanges } from './key-changes.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from './kms-option.ts';

export function registerKeyCommands(program: Command): void {
  const key = program.command('key').description('signing keys in AWS KMS or in the embedded KMS');
  registerCreate(key);
  registerList(key);
  registerDescribe(key);
  registerPublic(key);
  registerKeyChanges(key);
}

function registerCreate(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'create',
      summary: 'make a signing key; its private part never leaves KMS',
      examples: ['key create --spec ML_DSA_65 --alias release', 'key create --spec ECC_NIST_P256 --alias legacy'],
    }),
  )
    .requiredOption('--spec <spec>', 'KMS key spec: ML_DSA_44, ML_DSA_65, ML_DSA_87, ECC_NIST_P256, …')
    .option('--alias <name>', 'name for the key, with or without alias/')
    .option('--description <text>', 'what the key is for');
  run<KmsOptions & { spec: string; alias?: string; description?: string }>(command, async ({ options, io }) => {
    const key = await createKey(kmsClientOf(options, io.env), options);
    return { json: key, text: `Created ${key.spec} key ${key.keyArn}${key.aliases.map((it) => `, ${it}`).join('')}` };
  });
}

function registerList(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, { name: 'list', summary: 'the keys there are', examples: ['key list', 'key list --json'] }),
  );
  run<KmsOptions>(command, async ({ options, io }) => {
    const keys = await listKeys(kmsClientOf(options, io.env));
    const text =
      keys.length === 0
        ? 'No keys yet: bristlecone key create --spec ML_DSA_65 --alias release'
        : textTable(['alias', 'spec', 'state', 'key id'], keys.map(keyRow));
    return { json: keys, text };
  });
}

const keyRow = ({ keyId, spec, state, aliases }: KeyEntry) => [aliases.join(' '), spec, state, keyId];

function registerDescribe(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'describe',
      summary: 'what a key is, what it is for, when it was last used',
      examples: ['key describe release', 'key describe release --json'],
    }),
  ).argument('<key>', 'alias, key id or ARN');
  run<KmsOptions>(command, async ({ args: [name = ''], options, io }) => {
    const key = await describeKey(kmsClientOf(options, io.env), name);
    for (const line of key.notRead) io.note(`Not read: ${line}`);
    return { json: key, text: textTable(['', ''], describeRows(key)).trimStart() };
  });
}

function describeRows(key: KeyDetails): (readonly [string, string])[] {
  const lastUse = key.lastUse === undefined ? 'not known' : key.lastUse;
  return [
    ['key id', key.keyId],
    ['ARN', key.keyArn],
    ['alias', key.aliases.join(' ') || 'none'],
    ['spec', key.spec],
    ['for', `${key.usage} (${key.algorithms.join(', ')})`],
    ['state', key.deletionAt === undefined ? key.state : `${key.state}, gone on ${key.deletionAt}`],
    ['made', `${key.createdAt} (${key.origin}${key.multiRegion ? ', multi-Region' : ''})`],
    ['last use', typeof lastUse === 'string' ? lastUse : `${lastUse.operation}, ${lastUse.at}`],
    ['description', key.description || 'none'],
    ...Object.entries(key.tags ?? {}).map(([name, value]): readonly [string, string] => [`tag ${name}`, value]),
  ];
}

function registerPublic(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'public',
      summary: 'the public part of a key, to be built into devices',
      examples: ['key public release', 'key public release --format cose --out release.cose'],
    }),
  )
    .argument('<key>', 'alias, key id or ARN')
    .addOption(new Option('--format <format>', 'how it is written').choices(KEY_FORMATS).default('pem'))
    .option('--out <file>', 'write it there instead of to standard output');
  run<KmsOptions & { format: string; out?: string }>(command, async ({ args: [name = ''], options, io }) => {
    const { keyArn, spec, der } = await publicKeyDer(kmsClientOf(options, io.env), name);
    const form = formatPublicKey(der, options.format);
    const json = {
      keyArn,
      spec,
      format: options.format,
      ...(typeof form === 'string' ? { text: form } : { base64: toBase64(form) }),
    };
    if (options.out === undefined) return { json, text: form };
    writeFileSync(options.out, form);
    return { json: { ...json, file: options.out }, text: `Wrote ${form.length} bytes to ${options.out}` };
  });
}
