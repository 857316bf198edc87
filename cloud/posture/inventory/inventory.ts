/** The keys of an account with their risk: what `bristlecone posture inventory --json` prints, and what its other forms are made of. */
import { OperatorError } from '../../errors.ts';
import type { DescribedKey, Gap } from './described-key.ts';
import { inOrderOfRisk, type RankedKey, rankRisk } from './rank-risk.ts';

export interface Inventory {
  /** ISO 8601. */
  readonly takenAt: string;
  /** Of the account: '' where there is no key to tell it by. */
  readonly accountId: string;
  readonly region: string;
  /** Whether AWS answered, whose keys are in HSMs, or an endpoint of which nothing is known. */
  readonly isAws: boolean;
  /** Whether anything that was asked for is missing. */
  readonly partial: boolean;
  readonly gaps: readonly Gap[];
  readonly byClass: Readonly<Record<string, number>>;
  readonly byRisk: Readonly<Record<string, number>>;
  /** The ones to replace first come first. */
  readonly keys: readonly RankedKey[];
}

export function createInventory(
  { keys, gaps, isAws }: { keys: readonly DescribedKey[]; gaps: readonly Gap[]; isAws: boolean },
  nowMs: number,
): Inventory {
  const ranked = inOrderOfRisk(keys.map((key) => rankRisk(key, nowMs)));
  // arn:aws:kms:us-east-1:111122223333:key/…
  const [, , , region = '', accountId = ''] = (ranked[0]?.keyArn ?? '').split(':');
  return {
    takenAt: new Date(nowMs).toISOString(),
    accountId,
    region,
    isAws,
    // An endpoint without GetKeyLastUsage hides nothing that it has.
    partial: gaps.some(({ message }) => !message.includes('UnknownOperationException')),
    gaps,
    byClass: countBy(ranked, (key) => key.class),
    byRisk: countBy(ranked, (key) => key.risk),
    keys: ranked,
  };
}

/** One line for each kind of gap: a thousand keys without permission are one thing to say. */
export function describeGaps(gaps: readonly Gap[]): string[] {
  const kinds = Map.groupBy(gaps, ({ what, code }) => `${what} ${code}`);
  return [...kinds.values()].map((same) => {
    const [{ what, code, keyArn, message }] = [same[0] ?? { what: '', code: '', keyArn: '', message: '' }];
    const of = same.length === 1 ? (keyArn === '' ? '' : ` of ${keyArn}`) : `, ${same.length} times`;
    return `${what}${of}: ${message} [${code}]`;
  });
}

/**
 * The specs of the keys in an inventory that was saved with --json, by ARN.
 *
 * @throws {OperatorError} `inventory-invalid`
 */
export function decodeKeySpecs(text: string, at: string): ReadonlyMap<string, string> {
  const keys = membersOf(parse(text, at))['keys'];
  if (!Array.isArray(keys)) throw invalid(at, 'expected an object with "keys"');
  const specs = new Map<string, string>();
  for (const [index, key] of keys.entries()) {
    const { keyArn, spec } = membersOf(key);
    if (typeof keyArn !== 'string' || typeof spec !== 'string')
      throw invalid(at, `keys[${index}]: expected the texts "keyArn" and "spec"`);
    if (spec !== '') specs.set(keyArn, spec);
  }
  return specs;
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(at, 'it is not JSON', cause);
  }
}

const invalid = (at: string, what: string, cause?: unknown): OperatorError =>
  new OperatorError('inventory-invalid', `${at}: ${what}. \`bristlecone posture inventory --json\` writes one.`, {
    cause,
  });

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const countBy = (keys: readonly RankedKey[], of: (key: RankedKey) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(keys, of)].map(([name, same]) => [name, same.length]));
