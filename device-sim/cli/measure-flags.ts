/** What flags of `bristlecone measure` say about the experiment, beside a preset or a file. */
import type { Command } from 'commander';
import { BadExperiment } from '../measure/experiment/bad-experiment.ts';
import { checkSweep } from '../measure/experiment/check-experiment.ts';
import type { Axis } from '../measure/experiment/experiment.ts';
import type { Overrides } from '../measure/experiment/read-experiment.ts';
import { parseCount } from './files.ts';

export interface ExperimentFlags extends Partial<Record<Axis, readonly string[]>> {
  readonly cross?: true;
  readonly link?: readonly string[];
  readonly board?: readonly string[];
  readonly runsOn?: string;
  readonly repetitions?: string;
  readonly seed?: string;
  readonly handshakes: boolean;
}

// oxfmt-ignore
const AXES: readonly (readonly [axis: Axis, flag: string, help: string])[] = [
  ['algorithm',   '--algorithm <name...>',     'none, ES256, ML-DSA-65, ES256+ML-DSA-65, SLH-DSA-SHA2-128s … (measure --list)'],
  ['image',       '--image <name...>',         'config-4k, delta-8k, movehub (real, 102 KB), 256k, 1m'],
  ['blockBytes',  '--block-bytes <n...>',      'of the stream: 256 to 131072'],
  ['qos',         '--qos <n...>',              '0, 1'],
  ['encoding',    '--encoding <name...>',      'of the blocks: cbor, json'],
  ['mqttVersion', '--mqtt-version <n...>',     '3.1.1, 5'],
  ['security',    '--security <name...>',      'plain, tls, mtls'],
  ['certificate', '--certificate <name...>',   'of server and device: P-256, ML-DSA-44, ML-DSA-65, ML-DSA-87'],
  ['transport',   '--transport <name...>',     'mqttjs, aws-sdk'],
  ['broker',      '--broker <name...>',        'embedded, mosquitto, mqtt://host:port'],
];

export function withExperimentFlags(command: Command): Command {
  for (const [, flag, help] of AXES) command.option(flag, help);
  return command
    .option('--cross', 'every combination of these flags, and none of the experiment’s sweeps')
    .option('--link <name...>', 'links that runs are replayed over (device links), all')
    .option('--board <name...>', 'boards that runs are put on (device boards), all')
    .option('--runs-on <board>', 'the board that runs each case')
    .option('--repetitions <n>', 'of each case')
    .option('--seed <n>', 'of images, the order of runs, losses and jitter')
    .option('--no-handshakes', 'count no TLS handshakes');
}

/** @throws {BadExperiment} naming the flag */
export function overridesOf(flags: ExperimentFlags): Overrides {
  const named = AXES.flatMap(([axis]) => (flags[axis] ? [[axis, [...new Set(flags[axis].map(valueOf))]]] : []));
  const { link, board, runsOn, repetitions, seed, handshakes } = flags;
  const rest = {
    ...(link && { links: link }),
    ...(board && { boards: board }),
    ...(runsOn !== undefined && { runsOn }),
    ...(repetitions !== undefined && { repetitions: parseCount(repetitions, '--repetitions') ?? 1 }),
    ...(seed !== undefined && { seed: parseCount(seed, '--seed') ?? 1 }),
    ...(!handshakes && { handshakes }),
  };
  const cross = flags.cross === true;
  if (named.length === 0) return { axes: {}, cross, rest };
  const checked = checkSweep(Object.fromEntries(named));
  if (checked.ok) return { axes: checked.value, cross, rest };
  throw new BadExperiment(
    'measure',
    checked.problems.map((problem) => ({ ...problem, at: flagOf(problem.at) })),
  );
}

/** `mqtt` has two names for one version, and numbers are written as such. */
function valueOf(text: string): string | number {
  if (text === '3.1.1') return 4;
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** `blockBytes[1]` as the command line has it. */
const flagOf = (at: string): string =>
  `--${at.replace(/\[\d+\]$/, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Whether they say anything about the experiment at all. */
export const saysAnything = ({ axes, rest }: Overrides): boolean =>
  Object.keys(axes).length + Object.keys(rest).length > 0;
