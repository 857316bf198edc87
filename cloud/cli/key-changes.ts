/** `bristlecone key disable | enable | delete | undelete | rotate`. */
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';
import { deleteKey, disableKey, enableKey, type KeyState, undeleteKey } from '../signing/key-states.ts';
import { rotateKey } from '../signing/rotate-key.ts';
import { kmsClientOf, type KmsOptions, withKmsOptions } from './kms-option.ts';

const DAY_MS = 86_400_000;

export function registerKeyChanges(parent: Command): void {
  registerSwitch(parent, {
    name: 'disable',
    summary: 'sign nothing more with a key; its public part is still served',
    change: disableKey,
    next: ({ keyId }) => `Undo it with \`bristlecone key enable ${keyId}\`.`,
  });
  registerSwitch(parent, { name: 'enable', summary: 'sign with a disabled key again', change: enableKey });
  registerDelete(parent);
  registerSwitch(parent, {
    name: 'undelete',
    summary: 'take back a deletion whose day has not come; the key comes back disabled',
    change: undeleteKey,
    next: ({ keyId }) => `To sign with it: \`bristlecone key enable ${keyId}\`.`,
  });
  registerRotate(parent);
}

interface Switch {
  readonly name: string;
  readonly summary: string;
  readonly change: typeof enableKey;
  readonly next?: (key: KeyState) => string;
}

function registerSwitch(parent: Command, { name, summary, change, next }: Switch): void {
  const examples = [`key ${name} release`, `key ${name} 1234abcd-12ab-34cd-56ef-1234567890ab --json`];
  const command = withKmsOptions(subcommand(parent, { name, summary, examples })).argument('<key>', KEY);
  run<KmsOptions>(command, async ({ args: [key = ''], options, io }) => {
    const done = await change(kmsClientOf(options, io.env), key);
    return {
      json: done,
      text: [`${done.spec} key ${done.keyId} is ${done.state}.`, next?.(done) ?? ''].join(' ').trim(),
    };
  });
}

const KEY = 'alias, key id or ARN';

function registerDelete(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'delete',
      summary: 'give a key up for good after some days, during which it can be taken back',
      examples: ['key delete legacy --days 7', 'key undelete 1234abcd-12ab-34cd-56ef-1234567890ab'],
    }),
  )
    .argument('<key>', KEY)
    .option('--days <n>', 'how long it can be taken back: 7 to 30', '30');
  run<KmsOptions & { days: string }>(command, async ({ args: [key = ''], options, io }) => {
    const days = expectDays(options.days, { option: '--days', min: 7, max: 30 });
    const done = await deleteKey(kmsClientOf(options, io.env), key, days);
    const next = `Nothing can be signed with it from now on; until then: \`bristlecone key undelete ${done.keyId}\`.`;
    return { json: done, text: `${done.spec} key ${done.keyId} will be deleted on ${done.deletionAt}. ${next}` };
  });
}

function registerRotate(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'rotate',
      summary:
        'put a new key behind an alias, and keep the old one for verification (KMS rotates no signing key by itself)',
      examples: ['key rotate release --spec ML_DSA_65', 'key rotate legacy --spec ML_DSA_44 --keep-days 3650'],
    }),
  )
    .argument('<alias>', 'alias to be moved, with or without alias/')
    .requiredOption('--spec <spec>', 'key spec of the new key: ML_DSA_44, ML_DSA_65, ML_DSA_87, …')
    .option('--keep-days <n>', 'how long the old key is to be kept for verification', '365')
    .option('--description <text>', 'what the new key is for (default: as the old one)');
  run<KmsOptions & RotateOptions>(command, async ({ args: [alias = ''], options, io }) => {
    const keepDays = expectDays(options.keepDays, { option: '--keep-days', min: 1, max: 36_500 });
    const keepUntil = new Date(io.nowMs() + keepDays * DAY_MS).toISOString().slice(0, 10);
    const { spec, description } = options;
    const rotation = await rotateKey(kmsClientOf(options, io.env), alias, {
      spec,
      keepUntil,
      ...(description === undefined ? {} : { description }),
    });
    const { before, after } = rotation;
    const text = [
      `${rotation.alias} names the new ${after.spec} key ${after.keyId}.`,
      `The old ${before.spec} key ${before.keyId} is kept for verification until ${keepUntil} (tagged, still ${before.state}).`,
      'Before you sign with the new key, see that devices trust it: `bristlecone key public` gives its public part.',
      'KMS rotates no asymmetric key by itself: the next rotation is yours as well.',
    ];
    return { json: rotation, text: text.join('\n') };
  });
}

interface RotateOptions {
  readonly spec: string;
  readonly keepDays: string;
  readonly description?: string;
}

function expectDays(text: string, { option, min, max }: { option: string; min: number; max: number }): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= min && days <= max) return days;
  throw new UsageError(`${option}: expected ${min} to ${max} days, got ${JSON.stringify(text.slice(0, 20))}`);
}
