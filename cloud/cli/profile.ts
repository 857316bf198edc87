/** `bristlecone profile`: which algorithms, keys and digest the next release is signed with, changed without code. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../command-line.ts';
import { type AlgorithmName, algorithmByName } from '../../protocol/cose/algorithms.ts';
import { PROFILE_DIGESTS, type ProfileDigest, profileJson, type SigningProfile } from '../profiles/profile.ts';
import { writeProfile } from '../profiles/profile-store.ts';
import {
  createProfile,
  describeRules,
  describeViolation,
  findViolations,
  isRuleSetName,
  RULE_SETS,
  type RuleSet,
} from '../profiles/rules.ts';
import { parseSource } from '../profiles/source.ts';
import type { Signer } from '../signing/signer.ts';
import { type KmsOptions, withKmsOptions } from './kms-option.ts';
import { lookUpProfile, openProfileKeys, PROFILE_HELP, profileClientsOf } from './profile-option.ts';

type Env = Readonly<Record<string, string | undefined>>;

export function registerProfileCommands(program: Command): void {
  const profile = program
    .command('profile')
    .description('signing profiles: which algorithms and keys sign releases, looked up at run time');
  registerPut(profile);
  registerShow(profile);
  registerCheck(profile);
  registerList(profile);
}

interface PutOptions extends KmsOptions {
  readonly from: string;
  readonly key?: readonly string[];
  readonly name?: string;
  readonly digest?: string;
  readonly blockBytes?: string;
}

function registerPut(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'put',
      summary: 'write a profile that keeps its rules: the next release is signed by it',
      examples: [
        'profile put ssm:/bristlecone/signing --from balanced --key ML-DSA-65=release',
        'profile put secretsmanager:signing --from hybrid --key ES256=legacy --key ML-DSA-65=release',
        'profile put cnsa.json --from cnsa-2.0 --key ML-DSA-87=alias/release-87 --digest SHA-512 --name hubs',
        'profile put ssm:/bristlecone/signing --from cnsa.json',
      ],
    }),
  )
    .argument('<target>', PROFILE_HELP)
    .requiredOption(
      '--from <rules>',
      `a rule set (${RULE_SETS.map(({ name }) => name).join(', ')}), or another profile`,
    )
    .option('--key <algorithm=key...>', 'the KMS key of an algorithm: alias, key id or ARN')
    .option('--name <name>', 'what releases call it; the name of the rule set where it is left out')
    .option('--digest <digest>', `hash of image and manifest: ${PROFILE_DIGESTS.join(', ')}`)
    .option('--block-bytes <n>', 'a hint for devices: how much of a file to ask for at a time');
  run<PutOptions>(command, async ({ args: [target = ''], options, io }) => {
    const profile = await draft(options, io.env);
    await writeProfile(parseSource(target), profile, profileClientsOf(options, io.env));
    const text = `Wrote profile ${profile.name} to ${target}: ${describe(profile)}\nNext: bristlecone profile check ${target}`;
    return { json: { target, profile: profileJson(profile) }, text };
  });
}

function registerShow(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'show',
      summary: 'the profile as it is now',
      examples: ['profile show ssm:/bristlecone/signing', 'profile show cnsa.json --json'],
    }),
  ).argument('<profile>', PROFILE_HELP);
  run<KmsOptions>(command, async ({ args: [source = ''], options, io }) => {
    const profile = await lookUpProfile(source, options, io.env);
    return { json: profileJson(profile), text: JSON.stringify(profileJson(profile), null, 2) };
  });
}

function registerCheck(parent: Command): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'check',
      summary: 'whether a profile keeps its rules, and its keys are what it says',
      examples: ['profile check ssm:/bristlecone/signing', 'profile check cnsa.json --rules-only'],
    }),
  )
    .argument('<profile>', PROFILE_HELP)
    .option('--rules-only', 'ask no KMS about the keys');
  run<KmsOptions & { rulesOnly?: true }>(command, async ({ args: [source = ''], options, io }) => {
    const profile = await lookUpProfile(source, options, io.env);
    const violations = findViolations(profile);
    if (violations.length > 0) {
      const lines = violations.map((it) => `  ${describeViolation(it)} [${it.code}]`);
      const because = describeRules(profile);
      const text = `${source}: profile ${profile.name} is refused.\n${lines.join('\n')}\n${because}`;
      return { json: { allowed: false, violations, because, profile: profileJson(profile) }, text, exit: 'refused' };
    }
    return allowed(
      profile,
      options.rulesOnly ? undefined : await openProfileKeys(profile, { at: source, options, env: io.env }),
    );
  });
}

function registerList(parent: Command): void {
  const command = subcommand(parent, {
    name: 'list',
    summary: 'the rule sets that a profile can keep, and why each is as it is',
    examples: ['profile list', 'profile list --json'],
  });
  run(command, async () => {
    return { json: RULE_SETS, text: textTable(['rules', 'signed with', 'digests', 'because'], RULE_SETS.map(ruleRow)) };
  });
}

const ruleRow = (it: RuleSet) => [it.name, it.algorithms.join(' + '), it.digests.join(' '), it.because];

function allowed(profile: SigningProfile, signers: readonly Signer[] | undefined): CommandResult {
  const keys = signers?.map(({ key }) => ({ algorithm: key.algorithm.name, keyArn: key.keyArn }));
  const rows = keys?.map(({ algorithm, keyArn }) => `  ${algorithm}: ${keyArn}`) ?? ['  keys: not asked for'];
  const text = `Profile ${profile.name} keeps the rules of ${profile.rules}: ${describe(profile)}\n${rows.join('\n')}`;
  return { json: { allowed: true, violations: [], keys, profile: profileJson(profile) }, text };
}

const describe = ({ algorithms, digest, rules }: SigningProfile): string =>
  `signed with ${algorithms.join(' + ')} over ${digest}, rules ${rules}`;

/** Of a rule set, or of another profile; what the options say goes before what is there. */
async function draft(options: PutOptions, env: Env): Promise<SigningProfile> {
  const { from, name } = options;
  const keys = expectKeys(options.key ?? []);
  const digest = options.digest === undefined ? undefined : expectDigest(options.digest);
  const blockBytes = options.blockBytes === undefined ? undefined : expectBytes(options.blockBytes);
  const changes = {
    ...(name !== undefined && { name }),
    ...(digest && { digest }),
    ...(blockBytes !== undefined && { blockBytes }),
  };
  if (isRuleSetName(from)) return createProfile(from, { ...changes, keys });
  const given = await lookUpProfile(from, options, env);
  return { ...given, ...changes, keys: new Map([...given.keys, ...keys]) };
}

function expectKeys(texts: readonly string[]): ReadonlyMap<AlgorithmName, string> {
  const keys = new Map<AlgorithmName, string>();
  for (const text of texts) {
    const [, name = '', key = ''] = /^([^=]*)=(.+)$/.exec(text) ?? [];
    const algorithm = algorithmByName(name);
    if (!algorithm || keys.has(algorithm.name))
      throw new UsageError(`--key: expected ALGORITHM=KEY, such as ML-DSA-65=release, each once; got ${quote(text)}`);
    keys.set(algorithm.name, key);
  }
  return keys;
}

function expectDigest(text: string): ProfileDigest {
  const digest = PROFILE_DIGESTS.find((it) => it === text);
  if (digest) return digest;
  throw new UsageError(`--digest: expected ${PROFILE_DIGESTS.join(', ')}, got ${quote(text)}`);
}

function expectBytes(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--block-bytes: expected a whole number, got ${quote(text)}`);
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 40));
