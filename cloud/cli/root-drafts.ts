/** `bristlecone root init | add-key | rotate | revoke`: the draft of a root, until somebody signs it. */
import { type Command, Option } from 'commander';
import { type CommandResult, type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../protocol/limits.ts';
import type { VerifiedRoot } from '../../protocol/trust/advance.ts';
import { diffRoots } from '../../protocol/trust/diff-roots.ts';
import { encodeTrustRoot } from '../../protocol/trust/encode-root.ts';
import type { RevocationReason, TrustRoot } from '../../protocol/trust/root.ts';
import { type Ceremony, type NamedFile, openCeremony, openDraft } from '../roots/ceremony.ts';
import { verifyChain } from '../roots/chain.ts';
import { expectCurrent, expectNotBefore } from '../roots/clock.ts';
import { expectUnsigned } from '../roots/finalize.ts';
import { parseComponentId, parseTime } from '../roots/parse-terms.ts';
import { addKey, type NewKey, planFirstRoot, planSuccessor, replaceKey, revokeKey } from '../roots/plan-root.ts';
import { type Draft, signersOfDraft } from '../roots/signatures.ts';
import { demandsOn, describeDemand } from '../roots/standing.ts';
import type { Step } from '../roots/transcript.ts';
import { createCeremony, isCeremony, readCeremony, rootFileName, writeDraft } from './ceremony-folder.ts';
import { readInput } from './files.ts';
import { withKmsOptions } from './kms-option.ts';
import { changeTerms, type TermOptions, withTermOptions } from './root-terms.ts';
import { digestText, entryFor, KEY_HELP, nowSecondsOf, readKey, VERIFICATION } from './root-options.ts';
import { adviceOn, changesText, rootJson, rootText } from './root-text.ts';
import type { RootTools } from './root-tools.ts';

interface DraftOptions extends TermOptions {
  readonly from?: readonly string[];
  readonly pinned?: true;
}

/** What a subcommand needs of its surroundings. */
interface Call {
  readonly folder: string;
  readonly options: DraftOptions;
  readonly io: Io;
  readonly command: Command;
  readonly tools: RootTools;
}

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
    return begin(
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
      return change(call, 'add-key', (root) =>
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
        'root rotate ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --old 3f9a0c1b22d4e5f6 --new bob-2027.pub',
        'root rotate ceremony-3 --by "Alice" --from root-1.cose root-2.cose --profile cnsa-2.0',
      ],
    }),
  )
    .option('--old <id...>', 'ids of keys to retire, as `root show` has them')
    .option('--new <key...>', `in their places, in the same order: ${KEY_HELP}`);
  run<DraftOptions & { old?: readonly string[]; new?: readonly string[] }>(
    command,
    async ({ args: [folder = ''], options, io }) => {
      const call = { folder, options, io, command, tools };
      const { old = [], new: names = [] } = options;
      if (old.length !== names.length)
        throw new UsageError(`--old and --new: expected as many of each, got ${old.length} and ${names.length}`);
      const keys = await newKeys(names, call);
      return change(call, 'rotate', (root) => replaceAll(root, old, { keys, reason: 'retired' }));
    },
  );
}

function registerRevoke(parent: Command, tools: RootTools): void {
  const command = withFromOption(
    subcommand(parent, {
      name: 'revoke',
      summary: 'draft the next root without a key, and say why',
      examples: [
        'root revoke ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --key 3f9a0c1b22d4e5f6 --reason compromised --new kms:release-2',
        'root revoke ceremony-2 --by "Alice" --from ceremony-1/root-1.cose --key 3f9a0c1b22d4e5f6 --reason retired --threshold release=1',
      ],
    }),
  )
    .requiredOption('--key <id...>', 'ids of the keys, as `root show` has them')
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
      const { key: ids, reason, new: names = [] } = options;
      if (names.length > ids.length)
        throw new UsageError(`--new: expected at most as many keys as --key, got ${names.length} and ${ids.length}`);
      const keys = await newKeys(names, call);
      return change(call, 'revoke', (root) => replaceAll(root, ids, { keys, reason }));
    },
  );
}

const replaceAll = (
  root: TrustRoot,
  ids: readonly string[],
  { keys, reason }: { readonly keys: readonly NewKey[]; readonly reason: RevocationReason },
): TrustRoot =>
  ids.reduce((changed, id, index) => {
    const key = keys[index];
    return key ? replaceKey(changed, id, { key, reason }) : revokeKey(changed, id, reason);
  }, root);

