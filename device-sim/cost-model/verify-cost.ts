/**
 * What it takes to verify one signature on a board: cycles, time, stack, for each implementation that can run on its
 * core; and whether it fits, which is known before anything is downloaded.
 */
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import type { BoardFacts } from '../profiles/boards-facts.ts';
import type { StackFigure, VerifyFigure } from './figures.ts';
import { STACK_FIGURES } from './figures-verify.ts';
import { isPortable, type ScalingRule, scalingRule, VERIFY_FIGURES } from './scaling.ts';

/** A figure as published, or carried over from another core by a rule. */
export interface Carried {
  readonly value: number;
  readonly published: number;
  readonly rule?: ScalingRule;
}

export interface VerifyCost {
  readonly algorithm: AlgorithmName;
  readonly variant: string;
  readonly figure: VerifyFigure | StackFigure;
  readonly cycles?: Carried;
  readonly stackBytes?: Carried;
  /** `unknown` where nobody published what stack it needs. */
  readonly fits: 'yes' | 'no' | 'unknown';
}

export type Verdict =
  | { readonly ok: true; readonly cost: VerifyCost }
  | { readonly ok: false; readonly detail: string; readonly instead?: string };

/** Figures name the primitive; COSE has two names for one. */
const PRIMITIVES: Readonly<Record<AlgorithmName, string>> = {
  ES256: 'ECDSA-P256',
  ESP256: 'ECDSA-P256',
  Ed25519: 'Ed25519',
  'ML-DSA-44': 'ML-DSA-44',
  'ML-DSA-65': 'ML-DSA-65',
  'ML-DSA-87': 'ML-DSA-87',
};

/**
 * Every implementation that can run there, the fastest that fits first, what does not fit last. Where nobody published the
 * stack of one, it is taken to fit if the most that any of its primitive is known to need does: assembler for P-256 comes
 * without such figures, and to leave it out would make ML-DSA look fast beside slow code.
 */
export function verifyCosts(facts: BoardFacts, algorithm: AlgorithmName): readonly VerifyCost[] {
  const primitive = PRIMITIVES[algorithm];
  const known = VERIFY_FIGURES.filter((figure) => figure.algorithm === primitive);
  const here = firstOfEach(known.filter((figure) => figure.core === facts.core));
  const named = new Set(here.map(({ variant }) => variant));
  const portable = firstOfEach(known.filter(({ variant, core }) => isPortable(variant) && core === 'Cortex-M4'));
  const carried = portable.filter(({ variant, core }) => !named.has(variant) && hasRule(core, facts));
  const memory = STACK_FIGURES.filter((figure) => figure.algorithm === primitive && !named.has(figure.variant));
  return [...here, ...carried, ...memory]
    .map((figure) => costOf(figure, algorithm, facts))
    .toSorted((a, b) => rank(a, facts) - rank(b, facts) || cyclesOf(a) - cyclesOf(b));
}

/** bytes, of any implementation on any core. */
const mostStack = (primitive: string): number =>
  Math.max(...ALL_FIGURES.filter(({ algorithm }) => algorithm === primitive).map(({ stackBytes = 0 }) => stackBytes));

/**
 * Whether the board can verify signatures by `algorithm`: with `variant`, or without one with the fastest that fits.
 *
 * @returns where not, why, and the variant that would fit
 */
export function canVerify(facts: BoardFacts, algorithm: AlgorithmName, variant?: string): Verdict {
  const costs = verifyCosts(facts, algorithm);
  const cost = variant === undefined ? costs[0] : costs.find((it) => it.variant === variant);
  if (cost && cost.fits !== 'no') return { ok: true, cost };
  const instead = costs.find((it) => it.fits === 'yes' && it.variant !== variant)?.variant;
  const advice = instead === undefined ? {} : { instead };
  if (cost) return { ok: false, detail: tooLarge(cost, facts), ...advice };
  const choice = costs.map((it) => it.variant).join(', ') || 'none';
  const detail = `${facts.board} (${facts.core}): no figure for ${algorithm}${variant === undefined ? '' : ` by ${variant}`}; known: ${choice}`;
  return { ok: false, detail, ...advice };
}

export const isVariant = (name: string): boolean => ALL_FIGURES.some(({ variant }) => variant === name);

/** On any core. */
export const implementsAlgorithm = (name: string, algorithm: AlgorithmName): boolean =>
  ALL_FIGURES.some((figure) => figure.variant === name && figure.algorithm === PRIMITIVES[algorithm]);

const ALL_FIGURES: readonly (VerifyFigure | StackFigure)[] = [...VERIFY_FIGURES, ...STACK_FIGURES];

function costOf(figure: VerifyFigure | StackFigure, algorithm: AlgorithmName, facts: BoardFacts): VerifyCost {
  const { variant, stackBytes } = figure;
  const cycles = 'core' in figure ? carry('cycles', figure, facts) : undefined;
  const stack = 'core' in figure ? carry('stackBytes', figure, facts) : { value: stackBytes!, published: stackBytes! };
  const fits = stack === undefined ? 'unknown' : stack.value <= facts.stackBytes ? 'yes' : 'no';
  return { algorithm, variant, figure, ...(cycles && { cycles }), ...(stack && { stackBytes: stack }), fits };
}

function carry(what: 'cycles' | 'stackBytes', figure: VerifyFigure, { core }: BoardFacts): Carried | undefined {
  const published = figure[what];
  if (published === undefined) return undefined;
  if (figure.core === core) return { value: published, published };
  const rule = scalingRule(what, figure.core, core);
  return rule && { value: Math.round(published * rule.factor), published, rule };
}

const hasRule = (from: VerifyFigure['core'], { core }: BoardFacts): boolean =>
  scalingRule('cycles', from, core) !== undefined || scalingRule('stackBytes', from, core) !== undefined;

/** A table of figures names the newest of several first. */
function firstOfEach(figures: readonly VerifyFigure[]): readonly VerifyFigure[] {
  return figures.filter((figure, at) => figures.findIndex(({ variant }) => variant === figure.variant) === at);
}

/** What fits and how long it takes; how long it takes; what is known to fit; what does not. */
function rank({ algorithm, fits, cycles }: VerifyCost, facts: BoardFacts): number {
  if (fits === 'no') return 3;
  if (cycles === undefined) return 2;
  return fits === 'yes' || mostStack(PRIMITIVES[algorithm]) <= facts.stackBytes ? 0 : 1;
}

const cyclesOf = ({ cycles, stackBytes }: VerifyCost): number => cycles?.value ?? stackBytes?.value ?? 0;

const tooLarge = ({ algorithm, variant, stackBytes }: VerifyCost, facts: BoardFacts): string =>
  `${facts.board}: ${algorithm} by ${variant} needs ${stackBytes?.value} bytes of stack, and there are ${facts.stackBytes}`;
