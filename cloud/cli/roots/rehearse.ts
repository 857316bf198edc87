/** `bristlecone root rehearse`: a chain of roots, played on a twin of the fleet before any device sees the newest. */
import type { Command } from 'commander';
import { type Io, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { algorithmByName, type PublicKey } from '../../../protocol/cose/algorithms.ts';
import { MAX_TRUST_ROOT_BYTES } from '../../../protocol/limits.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { OperatorError } from '../../errors.ts';
import { verifyChain } from '../../roots/chain.ts';
import { publishedRoots } from '../../roots/published-roots.ts';
import { DEFAULT_PLAN, type FleetPlan, type StolenKeys } from '../../roots/rehearsal/fleet.ts';
import { createMigration } from '../../roots/rehearsal/migration.ts';
import { type RehearsalReport, summaryOf } from '../../roots/rehearsal/rehearsal-report.ts';
import { rehearse } from '../../roots/rehearsal/rehearse.ts';
import { admittedThefts } from '../../roots/rehearsal/rounds.ts';
import { verifyNatively } from '../../signing/native-verifier.ts';
import { openDataFolder } from '../data-folder.ts';
import { readInput } from '../files.ts';
import { type KmsOptions, withKmsOptions } from '../kms-option.ts';
import { KEY_HELP, nowSecondsOf, readKey } from './options.ts';
import type { RootTools } from './tools.ts';

interface RehearseOptions extends KmsOptions {
  readonly scenario?: string;
  readonly fleet: string;
  readonly madeWith?: string;
  readonly offline: string;
  readonly clockless: string;
  readonly unhealthy: string;
  readonly stolen?: readonly string[];
  readonly broken?: readonly string[];
  readonly public?: readonly string[];
  readonly seed: string;
}

export function registerRehearse(parent: Command, tools: RootTools): void {
  const command = withKmsOptions(
    subcommand(parent, {
      name: 'rehearse',
      summary: 'play a chain of roots on a twin of the fleet: who would be bricked, who would take a rogue image',
      examples: [
        'root rehearse --scenario migration --fleet 10000',
        'root rehearse root-1.cose root-2.cose --fleet 5000 --made-with 1=80%,2=20% --offline 30%',
        'root rehearse --scenario migration --broken ES256@12 --json',
      ],
    }),
  )
    .argument('[files...]', 'finished roots of one chain; left out: those that are published in the data folder')
    .option('--scenario <name>', 'migration: 15 versions from ECDSA over hybrid to ML-DSA, with a stolen release key')
    .option('--fleet <count>', 'simulated devices', String(DEFAULT_PLAN.devices))
    .option(
      '--made-with <shares>',
      'versions that devices are made with: 1=60%,4=40% (default: evenly over the older ones)',
    )
    .option('--offline <share>', 'share of devices out of reach at any time', percent(DEFAULT_PLAN.offline))
    .option('--clockless <share>', 'share of devices without a clock', percent(DEFAULT_PLAN.clockless))
    .option('--unhealthy <share>', 'share of installations that fail', percent(DEFAULT_PLAN.unhealthy))
    .option(
      '--stolen <key@version...>',
      'key that a thief has from a version on (default: those the chain calls compromised)',
    )
    .option('--broken <algorithm@version...>', 'algorithm that somebody can forge from a version on: ES256@12')
    .option('--public <key...>', `key that the roots only pin: ${KEY_HELP}`)
    .option('--seed <text>', 'same seed, same fleet', DEFAULT_PLAN.seed);
  run<RehearseOptions>(command, async ({ args, options, io }) => {
    const chain = chainOf(args, options);
    const plan = planOf(options, chain);
    const source = { options, env: io.env, tools };
    const publicKeys = await Promise.all((options.public ?? []).map((name) => readKey(name, source)));
    const report = play(chain, plan, { publicKeys, io });
    return { json: report, text: reportText(report), exit: report.safe ? 'done' : 'refused' };
  });
}

function play(
  chain: readonly VerifiedRoot[],
  plan: FleetPlan,
  { publicKeys, io }: { publicKeys: readonly PublicKey[]; io: Io },
): RehearsalReport {
  const progress = io.progress('rehearsing', chain.length + 2);
  let played = 0;
  try {
    const onRound = (): void => progress.update((played += 1));
    return rehearse(chain, plan, { verify: verifyNatively, publicKeys, nowSeconds: nowSecondsOf(io), onRound });
  } finally {
    progress.stop();
  }
}

function chainOf(files: readonly string[], { scenario, data, seed }: RehearseOptions): readonly VerifiedRoot[] {
  if (scenario !== undefined) {
    if (scenario !== 'migration') throw new UsageError(`--scenario: expected migration, got ${scenario}`);
    if (files.length > 0) throw new UsageError('--scenario brings its own roots: leave out the files');
    return createMigration(seed, verifyNatively);
  }
  const roots =
    files.length > 0
      ? files.map((file) => readInput(file, MAX_TRUST_ROOT_BYTES))
      : publishedRoots(openDataFolder(data).root).map(({ bytes }) => bytes);
  if (roots.length > 0) return verifyChain(roots, { verify: verifyNatively });
  throw new OperatorError(
    'no-root',
    'expected roots to rehearse: name their files, publish some, or try --scenario migration.',
  );
}

function planOf(options: RehearseOptions, chain: readonly VerifiedRoot[]): FleetPlan {
  const { stolen = [], broken = [], madeWith } = options;
  const named = stolen.map((text): StolenKeys => {
    const { name, version } = atVersion(text, '--stolen');
    return { keyId: name, fromVersion: version };
  });
  const thefts = stolen.length > 0 ? named : admittedThefts(chain);
  return {
    devices: countOf(options.fleet, '--fleet'),
    seed: options.seed,
    offline: shareOf(options.offline, '--offline'),
    clockless: shareOf(options.clockless, '--clockless'),
    unhealthy: shareOf(options.unhealthy, '--unhealthy'),
    ...(madeWith !== undefined && { madeWith: madeWithOf(madeWith) }),
    stolen: [...thefts, ...broken.map(brokenOf)],
  };
}

function brokenOf(text: string): StolenKeys {
  const { name, version } = atVersion(text, '--broken');
  const algorithm = algorithmByName(name);
  if (!algorithm) throw new UsageError(`--broken: expected an algorithm such as ES256, got ${name}`);
  return { algorithm: algorithm.name, fromVersion: version };
}

function atVersion(text: string, option: string): { readonly name: string; readonly version: number } {
  const [name = '', version = ''] = text.split('@');
  if (name === '' || version === '') throw new UsageError(`${option}: expected NAME@VERSION, got ${text}`);
  return { name, version: countOf(version, option) };
}

const madeWithOf = (text: string): ReadonlyMap<number, number> =>
  new Map(
    text.split(',').map((part) => {
      const [version = '', share = ''] = part.split('=');
      return [countOf(version, '--made-with'), shareOf(share, '--made-with')] as const;
    }),
  );

const MAX_FLEET = 1_000_000;

function countOf(text: string, option: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_FLEET) return count;
  throw new UsageError(`${option}: expected a whole number from 1 to ${MAX_FLEET}, got ${text}`);
}

