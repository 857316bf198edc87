/** `bristlecone root init | add-key | rotate | revoke`: the draft of a root, until somebody signs it. */
import { type Command, Option } from 'commander';
import { run, subcommand, UsageError } from '../../../command-line.ts';
import type { RevocationReason, TrustRoot } from '../../../protocol/trust/root.ts';
import { parseComponentId, parseTime } from '../../roots/parse-terms.ts';
import { addKey, type NewKey, type OldKey, planFirstRoot, replaceKey, revokeKey } from '../../roots/plan-root.ts';
import { withKmsOptions } from '../kms-option.ts';
import { KEY_HELP, nowSecondsOf, readKey } from './options.ts';
import { withTermOptions } from './terms.ts';
import type { RootTools } from './tools.ts';
import { beginCeremony, changeDraft, type DraftCall, type DraftOptions } from './write-draft.ts';

/** Of keys that a root has. */
const OLD_KEY_HELP = 'id as `root show` has it, a public key FILE, or kms:ALIAS';

export function registerDrafts(parent: Command, tools: RootTools): void {
  registerInit(parent, tools);
  registerAddKey(parent, tools);
  registerRotate(parent, tools);
  registerRevoke(parent, tools);
}

const withDraftOptions = (command: Command): Command =>
  withTermOptions(withKmsOptions(command))
    .argument('<folder>', 'folder of the ceremony')
    .option('--pinned', 'put new keys in by their thumbprint only; they travel with their signatures');

const withFromOption = (command: Command): Command =>
  withDraftOptions(command).option(
    '--from <file...>',
    'begin a new ceremony from these finished roots: all from version 1 on, or the newest one',
  );

function registerInit(parent: Command, tools: RootTools): void {
  const command = withDraftOptions(
    subcommand(parent, {
      name: 'init',
      summary: 'draft the first root of a fleet',
      examples: [
        'root init ceremony-1 --by "Alice" --root-key alice.pub bob.pub carol.pub --release-key kms:release',
        'root init ceremony-1 --by "Alice" --root-key alice.pub bob.pub kms:root-a --root-threshold 2 --release-key kms:release --expires 5y',
        'root init ceremony-1 --by "Alice" --root-key a.pub b.pub c.pub --release-key kms:release --profile cnsa-2.0',
      ],
    }),
  )
    .requiredOption('--root-key <key...>', `who may change the root: ${KEY_HELP}`)
    .requiredOption('--release-key <key...>', 'who may sign releases')
    .option(
      '--root-threshold <n>',
      'how many root keys must sign: 2, or ML-DSA-87:2,ES256:1 (default: the majority of each algorithm)',
    )
    .option('--release-threshold <n>', 'how many release keys must sign (default: one of each algorithm)');
  run<InitOptions>(command, async ({ args: [folder = ''], options, io }) => {
    const call = { folder, options, io, command, tools };
    const nowSeconds = nowSecondsOf(io);
    const rootKeys = await newKeys(options.rootKey, call);
    const releaseKeys = await newKeys(options.releaseKey, call);
    const expiresSeconds = parseTime('--expires', options.expires ?? '5y', nowSeconds);
    const { profile } = options;
    const root = planFirstRoot({ issuedSeconds: nowSeconds, expiresSeconds, rootKeys, releaseKeys, profile });
    return beginCeremony(
      { ...call, options: withThresholds(options) },
      { step: 'init', root, before: undefined, previous: [] },
    );
  });
}

interface InitOptions extends DraftOptions {
  readonly rootKey: readonly string[];
  readonly releaseKey: readonly string[];
  readonly rootThreshold?: string;
  readonly releaseThreshold?: string;
}

const withThresholds = (options: InitOptions): InitOptions => ({
  ...options,
  threshold: [
    ...(options.rootThreshold === undefined ? [] : [`root=${options.rootThreshold}`]),
    ...(options.releaseThreshold === undefined ? [] : [`release=${options.releaseThreshold}`]),
    ...(options.threshold ?? []),
  ],
});

function registerAddKey(parent: Command, tools: RootTools): void {
  const command = withFromOption(
    subcommand(parent, {
      name: 'add-key',
      summary: 'draft a root with more keys, or change the draft there is',
      examples: [
        'root add-key ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --role release --key kms:release-2',
        'root add-key ceremony-2 --by "Alice" --role root --key dave.pub --threshold root=3',
        'root add-key ceremony-2 --by "Alice" --role modem --prefix 6d6f64656d --key modem-vendor.pub',
      ],
    }),
  )
    .requiredOption('--role <role>', 'root, release, or a name of your own')
    .requiredOption('--key <key...>', KEY_HELP)
    .option('--prefix <component...>', 'of a new role: components that are its own, parts in hex: 6d6f64656d/00');
  run<DraftOptions & { role: string; key: readonly string[]; prefix?: readonly string[] }>(
    command,
    async ({ args: [folder = ''], options, io }) => {
      const call = { folder, options, io, command, tools };
      const keys = await newKeys(options.key, call);
      const prefixes = (options.prefix ?? []).map((text) => parseComponentId('--prefix', text));
      return changeDraft(call, 'add-key', (root) =>
        keys.reduce((changed, key) => addKey(changed, key, { role: options.role, prefixes }), root),
      );
    },
  );
}

