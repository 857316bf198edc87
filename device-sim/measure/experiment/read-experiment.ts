/**
 * From a preset, a file and flags to an experiment that can be run. A file is YAML, of which JSON is a part. Flags
 * override: a sweep over an axis that a flag names takes the flag's values, and the base case takes the first of them
 * unless its own is among them; an axis that nobody sweeps over is swept alone.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { BadExperiment, type Problem } from './bad-experiment.ts';
import { checkExperimentFile } from './check-experiment.ts';
import type { ExperimentFile } from './experiment-schema.ts';
import { DEFAULT_BASE, type Sweep } from './experiment.ts';

export const PRESETS = ['quick', 'standard', 'full'] as const;

/** What an experiment was read from. */
export interface ExperimentSource {
  /** For messages. */
  readonly file: string;
  /** That its own images are relative to. */
  readonly folder: string;
  readonly content: ExperimentFile;
}

export const presetFile = (name: string): string => join(import.meta.dirname, 'presets', `${name}.yaml`);

/** @param named a preset, or a file @throws {BadExperiment} */
export function readExperiment(named: string): ExperimentSource {
  const preset = PRESETS.find((name) => name === named);
  const file = preset === undefined ? named : presetFile(preset);
  return parseExperiment(readText(named, file), { file: named, folder: resolve(dirname(file)) });
}

export function parseExperiment(text: string, from: { file: string; folder: string }): ExperimentSource {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new BadExperiment(from.file, [syntaxProblem(error.message)]);
  const checked = checkExperimentFile(valueOf(document, from.file) ?? {});
  if (checked.ok) return { ...from, content: checked.value };
  throw new BadExperiment(from.file, checked.problems);
}

/** Without the aliases that would make a large value of a small file, or one that contains itself. */
function valueOf(document: Document, file: string): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    // As JSON would have it: nothing is a part of itself.
    return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  } catch (cause) {
    const got = cause instanceof Error ? cause.message.split('\n')[0] : undefined;
    throw new BadExperiment(file, [
      { at: '', expected: `at most ${MAX_ALIASES} aliases, and none to what it is in`, got },
    ]);
  }
}

/** As the parser counts them: aliases of aliases by how often all of them are expanded. */
const MAX_ALIASES = 100;

const syntaxProblem = (message: string): Problem => ({
  ...{ at: '', expected: 'YAML or JSON', got: message.split('\n')[0] },
});

function readText(named: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isMissing) throw cause;
    throw new BadExperiment('experiment', [
      { at: '', expected: `one of ${PRESETS.join(', ')}, or a file`, got: named },
    ]);
  }
}

/** What a command line says beside the file. */
export interface Overrides {
  readonly axes: Sweep;
  /** Every combination of the axes that are named, and nothing else. */
  readonly cross: boolean;
  readonly rest: Pick<ExperimentFile, 'name' | 'seed' | 'repetitions' | 'links' | 'boards' | 'runsOn' | 'handshakes'>;
}

/** @throws {BadExperiment} where a value is none */
export function overrideExperiment(source: ExperimentSource, { axes, cross, rest }: Overrides): ExperimentSource {
  const { content } = source;
  const sweeps = content.sweeps ?? [];
  const named = Object.entries(axes);
  const isSwept = (axis: string): boolean => sweeps.some((sweep) => Object.hasOwn(sweep, axis));
  const kept = sweeps.map((sweep) => ({
    ...sweep,
    ...Object.fromEntries(named.filter(([axis]) => Object.hasOwn(sweep, axis))),
  }));
  const alone = named.filter(([axis, values]) => values.length > 1 && !isSwept(axis));
  const own = new Map<string, unknown>(Object.entries({ ...DEFAULT_BASE, ...content.base }));
  const base = named.map(([axis, values]: [string, readonly unknown[]]) => [
    ...[axis, values.includes(own.get(axis)) ? own.get(axis) : values[0]],
  ]);
  const crossed = named.length === 0 ? [] : [axes];
  const checked = checkExperimentFile({
    ...content,
    ...rest,
    base: { ...content.base, ...Object.fromEntries(base) },
    sweeps: cross ? crossed : [...kept, ...alone.map(([axis, values]) => ({ [axis]: values }))],
  });
  if (checked.ok) return { ...source, content: checked.value };
  throw new BadExperiment(source.file, checked.problems);
}
