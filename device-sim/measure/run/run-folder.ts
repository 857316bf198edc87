/**
 * The folder of an experiment: what it is, the runs as they end, and in the end its results.
 *
 *     experiment.json   handshakes.json   runs.jsonl  │  results.csv   results.json   report.html
 */
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { Experiment } from '../experiment/experiment.ts';
import type { Surroundings } from '../experiment/impossible.ts';
import { csvOf } from '../results/csv.ts';
import type { HandshakeBytes, Machine, MeasureResults } from '../results/results.ts';
import { RunLog } from './run-log.ts';

/** Written before the first run, and compared with when it is gone on with. */
export interface StartedExperiment {
  readonly format: 'bristlecone-experiment';
  readonly version: 1;
  readonly experiment: Experiment;
  readonly machine: Machine;
  /** The matrix depends on it. */
  readonly surroundings: Surroundings;
}

/** Somebody asked for a folder that cannot be used so. */
export class BadRunFolder extends Error {
  override readonly name = 'BadRunFolder';
  readonly code: 'experiment-differs' | 'machine-differs' | 'results-exist' | 'no-experiment';

  constructor(code: BadRunFolder['code'], detail: string) {
    super(detail);
    this.code = code;
  }
}

export class RunFolder {
  readonly path: string;
  readonly started: StartedExperiment;

  private constructor(path: string, started: StartedExperiment) {
    this.path = path;
    this.started = started;
  }

  /** @throws {BadRunFolder} `results-exist` */
  static create(path: string, made: Pick<StartedExperiment, 'experiment' | 'machine' | 'surroundings'>): RunFolder {
    const file = join(path, 'experiment.json');
    if (existsSync(file))
      throw new BadRunFolder(
        'results-exist',
        `${path}: there is an experiment already; go on with it by --resume ${path}`,
      );
    mkdirSync(path, { recursive: true });
    const started: StartedExperiment = { format: 'bristlecone-experiment', version: 1, ...made };
    writeFileSync(file, `${JSON.stringify(started, undefined, 1)}\n`);
    return new RunFolder(path, started);
  }

  /** @throws {BadRunFolder} `no-experiment` */
  static open(path: string): RunFolder {
    const file = join(path, 'experiment.json');
    const started: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    if (isStarted(started)) return new RunFolder(path, started);
    throw new BadRunFolder(
      'no-experiment',
      `${path}: expected an experiment.json of bristlecone measure, and there is none`,
    );
  }

  openLog(): RunLog {
    return new RunLog(join(this.path, 'runs.jsonl'));
  }

  readHandshakes(): readonly HandshakeBytes[] | undefined {
    const file = join(this.path, 'handshakes.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  }

  writeHandshakes(handshakes: readonly HandshakeBytes[]): void {
    writeFileSync(join(this.path, 'handshakes.json'), JSON.stringify(handshakes));
  }

  /** @returns the files */
  writeResults(results: MeasureResults): readonly string[] {
    const csv = join(this.path, 'results.csv');
    const json = join(this.path, 'results.json');
    writePieces(csv, csvOf(results.runs));
    writePieces(json, jsonOf(results));
    return [csv, json];
  }

  writeReport(html: string): string {
    const file = join(this.path, 'report.html');
    writeFileSync(file, html);
    return file;
  }
}

const isStarted = (value: unknown): value is StartedExperiment =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 'bristlecone-experiment' &&
  'version' in value &&
  value.version === 1;

/** One run a line. */
function* jsonOf({ runs, ...rest }: MeasureResults): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"runs":[`;
  for (const [index, run] of runs.entries()) yield `${index === 0 ? '' : ','}\n${JSON.stringify(run)}`;
  yield '\n]}\n';
}

function writePieces(file: string, pieces: Iterable<string>): void {
  const handle = openSync(file, 'w');
  try {
    for (const piece of pieces) writeSync(handle, piece);
  } finally {
    closeSync(handle);
  }
}

/** Where two experiments differ: `sweeps[0].blockBytes: [256] and [512]`. */
export function differencesOf(one: unknown, other: unknown, at = ''): readonly string[] {
  if (isRecord(one) && isRecord(other)) {
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return names.flatMap((name) => differencesOf(one[name], other[name], at === '' ? name : `${at}.${name}`));
  }
  const [before, after] = [JSON.stringify(one), JSON.stringify(other)];
  return before === after ? [] : [`${at}: ${shorten(before)} there, ${shorten(after)} here`];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shorten = (json: string | undefined): string => (json ?? 'nothing').slice(0, 100);
