/**
 * A signing profile: which algorithms sign a release, with whose keys, over which digest. It is a document that is looked
 * up when a release is made, so a fleet moves to another algorithm by a change of one parameter and not of any code.
 *
 *     {"name":"hubs","rules":"balanced","algorithms":["ML-DSA-65"],"keys":{"ML-DSA-65":"release"},
 *      "hybrid":false,"digest":"SHA-256","blockBytes":4096}
 *
 * Decoding looks at its shape only. What `rules` allow is for rules.ts, whether the keys are what it says for open-signers.ts.
 */
import {
  decodeJsonObject,
  expectArray,
  expectBoolean,
  expectObject,
  expectText,
  expectUint,
  field,
  type JsonObject,
  type JsonValue,
  optional,
} from '../../protocol/aws-iot/json.ts';
import { type AlgorithmName, ALGORITHMS, algorithmByName } from '../../protocol/cose/algorithms.ts';
import { Rejection } from '../../protocol/errors.ts';
import { DIGEST_ALGORITHMS } from '../../protocol/suit/digest.ts';

export const PROFILE_DIGESTS = ['SHA-256', 'SHA-384', 'SHA-512'] as const;
export type ProfileDigest = (typeof PROFILE_DIGESTS)[number];

export const RULE_SET_NAMES = ['cnsa-2.0', 'balanced', 'small', 'hybrid'] as const;
export type RuleSetName = (typeof RULE_SET_NAMES)[number];

export interface SigningProfile {
  /** What people and releases call it. */
  readonly name: string;
  /** The rule set that it must keep: rules.ts. */
  readonly rules: RuleSetName;
  /** All of them sign, in this order; each once. */
  readonly algorithms: readonly AlgorithmName[];
  /** By algorithm: alias, key id or ARN of a KMS key. */
  readonly keys: ReadonlyMap<AlgorithmName, string>;
  /** Whether a classical signature stands beside the post-quantum one. */
  readonly hybrid: boolean;
  /** Of the image, of the severed text, and of the manifest, which is what is signed. */
  readonly digest: ProfileDigest;
  /** A hint for devices: how much of a file to ask for at a time. */
  readonly blockBytes?: number;
}

/** bytes. A standard parameter of AWS Systems Manager holds no more. */
export const MAX_PROFILE_BYTES = 4096;

/** What AWS IoT takes as the block size of a stream (AWS IoT Core, MQTT-based file delivery, GetStream). */
const BLOCK_BYTES = { min: 256, max: 131_072 };
const MAX_ALGORITHMS = 4;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FIELDS = ['name', 'rules', 'algorithms', 'keys', 'hybrid', 'digest', 'blockBytes'];

/**
 * @param at where the bytes came from, for messages
 * @throws {Rejection} `too-large`, `not-json`, `wrong-shape`, `unsupported-algorithm`
 */
export function decodeProfile(bytes: Uint8Array, at: string): SigningProfile {
  const value = decodeJsonObject(bytes, { at, maxBytes: MAX_PROFILE_BYTES });
  expectOnly(value, FIELDS, at);
  const blockBytes = optional(field(value, 'blockBytes'), `${at}.blockBytes`, expectBlockBytes);
  return {
    name: expectName(field(value, 'name'), `${at}.name`),
    rules: expectOneOf(field(value, 'rules'), RULE_SET_NAMES, `${at}.rules`),
    algorithms: expectAlgorithms(field(value, 'algorithms'), `${at}.algorithms`),
    keys: expectKeys(field(value, 'keys'), `${at}.keys`),
    hybrid: expectBoolean(field(value, 'hybrid'), `${at}.hybrid`),
    digest: expectOneOf(field(value, 'digest'), PROFILE_DIGESTS, `${at}.digest`),
    ...(blockBytes !== undefined && { blockBytes }),
  };
}

/** As a parameter or a file holds it: JSON for people, and no larger than `decodeProfile` takes. */
export const profileJson = (profile: SigningProfile): object => ({
  ...profile,
  keys: Object.fromEntries(profile.keys),
});

/** COSE id, as SUIT digests carry it. */
export const digestAlgorithmIdOf = ({ digest }: Pick<SigningProfile, 'digest'>): number => {
  const row = DIGEST_ALGORITHMS.find(({ name }) => name === digest);
  if (!row) throw new TypeError(`no SUIT digest ${digest}`);
  return row.algorithmId;
};

/** What we do not know may be what somebody relies on: a misspelt `digest` must not mean SHA-256. */
function expectOnly(value: JsonObject, known: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrongShape(at, `no fields but ${known.join(', ')}`, unknown);
}

function expectName(value: JsonValue | undefined, at: string): string {
  const name = expectText(value, at);
  if (NAME.test(name)) return name;
  throw wrongShape(at, '1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first', name);
}

function expectOneOf<T extends string>(value: JsonValue | undefined, known: readonly T[], at: string): T {
  const found = expectText(value, at);
  const one = known.find((it) => it === found);
  if (one !== undefined) return one;
  throw wrongShape(at, `one of ${known.join(', ')}`, found);
}

function expectAlgorithms(value: JsonValue | undefined, at: string): readonly AlgorithmName[] {
  const names = expectArray(value, at).map((item, i) =>
    expectAlgorithm(expectText(item, `${at}[${i}]`), `${at}[${i}]`),
  );
  if (names.length < 1 || names.length > MAX_ALGORITHMS)
    throw wrongShape(at, `1 to ${MAX_ALGORITHMS} algorithms`, String(names.length));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw wrongShape(at, 'each algorithm once', twice);
  return names;
}

function expectAlgorithm(name: string, at: string): AlgorithmName {
  const algorithm = algorithmByName(name);
  if (algorithm) return algorithm.name;
  const known = ALGORITHMS.map((it) => it.name).join(', ');
  throw new Rejection('unsupported-algorithm', at, `expected one of ${known}, got ${shown(name)}`);
}

function expectKeys(value: JsonValue | undefined, at: string): ReadonlyMap<AlgorithmName, string> {
  const keys = new Map<AlgorithmName, string>();
  for (const [name, key] of Object.entries(expectObject(value, at))) {
    const text = expectText(key, `${at}.${name.slice(0, 40)}`);
    if (text === '' || text.length > 2048) throw wrongShape(`${at}.${name}`, '1 to 2048 characters', text);
    keys.set(expectAlgorithm(name, at), text);
  }
  return keys;
}

function expectBlockBytes(value: JsonValue, at: string): number {
  const { min, max } = BLOCK_BYTES;
  const bytes = expectUint(value, at);
  if (bytes >= min && bytes <= max) return bytes;
  throw wrongShape(at, `${min} to ${max}`, String(bytes));
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 40));

const wrongShape = (at: string, expected: string, found: string): Rejection =>
  new Rejection('wrong-shape', at, `expected ${expected}, got ${shown(found)}`);
