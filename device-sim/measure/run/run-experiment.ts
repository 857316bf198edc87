/**
 * An experiment from its plan to its results. What ends it early, Ctrl-C or a kill, leaves every run that had ended, and
 * the next call over the same folder goes on behind them.
 */
import { Unavailable } from '../../ports.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { type Matrix, planMatrix } from '../experiment/matrix.ts';
import type { Machine, MeasureResults } from '../results/results.ts';
import { runVariant } from '../variants/run-variant.ts';
import { CommandProcess } from './command-process.ts';
import { estimateMs, SETUP_MS } from './estimate.ts';
import { countHandshakes } from './handshakes.ts';
import { modelAgain, modelRun } from './model-run.ts';
import { type PlannedRun, planRuns } from './plan-runs.ts';
import { BadRunFolder, type RunFolder } from './run-folder.ts';
import type { LoggedRun, RunLog } from './run-log.ts';
import { sourcesOf } from './sources.ts';
import { ExperimentWorld } from './world.ts';

export interface RunOptions {
  readonly folder: RunFolder;
  /** What runs now, and where: what was begun elsewhere is not gone on with. */
  readonly machine: Machine;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly onProgress: (progress: RunProgress) => void;
}

export interface RunProgress {
  /** Of all runs, those of an earlier call included. */
  readonly done: number;
  readonly of: number;
  readonly failed: number;
  /** As this machine has been so far, and at first as others were. */
  readonly leftMs: number;
}

/**
 * @throws {Unavailable} where a process that all runs need is gone; what was measured stays
 * @throws {BadRunFolder} where what was measured before is no part of the same experiment
 */
export async function runExperiment(options: RunOptions): Promise<MeasureResults> {
  const { folder } = options;
  const { experiment, surroundings } = folder.started;
  const matrix = planMatrix(experiment, surroundings);
  using log = folder.openLog();
  const all = planRuns(matrix.cases, experiment);
  expectSamePlan(folder, { log, all });
  const isDone = new Set(log.runs.map(({ run }) => run.position));
  const left = all.filter(({ position }) => !isDone.has(position));
  if (left.length > 0 && isDone.size > 0) expectSameMachine(folder, options.machine);
  if (experiment.handshakes && !folder.readHandshakes()) await noteHandshakes(folder);
  if (left.length > 0) await runAll(left, { ...options, log, planned: all.length });
  return resultsOf(options, { log, matrix, planned: all.length });
}

async function noteHandshakes(folder: RunFolder): Promise<void> {
  await using commands = new CommandProcess();
  folder.writeHandshakes(await countHandshakes(commands));
}

/** What was run before, by an older Bristlecone for all we know, must be what is planned now. */
function expectSamePlan(
  { path }: RunFolder,
  { log, all }: { readonly log: RunLog; readonly all: readonly PlannedRun[] },
): void {
  const other = log.runs.find(({ run }) => all[run.position]?.spec.id !== run.spec.id);
  if (!other) return;
  const { position, spec } = other.run;
  const planned = all[position]?.spec.id ?? 'none';
  throw new BadRunFolder(
    'experiment-differs',
    `${path}: run ${position} was ${spec.id}, and ${planned} is planned now`,
  );
}

/** Runs of other code, or of another machine, would be in one table with those that are there, under their name. */
function expectSameMachine({ path, started }: RunFolder, machine: Machine): void {
  const facts = ['bristlecone', 'commit', 'node', 'cpu', 'cores', 'os'] as const;
  const other = facts.find((fact) => machine[fact] !== started.machine[fact]);
  if (!other) return;
  throw new BadRunFolder(
    'machine-differs',
    `${path}: ${other} was ${started.machine[other]} when it was begun, and is ${machine[other]} now: go on with it there, or begin anew with --out`,
  );
}

interface Around extends RunOptions {
  readonly log: RunLog;
  readonly planned: number;
}

async function runAll(left: readonly PlannedRun[], around: Around): Promise<void> {
  const { folder, signal, log } = around;
  const { experiment } = folder.started;
  const clock = new TimeLeft(left, around);
  clock.report();
  const [first] = left;
  // Of the same kind as what comes: code is compiled, connections are tried, and nothing of it is counted.
  const warmUp = first && { ...first, position: -1 };
  await using world = await openWorld(experiment, warmUp ? [warmUp, ...left] : left, signal);
  if (!world) return;
  if (warmUp && !signal.aborted) await runOne(warmUp, world, around);
  clock.start();
  for (const run of left) {
    if (signal.aborted) return;
    const logged = await runOne(run, world, around);
    if (signal.aborted && logged.kind === 'failed') return;
    if (logged.kind === 'failed' && world.hasEnded)
      throw new Unavailable(`the cloud of the experiment is gone; go on with --resume ${folder.path}`);
    log.append(logged);
    clock.done(run);
  }
}