/** `20%` or `0.2`. */
function shareOf(text: string, option: string): number {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== '' && share >= 0 && share < 1) return share;
  if (share === 1 && option === '--made-with') return share;
  throw new UsageError(`${option}: expected a share such as 20%, below 100%, got ${text}`);
}

function percent(share: number): string {
  return `${share * 100}%`;
}

const theftText = (theft: StolenKeys): string =>
  `${'keyId' in theft ? `key ${theft.keyId.slice(0, 16)}…` : `every ${theft.algorithm} key`}, from version ${theft.fromVersion} on`;

const HEAD = ['version', 'root role', 'release role', 'made', 'reached', 'have it', 'proven'] as const;

function reportText(report: RehearsalReport): string {
  const rounds = report.rounds.map((it) => [
    it.version,
    it.rootPolicy,
    it.releasePolicy,
    it.devices,
    it.reached,
    it.atVersion,
    it.proven,
  ]);
  const attacks = report.attacks.map(({ name, tried, accepted, refused }) => [
    name,
    tried,
    accepted,
    Object.entries(refused)
      .map(([code, count]) => `${code} ${count}`)
      .join(', '),
  ]);
  const bricked = Object.entries(report.brickedBy).map(([code, count]) => `  bricked by ${code}: ${count}`);
  return [
    textTable(HEAD, rounds),
    '(the last two rows: everybody comes back)',
    '',
    textTable(['attack', 'tried', 'accepted', 'refused with'], attacks),
    '',
    ...report.stolen.map((theft) => `stolen: ${theftText(theft)}`),
    `${report.expired} devices came back with an expired root; the longest walk was ${report.longestWalk} versions in one go.`,
    ...bricked,
    `${report.safe ? 'Safe' : 'NOT SAFE'}: ${summaryOf(report)} (seed ${report.seed})`,
  ].join('\n');
}
