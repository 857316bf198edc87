/** `bristlecone key`: signing keys in KMS. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { run, subcommand, textTable } from '../../command-line.ts';
import { toBase64 } from '../../protocol/bytes.ts';
import { formatPublicKey, KEY_FORMATS } from '../signing/key-formats.ts';
import { createKey, type KeyEntry, listKeys, publicKeyDer } from '../signing/keys.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from './kms-option.ts';

export function registerKeyCommands(program: Command): void {
  const key = program.command('key').description('signing keys in AWS KMS or in the embedded KMS');
  registerCreate(key);
  registerList(key);
  registerPublic(key);
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

function registerPublic(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'public',
      summary: 'the public part of a key, to be built into devices',
      examples: ['key public release', 'key public release --format cose --out release.cose'],
    }),
  )
    .argument('<key>', 'alias, key id or ARN')
    .option('--format <format>', KEY_FORMATS.join(', '), 'pem')
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