/** @returns undefined where Ctrl-C, which its processes hear too, ended it before it was there */
async function openWorld(
  experiment: Experiment,
  runs: readonly PlannedRun[],
  signal: AbortSignal,
): Promise<ExperimentWorld | undefined> {
  try {
    return await ExperimentWorld.open(experiment, runs);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Failures are part of what was found, and no reason to stop. */
async function runOne(run: PlannedRun, world: ExperimentWorld, { folder, signal }: Around): Promise<LoggedRun> {
  const { spec, repetition, position } = run;
  const { experiment, machine } = folder.started;
  const { links, boards } = experiment;
  const seed = experiment.seed + repetition;
  const failed = (code: string, detail: string): LoggedRun => ({
    kind: 'failed',
    run: { spec, repetition, position, code, detail: detail.slice(0, 500) },
  });
  try {
    const around = await world.of(run);
    const name = `${spec.id}#${repetition}`;
    const outcome = await runVariant(spec, {
      ...around,
      seed,
      run: name,
      commit: machine.commit,
      timeoutMs: JOB_TIMEOUT_MS,
      signal,
    });
    if (outcome.code !== 'ok') return failed(outcome.code, outcome.detail);
    const { rows, trace } = outcome;
    const measured = {
      spec,
      repetition,
      position,
      rows,
      wallMs: round(outcome.wallMs),
      blockMs: outcome.blockMs.map(round),
    };
    const input = { spec, rows, trace, links, boards, seed };
    if (repetition > 0) return { kind: 'run', run: { ...measured, modelled: modelAgain(input) } };
    const modelled = modelRun(input);
    const { notKnown, sources } = modelled;
    return { kind: 'run', run: { ...measured, modelled: modelled.rows }, notKnown, sources };
  } catch (error) {
    return failed(codeOf(error), error instanceof Error ? error.message : String(error));
  }
}

/** The job is queued before its device comes. */
const JOB_TIMEOUT_MS = 15_000;

const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;

function codeOf(error: unknown): string {
  if (error instanceof Unavailable) return 'unavailable';
  if (error instanceof RangeError) return 'cannot-be';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'internal';
}

/** What is left, by what was expected of each run and how long they have taken so far. */
class TimeLeft {
  readonly #around: Around;
  #leftMs: number;
  #expectedMs = 0;
  #startMs: number | undefined;

  constructor(left: readonly PlannedRun[], around: Around) {
    this.#around = around;
    this.#leftMs = left.reduce((sum, { spec }) => sum + estimateMs(spec), 0);
  }

  start(): void {
    this.#startMs = this.#around.nowMs();
    this.report();
  }

  done({ spec }: PlannedRun): void {
    this.#leftMs -= estimateMs(spec);
    this.#expectedMs += estimateMs(spec);
    this.report();
  }

  report(): void {
    const { log, planned, onProgress, nowMs } = this.#around;
    const setupMs = this.#startMs === undefined ? SETUP_MS : 0;
    const pace =
      this.#startMs === undefined || this.#expectedMs === 0 ? 1 : (nowMs() - this.#startMs) / this.#expectedMs;
    const failed = log.runs.filter(({ kind }) => kind === 'failed').length;
    onProgress({ done: log.runs.length, of: planned, failed, leftMs: setupMs + this.#leftMs * pace });
  }
}

function resultsOf(
  { folder }: RunOptions,
  { log, matrix, planned }: { readonly log: RunLog; readonly matrix: Matrix; readonly planned: number },
): MeasureResults {
  const { experiment, machine } = folder.started;
  const failed = log.runs.flatMap((it) => (it.kind === 'failed' ? [it.run] : []));
  const finished = log.runs.flatMap((it) => (it.kind === 'run' ? [it] : []));
  const runs = finished.map(({ run }) => run).toSorted((a, b) => a.position - b.position);
  const notKnown = new Map(finished.flatMap((it) => it.notKnown ?? []).map((it) => [JSON.stringify(it), it]));
  return {
    ...{ format: 'bristlecone-measure', version: 1, experiment, machine, runs, failed },
    leftOut: matrix.leftOut,
    notKnown: [...notKnown.values()],
    plannedRuns: planned,
    handshakes: folder.readHandshakes() ?? [],
    sources: sourcesOf(
      experiment,
      finished.map(({ sources }) => sources ?? {}),
    ),
  };
}
