/**
 * JSON Schema of an experiment file. What depends on more than one field (the name of a scheme that the file itself
 * brings, a file that must exist) is checked where the file is resolved.
 */
import { MAX_BLOCK_BYTES, MAX_STREAM_FILE_BYTES, MIN_BLOCK_BYTES } from '../../../protocol/limits.ts';
import { BOARDS } from '../../profiles/boards.ts';
import { LINKS } from '../../profiles/links.ts';
import type { CaseChoice, Sweep } from './experiment.ts';

/** Of a list of links or boards: every one of them. */
export const ALL = 'all';

export interface OwnImage {
  readonly name: string;
  /** This or `file`. */
  readonly imageBytes?: number;
  /** From the folder of the experiment file. */
  readonly file?: string;
}

export interface OwnScheme {
  readonly name: string;
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  readonly source?: string;
}

/** As a user writes it: everything may be left out. */
export interface ExperimentFile {
  readonly name?: string;
  readonly description?: string;
  readonly seed?: number;
  readonly repetitions?: number;
  readonly runsOn?: string;
  readonly base?: Partial<CaseChoice>;
  readonly sweeps?: readonly Sweep[];
  readonly links?: readonly string[];
  readonly boards?: readonly string[];
  readonly schemes?: readonly OwnScheme[];
  readonly images?: readonly OwnImage[];
  readonly handshakes?: boolean;
}

const NAME = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', description: 'letters, digits, . _ -' };

// oxfmt-ignore
const AXES = {
  algorithm:   { type: 'string', minLength: 1, maxLength: 128 },
  image:       { type: 'string', minLength: 1, maxLength: 64 },
  blockBytes:  { type: 'integer', minimum: MIN_BLOCK_BYTES, maximum: MAX_BLOCK_BYTES, multipleOf: 4 },
  qos:         { enum: [0, 1] },
  encoding:    { enum: ['cbor', 'json'] },
  mqttVersion: { enum: [4, 5] },
  security:    { enum: ['plain', 'tls', 'mtls'] },
  certificate: { enum: ['P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] },
  transport:   { enum: ['mqttjs', 'aws-sdk'] },
  broker:      { type: 'string', pattern: '^(embedded|mosquitto|mqtts?://.+)$', description: 'embedded, mosquitto or mqtt://host:port' },
} as const;

const mapAxes = (of: (value: object) => object): object =>
  Object.fromEntries(Object.entries(AXES).map(([axis, value]) => [axis, of(value)]));

const record = (properties: object, required: readonly string[] = []) => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});
const listOf = (items: object) => ({ type: 'array', items, minItems: 1, uniqueItems: true });
const namesOf = (profiles: readonly { readonly name: string }[]): readonly string[] => profiles.map(({ name }) => name);

/** Axes with lists of values: a sweep, and what flags name. */
export const SWEEP_SCHEMA = { ...record(mapAxes(listOf)), minProperties: 1 };

export const EXPERIMENT_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'An experiment of `bristlecone measure`',
  ...record({
    name: NAME,
    description: { type: 'string', maxLength: 2_000 },
    seed: { type: 'integer', minimum: 0, maximum: 0xffff_ffff },
    repetitions: { type: 'integer', minimum: 1, maximum: 1_000 },
    runsOn: { enum: namesOf(BOARDS) },
    base: record(AXES),
    sweeps: { type: 'array', items: SWEEP_SCHEMA },
    links: { ...listOf({ enum: [ALL, ...namesOf(LINKS)] }), minItems: 0 },
    boards: { ...listOf({ enum: [ALL, ...namesOf(BOARDS)] }), minItems: 0 },
    schemes: listOf(
      record(
        {
          name: NAME,
          signatureBytes: { type: 'integer', minimum: 1, maximum: 65_536 },
          publicKeyBytes: { type: 'integer', minimum: 0, maximum: 1_048_576 },
          source: { type: 'string', maxLength: 500 },
        },
        ['name', 'signatureBytes', 'publicKeyBytes'],
      ),
    ),
    images: listOf(
      record(
        {
          name: NAME,
          imageBytes: { type: 'integer', minimum: 1, maximum: MAX_STREAM_FILE_BYTES },
          file: { type: 'string', minLength: 1 },
        },
        ['name'],
      ),
    ),
    handshakes: { type: 'boolean' },
  }),
};
