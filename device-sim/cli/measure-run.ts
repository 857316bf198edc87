/** `bristlecone measure`: plan an experiment, run it, go on with one that was interrupted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand, UsageError } from '../../command-line.ts';
import { EXPERIMENT_SCHEMA } from '../measure/experiment/experiment-schema.ts';
import type { Experiment } from '../measure/experiment/experiment.ts';
import { planMatrix } from '../measure/experiment/matrix.ts';
import {
  type ExperimentSource,
  overrideExperiment,
  PRESETS,
  presetFile,
  readExperiment,
} from '../measure/experiment/read-experiment.ts';
import { resolveExperiment } from '../measure/experiment/resolve-experiment.ts';
import type { MeasureResults } from '../measure/results/results.ts';
import { describeMachine } from '../measure/run/machine.ts';
import { planRuns } from '../measure/run/plan-runs.ts';
import { runExperiment } from '../measure/run/run-experiment.ts';
import { BadRunFolder, differencesOf, RunFolder } from '../measure/run/run-folder.ts';
import { findSurroundings } from '../measure/run/surroundings.ts';
import { type ExperimentFlags, overridesOf, saysAnything, withExperimentFlags } from './measure-flags.ts';
import { describeChoices, describePlan, describeResults, describeTime } from './measure-text.ts';

interface MeasureOptions extends ExperimentFlags {
  readonly plan?: true;
  readonly out?: string;
  readonly resume?: string;
  readonly printExperiment?: string;
  readonly printSchema?: true;
  readonly list?: true;
}

/** @returns the command itself, which others register theirs below */
export function registerMeasureRun(program: Command): Command {
  const command = withExperimentFlags(
    subcommand(program, {
      name: 'measure',
      summary: 'measure what signatures cost over MQTT: algorithms, block sizes, images, links and boards',
      examples: [
        'measure                                   # quick: under a minute, results in results/',
        'measure standard --out results/today',
        'measure --plan standard                   # what would be run, and how long it would take',
        'measure --algorithm ES256 ML-DSA-44 --block-bytes 512 4096 --cross',
        'measure --print-experiment quick > mine.yaml && bristlecone measure mine.yaml',
        'measure --resume results/today            # go on where Ctrl-C or a crash ended it',
      ],
    }).argument('[experiment]', 'quick, standard, full, or a file of your own (YAML or JSON)'),
  )
    .option('--plan', 'print what would be run, and run nothing')
    .option('--out <dir>', 'folder of the results (default: results/NAME-TIME)')
    .option('--resume <dir>', 'go on with the experiment in this folder')
    .option('--print-experiment <name>', `print a preset as a file to copy: ${PRESETS.join(', ')}`)
    .option('--print-schema', 'print the JSON Schema of an experiment file')
    .option('--list', 'print the signatures and images that an experiment can name, and whose sizes they are');
  run<MeasureOptions>(command, async ({ args: [named], options, io }) => {
    if (options.printExperiment !== undefined) return printExperiment(options.printExperiment);
    if (options.printSchema) return { json: EXPERIMENT_SCHEMA, text: JSON.stringify(EXPERIMENT_SCHEMA, undefined, 2) };
    if (options.list) return describeChoices();
    const { resume } = options;
    if (resume !== undefined) return measure(openFolder(resume, { named, options }), io);
    const experiment = experimentOf(named ?? 'quick', options);
    if (options.plan) return plan(experiment);
    const path = options.out ?? join('results', `${experiment.name}-${stampOf(io.nowMs())}`);
    const made = { experiment, machine: describeMachine(io.nowMs()), surroundings: findSurroundings() };
    planRuns(planMatrix(experiment, made.surroundings).cases, experiment);
    return measure(RunFolder.create(path, made), io);
  });
  return command;
}

function printExperiment(name: string): CommandResult {
  const preset = PRESETS.find((it) => it === name);
  if (preset === undefined)
    throw new UsageError(
      `--print-experiment: expected one of ${PRESETS.join(', ')}, got ${JSON.stringify(name.slice(0, 40))}`,
    );
  return { json: readExperiment(preset).content, text: readFileSync(presetFile(preset), 'utf8') };
}

const experimentOf = (named: string, options: MeasureOptions): Experiment =>
  resolveExperiment(overridden(readExperiment(named), options));

const overridden = (source: ExperimentSource, options: MeasureOptions): ExperimentSource =>
  overrideExperiment(source, overridesOf(options));

function plan(experiment: Experiment): CommandResult {
  const matrix = planMatrix(experiment, findSurroundings());
  return describePlan(experiment, matrix, planRuns(matrix.cases, experiment));
}

/** @throws {BadRunFolder} `experiment-differs`, where an experiment is named and it is another one */
function openFolder(
  path: string,
  { named, options }: { readonly named: string | undefined; readonly options: MeasureOptions },
): RunFolder {
  const folder = RunFolder.open(path);
  if (named === undefined && !saysAnything(overridesOf(options))) return folder;
  const differences = differencesOf(folder.started.experiment, experimentOf(named ?? 'quick', options));
  if (differences.length === 0) return folder;
  const shown = differences.slice(0, 5).join('\n  ');
  throw new BadRunFolder(
    'experiment-differs',
    `${path} holds another experiment, and goes on as it is or not at all:\n  ${shown}`,
  );
}

/** `20261122T101500`. */
const stampOf = (nowMs: number): string => new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');

async function measure(folder: RunFolder, io: Io): Promise<CommandResult> {
  const startMs = io.nowMs();
  io.note(`${folder.started.experiment.name}: results go to ${folder.path}`);
  const bar = io.progress('runs', 1);
  const results = await runExperiment({
    ...{ folder, machine: describeMachine(startMs), signal: io.signal, nowMs: io.nowMs },
    onProgress: ({ done, of, failed, leftMs }) =>
      bar.update(done, of, `${describeTime(leftMs)} left${failed > 0 ? `, ${failed} failed` : ''}`),
  }).finally(() => bar.stop());
  const files = [...folder.writeResults(results), folder.writeReport(await reportOf(results))];
  return resultOf(results, { folder, files, seconds: (io.nowMs() - startMs) / 1_000 });
}

/** Loaded only here: drawing takes longer to load than most commands to run. */
async function reportOf(results: MeasureResults): Promise<string> {
  const { reportHtml } = await import('../measure/report/report.ts');
  return reportHtml(results);
}

function resultOf(
  results: MeasureResults,
  {
    folder,
    files,
    seconds,
  }: { readonly folder: RunFolder; readonly files: readonly string[]; readonly seconds: number },
): CommandResult {
  const { runs, failed, leftOut, plannedRuns } = results;
  const isWhole = runs.length + failed.length === plannedRuns;
  const json = {
    ...{ name: results.experiment.name, folder: folder.path, files, seconds },
    ...{ runs: runs.length, plannedRuns, failed, leftOut, interrupted: !isWhole },
  };
  const exit = isWhole && failed.length === 0 ? ('done' as const) : ('refused' as const);
  return { json, text: describeResults(results, { folder: folder.path, files, seconds }), exit };
}