async function newKeys(names: readonly string[], { options, io, tools }: Call): Promise<readonly NewKey[]> {
  const keys: NewKey[] = [];
  for (const name of names) {
    const key = await readKey(name, { options, env: io.env, tools });
    keys.push({ key, name, form: options.pinned ? 'pinned' : 'full' });
  }
  return keys;
}

type Change = (root: TrustRoot) => TrustRoot;

/** Of the draft in the folder, or of the successor of `--from`. */
function change(call: Call, step: Step, changes: Change): CommandResult {
  const { folder, options } = call;
  if (options.from !== undefined && !isCeremony(folder)) return beginFrom(call, step, { files: options.from, changes });
  if (options.from !== undefined)
    throw new UsageError(
      `--from: ${folder} holds a ceremony already; leave --from out to change its draft, or name another folder`,
    );
  const ceremony = openCeremony(readCeremony(folder), VERIFICATION);
  expectUnsigned(ceremony);
  expectCurrent(ceremony.root, { nowSeconds: nowSecondsOf(call.io), lines: ceremony.lines });
  return amend(call, step, { ceremony, root: changes(ceremony.root) });
}

function amend(
  call: Call,
  step: Step,
  { ceremony, root }: { readonly ceremony: Ceremony; readonly root: TrustRoot },
): CommandResult {
  const { before, lines } = ceremony;
  const draft = draftOf(call, { root, before });
  const entry = entryFor(step, { ...call, digest: digestText(draft.root, draft.payload) });
  writeDraft(call.folder, draft.payload, { lines, entry });
  return resultOf(call, draft);
}

function beginFrom(
  call: Call,
  step: Step,
  { files, changes }: { readonly files: readonly string[]; readonly changes: Change },
): CommandResult {
  const chain = verifyChain(
    files.map((file) => readInput(file, MAX_TRUST_ROOT_BYTES)),
    VERIFICATION,
  );
  const [first, before] = [chain[0], chain.at(-1)];
  if (!first || !before) throw new UsageError('--from: expected at least one finished root');
  if (first.root.version > 1)
    call.io.note(
      `note: version ${first.root.version} was checked by its own keys only; give all versions from 1 on, or compare its digest ${digestText(first.root, first.payload)}`,
    );
  const nowSeconds = nowSecondsOf(call.io);
  const { issuedSeconds: issuedBefore, expiresSeconds: expiredBefore } = before.root;
  expectNotBefore(nowSeconds, issuedBefore, `version ${before.root.version} was issued`);
  const issuedSeconds = Math.max(nowSeconds, issuedBefore);
  const root = changes(
    planSuccessor(before, { issuedSeconds, expiresSeconds: issuedSeconds + expiredBefore - issuedBefore }),
  );
  const previous = chain.map((it): NamedFile => ({ name: rootFileName(it.root.version), bytes: it.bytes }));
  return begin(call, { step, root, before, previous });
}

function begin(
  call: Call,
  {
    step,
    root,
    before,
    previous,
  }: {
    readonly step: Step;
    readonly root: TrustRoot;
    readonly before: VerifiedRoot | undefined;
    readonly previous: readonly NamedFile[];
  },
): CommandResult {
  const draft = draftOf(call, { root, before });
  const entry = entryFor(step, { ...call, digest: digestText(draft.root, draft.payload) });
  createCeremony(call.folder, { draft: draft.payload, previous, entry });
  return resultOf(call, draft);
}

/** With the terms of the command line, and refused where no device would take it. */
function draftOf(
  { options, io }: Call,
  { root, before }: { readonly root: TrustRoot; readonly before: VerifiedRoot | undefined },
): Draft {
  const changed = changeTerms(root, { options, before, nowSeconds: nowSecondsOf(io) });
  return openDraft(encodeTrustRoot(changed), before);
}

function resultOf({ folder, io }: Call, draft: Draft): CommandResult {
  const { root, before } = draft;
  const changes = diffRoots(before?.root, root);
  const needed = demandsOn(draft, []).map(describeDemand);
  const signers = signersOfDraft(draft);
  return {
    json: { folder, ...rootJson(draft), changes, advice: adviceOn(root), mayBeSignedBy: signers.length },
    text: [
      rootText(draft, { what: 'draft of a root, not signed yet', nowSeconds: nowSecondsOf(io) }),
      ...(before ? ['', `Changes since version ${before.root.version}:`, changesText(changes)] : []),
      '',
      'Needed:',
      ...needed.map((line) => `  ${line}`),
      `Next: hand ${folder} to each signer: bristlecone root sign ${folder} --key FILE.key --by NAME (or --key kms:ALIAS)`,
    ].join('\n'),
  };
}