function registerRotate(parent: Command, tools: RootTools): void {
  const command = withFromOption(
    subcommand(parent, {
      name: 'rotate',
      summary: 'draft the next root: keys replaced by others, or only a later end',
      examples: [
        'root rotate ceremony-2 --by "Alice" --from ceremony-1/root-1.cose',
        'root rotate ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --old bob.pub --new bob-2027.pub',
        'root rotate ceremony-3 --by "Alice" --from root-1.cose root-2.cose --profile cnsa-2.0',
      ],
    }),
  )
    .option('--old <id...>', `keys to retire: ${OLD_KEY_HELP}`)
    .option('--new <key...>', `in their places, in the same order: ${KEY_HELP}`);
  run<DraftOptions & { old?: readonly string[]; new?: readonly string[] }>(
    command,
    async ({ args: [folder = ''], options, io }) => {
      const call = { folder, options, io, command, tools };
      const { old = [], new: names = [] } = options;
      if (old.length !== names.length)
        throw new UsageError(`--old and --new: expected as many of each, got ${old.length} and ${names.length}`);
      const keys = await newKeys(names, call);
      const oldKeys = await oldKeysOf(old, call);
      return changeDraft(call, 'rotate', (root) => replaceAll(root, oldKeys, { keys, reason: 'retired' }));
    },
  );
}

function registerRevoke(parent: Command, tools: RootTools): void {
  const command = withFromOption(
    subcommand(parent, {
      name: 'revoke',
      summary: 'draft the next root without a key, and say why',
      examples: [
        'root revoke ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --key kms:release --reason compromised --new kms:release-2',
        'root revoke ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --key 3f9a0c1b22d4e5f6 --reason retired --threshold release=1',
      ],
    }),
  )
    .requiredOption('--key <id...>', OLD_KEY_HELP)
    .addOption(
      new Option(
        '--reason <reason>',
        'compromised: counts for nothing at once; retired: until a release under the new root is confirmed',
      )
        .choices(['retired', 'compromised'])
        .makeOptionMandatory(),
    )
    .option('--new <key...>', `in their places, in the same order: ${KEY_HELP}`);
  run<DraftOptions & { key: readonly string[]; reason: RevocationReason; new?: readonly string[] }>(
    command,
    async ({ args: [folder = ''], options, io }) => {
      const call = { folder, options, io, command, tools };
      const { key: old, reason, new: names = [] } = options;
      if (names.length > old.length)
        throw new UsageError(`--new: expected at most as many keys as --key, got ${names.length} and ${old.length}`);
      const keys = await newKeys(names, call);
      const oldKeys = await oldKeysOf(old, call);
      return changeDraft(call, 'revoke', (root) => replaceAll(root, oldKeys, { keys, reason }));
    },
  );
}

const replaceAll = (
  root: TrustRoot,
  oldKeys: readonly OldKey[],
  { keys, reason }: { readonly keys: readonly NewKey[]; readonly reason: RevocationReason },
): TrustRoot =>
  oldKeys.reduce<TrustRoot>((changed, old, index) => {
    const key = keys[index];
    return key ? replaceKey(changed, old, { key, reason }) : revokeKey(changed, old, reason);
  }, root);

const KEY_ID = /^[\da-f]{8,128}$/i;

async function oldKeysOf(
  names: readonly string[],
  { options, io, tools }: DraftCall & { readonly tools: RootTools },
): Promise<readonly OldKey[]> {
  const keys: OldKey[] = [];
  for (const name of names) keys.push(KEY_ID.test(name) ? name : await readKey(name, { options, env: io.env, tools }));
  return keys;
}

async function newKeys(
  names: readonly string[],
  { options, io, tools }: DraftCall & { readonly tools: RootTools },
): Promise<readonly NewKey[]> {
  const keys: NewKey[] = [];
  for (const name of names) {
    const key = await readKey(name, { options, env: io.env, tools });
    keys.push({ key, name, form: options.pinned ? 'pinned' : 'full' });
  }
  return keys;
}
