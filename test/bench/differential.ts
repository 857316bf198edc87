/**
 * The strict reader against another strict reader, cbor2, over mutated CBOR. For each input one of these holds, or it is
 * a finding:
 *   - both refuse it;
 *   - both read the same value, and our encoder writes the same bytes again;
 *   - ours alone refuses it, by one of the rules in EXPLAINED, and the value that cbor2 read shows that the rule is right.
 *
 *     npx node test/bench/differential.ts --mutations 1000000 --seed 1 --json
 */
import { parseArgs } from 'node:util';
import { Tag as Cbor2Tag } from 'cbor2';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { decodeCbor } from '../../protocol/cbor/decode.ts';
import { encodeCbor } from '../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../protocol/cbor/value.ts';
import { Rejection } from '../../protocol/errors.ts';
import { MAX_CBOR_DEPTH } from '../../protocol/limits.ts';
import { createRandom } from '../support/random.ts';
import { createCorpus } from './corpus.ts';
import { mutated } from './mutate.ts';
import { decodeWithCbor2 } from './peers.ts';

/** Size is no subject here; so few items that the bound is met. */
const BOUNDS = { at: 'mutation', maxBytes: 1 << 16, maxItems: 60 };

/** Findings kept whole; the rest is counted. */
const MAX_FINDINGS = 20;

/** Rules of ours that cbor2 has not, or not at the same number, each with how to see it in what cbor2 read. */
const EXPLAINED: readonly { readonly rule: string; readonly shows: (read: unknown) => boolean }[] = [
  // cbor2 leaves a bignum as tag 2 or 3 here, and in other modes would take its time over it.
  { rule: 'bignum', shows: (read) => tagsOf(read).some((tag) => tag === 2 || tag === 3) },
  { rule: 'tag above 2^32 - 1', shows: (read) => tagsOf(read).some((tag) => tag > 2 ** 32 - 1) },
  // cbor2 counts an array as two levels and a map as one, so its own bound is set out of reach.
  { rule: `nested deeper than ${MAX_CBOR_DEPTH}`, shows: (read) => depthOf(read) > MAX_CBOR_DEPTH },
  { rule: 'too many data items', shows: (read) => itemsOf(read) > BOUNDS.maxItems },
];

interface Finding {
  readonly hex: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface DifferentialResult {
  readonly mutations: number;
  readonly seed: number;
  readonly corpus: number;
  readonly bothRead: number;
  readonly bothRefused: number;
  /** Ours alone refused, by rule. */
  readonly explained: Readonly<Record<string, number>>;
  /** Threw anything but a Rejection. */
  readonly crashes: readonly Finding[];
  readonly disagreements: readonly Finding[];
  readonly perSecond: number;
}

type Outcome =
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly error: unknown };

export function differential({ mutations, seed }: { mutations: number; seed: number }): DifferentialResult {
  const corpus = createCorpus(seed);
  const random = createRandom(seed);
  const explained: Record<string, number> = Object.fromEntries(EXPLAINED.map(({ rule }) => [rule, 0]));
  const counts = { read: 0, refused: 0 };
  const findings: Record<'crashes' | 'disagreements', Finding[]> = { crashes: [], disagreements: [] };
  const startMs = performance.now();
  for (let i = 0; i < mutations; i++) {
    const bytes = mutated(corpus, random);
    const verdict = judge(bytes);
    if (verdict.is === 'agreed') counts[verdict.both] += 1;
    else if (verdict.is === 'explained') explained[verdict.rule] = (explained[verdict.rule] ?? 0) + 1;
    else if (findings[verdict.is].length < MAX_FINDINGS) findings[verdict.is].push(verdict.finding);
  }
  const perSecond = Math.round((mutations / (performance.now() - startMs)) * 1000);
  const { read: bothRead, refused: bothRefused } = counts;
  return { mutations, seed, corpus: corpus.length, bothRead, bothRefused, explained, ...findings, perSecond };
}

