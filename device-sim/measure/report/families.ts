/** Kinds of signatures by their names: each kind has one colour and one shape, so that colour never says it alone. */

export type Family = 'none' | 'classical' | 'ml-dsa' | 'hybrid' | 'hash' | 'other';

interface FamilyRow {
  readonly family: Family;
  readonly title: string;
  readonly matches: RegExp;
  /** A symbol of Plot. */
  readonly symbol: string;
}

// oxfmt-ignore
const FAMILIES: readonly FamilyRow[] = [
  { family: 'none', title: 'no signature', matches: /^none$/, symbol: 'times' },
  { family: 'hybrid', title: 'hybrid', matches: /\+/, symbol: 'square' },
  { family: 'ml-dsa', title: 'ML-DSA', matches: /^ML-DSA-/, symbol: 'circle' },
  { family: 'hash', title: 'hash-based', matches: /^(SLH-DSA|SPHINCS|LMS|HSS|XMSS)/, symbol: 'triangle' },
  { family: 'classical', title: 'classical', matches: /^(ES\d|ESP|ECDSA|Ed\d|EdDSA|RS\d|PS\d|RSA)/, symbol: 'diamond2' },
  { family: 'other', title: 'other', matches: /^/, symbol: 'star' },
];

const rowOf = (algorithm: string): FamilyRow => FAMILIES.find(({ matches }) => matches.test(algorithm)) ?? FAMILIES[5]!;

const familyOf = (algorithm: string): Family => rowOf(algorithm).family;

export const symbolOf = (algorithm: string): string => rowOf(algorithm).symbol;

/** A CSS variable of style.ts, with a value for light and for dark. */
export const colourOf = (algorithm: string): string => `var(--${familyOf(algorithm)})`;

/** Of whatever has an algorithm: for marks of a chart. */
export const familyColour = ({ algorithm }: { readonly algorithm: string }): string => colourOf(algorithm);

/** What a quantum computer does not break, as far as names tell: hybrids count by ML-DSA. */
export const isMlDsa = (algorithm: string): boolean => /(^|\+)ML-DSA-\d/.test(algorithm);

/** Of ML-DSA alone: `44`, `65` and `87`. */
export const parameterSetOf = (algorithm: string): string | undefined => /^ML-DSA-(44|65|87)$/.exec(algorithm)?.[1];

const PREFERRED = ['ML-DSA-65', 'ML-DSA-44', 'ML-DSA-87'];

/** The algorithm that a report is about: ML-DSA where it was run, else what signs most. */
export function protagonistOf(algorithms: ReadonlyMap<string, number>): string | undefined {
  const preferred = PREFERRED.find((name) => algorithms.has(name));
  const heaviest = [...algorithms].filter(([name]) => name !== 'none').toSorted(([, a], [, b]) => b - a);
  return preferred ?? heaviest.find(([name]) => isMlDsa(name))?.[0] ?? heaviest[0]?.[0];
}

const BASELINES = ['ES256', 'ESP256', 'Ed25519', 'none'];

/** What others are compared with: what signs updates today, or nothing, or what signs least. */
export function baselineOf(algorithms: ReadonlyMap<string, number>): string | undefined {
  const least = [...algorithms].toSorted(([, a], [, b]) => a - b)[0]?.[0];
  return BASELINES.find((name) => algorithms.has(name)) ?? least;
}

/** A few that stand for all, where a figure of all would be a tangle: the baseline, the main one and the heaviest. */
export function tellingOf(algorithms: ReadonlyMap<string, number>): ReadonlySet<string> {
  const heaviest = [...algorithms].toSorted(([, a], [, b]) => b - a)[0]?.[0];
  return new Set([baselineOf(algorithms), protagonistOf(algorithms), heaviest].filter((name) => name !== undefined));
}
