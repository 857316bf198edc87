/** The shape of an experiment, by its JSON Schema; what is wrong comes in our words instead of those of the validator. */
import { Ajv, type ErrorObject } from 'ajv';
import { nearestName, type Problem } from './bad-experiment.ts';
import { EXPERIMENT_SCHEMA, type ExperimentFile, SWEEP_SCHEMA } from './experiment-schema.ts';
import type { Sweep } from './experiment.ts';

const ajv = new Ajv({ allErrors: true, verbose: true });
const isExperimentFile = ajv.compile<ExperimentFile>(EXPERIMENT_SCHEMA);
const isSweep = ajv.compile<Sweep>(SWEEP_SCHEMA);

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const checkExperimentFile = (value: unknown): Checked<ExperimentFile> =>
  isExperimentFile(value) ? { ok: true, value } : { ok: false, problems: problemsOf(isExperimentFile.errors) };

/** Axes with their values, as flags name them. */
export const checkSweep = (value: unknown): Checked<Sweep> =>
  isSweep(value) ? { ok: true, value } : { ok: false, problems: problemsOf(isSweep.errors) };

const problemsOf = (errors: readonly ErrorObject[] | null | undefined): readonly Problem[] =>
  (errors ?? []).map(problemOf);

function problemOf(error: ErrorObject): Problem {
  const at = placeOf(error.instancePath);
  const got: unknown = error.data;
  switch (error.keyword) {
    case 'enum': {
      const known = listOf(error.schema).map(String);
      return {
        at,
        expected: `one of ${known.join(', ')}`,
        got,
        nearest: typeof got === 'string' ? nearestName(got, known) : undefined,
      };
    }
    case 'additionalProperties': {
      const name = String(error.params['additionalProperty']);
      const known = Object.keys(objectOf(error.parentSchema?.['properties']));
      const field = at === '' ? name : `${at}.${name}`;
      const nearest = nearestName(name, known);
      return { at: field, expected: `one of the fields ${known.join(', ')}`, got: name, nearest };
    }
    case 'required':
      return {
        at: [at, error.params['missingProperty']].filter(Boolean).join('.'),
        expected: 'a value',
        got: undefined,
      };
    case 'type':
      return { at, expected: `${article(String(error.schema))} ${String(error.schema)}`, got };
    case 'minimum':
      return { at, expected: `at least ${Number(error.schema)}`, got, nearest: Number(error.schema) };
    case 'maximum':
      return { at, expected: `at most ${Number(error.schema)}`, got, nearest: Number(error.schema) };
    case 'multipleOf': {
      const step = Number(error.schema);
      return {
        at,
        expected: `a multiple of ${step}`,
        got,
        nearest: Math.max(1, Math.round(Number(got) / step)) * step,
      };
    }
    case 'pattern':
      return { at, expected: String(error.parentSchema?.['description'] ?? error.schema), got };
    case 'uniqueItems':
      return { at, expected: 'each value once', got };
    case 'minItems':
    case 'minProperties':
    case 'minLength':
      return { at, expected: 'at least one', got };
    default:
      return { at, expected: error.message ?? error.keyword, got };
  }
}

/** `/sweeps/0/blockBytes` as people write it. */
const placeOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? 'an' : 'a');

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objectOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