type Verdict =
  | { readonly is: 'agreed'; readonly both: Outcome['kind'] }
  | { readonly is: 'explained'; readonly rule: string }
  | { readonly is: 'crashes' | 'disagreements'; readonly finding: Finding };

function judge(bytes: Uint8Array): Verdict {
  const ours = outcomeOf(() => decodeCbor(bytes, BOUNDS));
  const theirs = outcomeOf(() => decodeWithCbor2(bytes));
  const finding = (what = ours): Finding => ({ hex: toHex(bytes), ours: describe(what), theirs: describe(theirs) });

  if (ours.kind === 'refused') {
    if (!(ours.error instanceof Rejection)) return { is: 'crashes', finding: finding() };
    if (theirs.kind === 'refused') return { is: 'agreed', both: 'refused' };
    const { detail } = ours.error;
    const known = EXPLAINED.find(({ rule, shows }) => detail.includes(`got ${rule} at`) && shows(theirs.value));
    return known ? { is: 'explained', rule: known.rule } : { is: 'disagreements', finding: finding() };
  }
  const again = outcomeOf(() => encodeCbor(ours.value as CborValue));
  if (again.kind === 'refused') return { is: 'crashes', finding: finding(again) };
  const same =
    theirs.kind === 'read' && sameValue(ours.value, theirs.value) && equalBytes(again.value as Uint8Array, bytes);
  return same ? { is: 'agreed', both: 'read' } : { is: 'disagreements', finding: finding() };
}

function outcomeOf(act: () => unknown): Outcome {
  try {
    return { kind: 'read', value: act() };
  } catch (error) {
    return { kind: 'refused', error };
  }
}

const describe = (outcome: Outcome): string => (outcome.kind === 'read' ? 'read' : String(outcome.error)).slice(0, 200);

function sameValue(ours: unknown, theirs: unknown): boolean {
  if (ours instanceof Uint8Array) return theirs instanceof Uint8Array && equalBytes(ours, theirs);
  if (ours instanceof Tag) {
    return theirs instanceof Cbor2Tag && Number(theirs.tag) === ours.tag && sameValue(ours.value, theirs.contents);
  }
  if (ours instanceof Map) return theirs instanceof Map && sameItems([...ours].flat(), [...theirs].flat());
  if (Array.isArray(ours)) return Array.isArray(theirs) && sameItems(ours, theirs);
  // -2^53 is a number for cbor2 and a bigint for us.
  if (typeof ours === 'bigint')
    return (typeof theirs === 'bigint' || Number.isInteger(theirs)) && ours === BigInt(String(theirs));
  return ours === theirs;
}

const sameItems = (ours: readonly unknown[], theirs: readonly unknown[]): boolean =>
  ours.length === theirs.length && ours.every((item, i) => sameValue(item, theirs[i]));

function childrenOf(read: unknown): readonly unknown[] {
  if (read instanceof Cbor2Tag) return [read.contents];
  if (read instanceof Map) return [...read].flat();
  return Array.isArray(read) ? read : [];
}

const tagsOf = (read: unknown): number[] => [
  ...(read instanceof Cbor2Tag ? [Number(read.tag)] : []),
  ...childrenOf(read).flatMap(tagsOf),
];

const isContainer = (read: unknown): boolean => read instanceof Cbor2Tag || read instanceof Map || Array.isArray(read);

const depthOf = (read: unknown): number => (isContainer(read) ? 1 + Math.max(0, ...childrenOf(read).map(depthOf)) : 0);

const itemsOf = (read: unknown): number => childrenOf(read).reduce((sum: number, item) => sum + itemsOf(item), 1);

if (import.meta.main) {
  Error.stackTraceLimit = 0; // most inputs throw twice, and nobody reads where
  const { values } = parseArgs({
    options: { mutations: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  });
  const result = differential({ mutations: Number(values.mutations ?? 1_000_000), seed: Number(values.seed ?? 1) });
  console.log(values.json ? JSON.stringify(result) : result);
  if (result.crashes.length + result.disagreements.length > 0) process.exitCode = 1;
}
