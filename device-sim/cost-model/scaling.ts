/**
 * How a figure of one core is carried over to another: by a factor that is derived from code that was measured on both,
 * with an error that is how far the pairs are from it. Only portable code is carried over, and only where there are at
 * least two pairs: what has none stays unknown.
 *
 *     factor = geometric mean of (figure on `to` ÷ figure on `from`)      error = the farthest pair from it
 *
 * A clock changes time and not cycles. Wait states of flash and caches are in the figures of the boards they were
 * measured on and nowhere else: pqm4's are of a clock slow enough to need no wait states.
 */
import type { Core } from '../profiles/boards-facts.ts';
import type { VerifyFigure } from './figures.ts';
import { PQM4_FIGURES } from './figures-pqm4.ts';
import { OTHER_FIGURES } from './figures-verify.ts';

export type Scaled = 'cycles' | 'stackBytes';

export interface ScalingRule {
  readonly scaled: Scaled;
  readonly from: Core;
  readonly to: Core;
  readonly factor: number;
  /** How far the farthest pair is from the factor. */
  readonly errorPercent: number;
  /** `ML-DSA-44 clean: 2063096 on Cortex-M4, 5848941 on Cortex-M0+`. */
  readonly pairs: readonly string[];
}

/** The same source in C on every core. Everything else is assembly, or hardware, of the core it was measured on. */
const PORTABLE: ReadonlySet<string> = new Set([
  ...['clean', 'ref', 'p256-m', 'tinycrypt', 'mbedtls', 'wolfcrypt-c', 'wolfcrypt-c32', 'wolfcrypt-sp-int'],
  ...['wolfcrypt-small', 'liboqs', 'mldsa-native-reduced', 'libcrux-iot'],
]);

export const isPortable = (variant: string): boolean => PORTABLE.has(variant);

export const VERIFY_FIGURES: readonly VerifyFigure[] = [...PQM4_FIGURES, ...OTHER_FIGURES];

const FROM: Core = 'Cortex-M4';
const TO: readonly Core[] = ['Cortex-M0', 'Cortex-M0+', 'Cortex-M33', 'Cortex-M7', 'ESP32-C3'];
const FEWEST_PAIRS = 2;

/** All rules that the figures allow. */
export const SCALING_RULES: readonly ScalingRule[] = (['cycles', 'stackBytes'] as const).flatMap((scaled) =>
  TO.map((to) => deriveRule(VERIFY_FIGURES, { scaled, from: FROM, to })).filter((rule) => rule !== undefined),
);

export const scalingRule = (scaled: Scaled, from: Core, to: Core): ScalingRule | undefined =>
  SCALING_RULES.find((rule) => rule.scaled === scaled && rule.from === from && rule.to === to);

/** @returns undefined where too little was measured on both cores */
export function deriveRule(
  figures: readonly VerifyFigure[],
  { scaled, from, to }: Pick<ScalingRule, 'scaled' | 'from' | 'to'>,
): ScalingRule | undefined {
  const pairs = figures.flatMap((figure) => {
    if (figure.core !== from || !isPortable(figure.variant)) return [];
    const { algorithm, variant } = figure;
    const other = figures.find((it) => it.core === to && it.algorithm === algorithm && it.variant === variant);
    const before = figure[scaled];
    const after = other?.[scaled];
    if (before === undefined || after === undefined) return [];
    return [{ ratio: after / before, text: `${algorithm} ${variant}: ${before} on ${from}, ${after} on ${to}` }];
  });
  if (pairs.length < FEWEST_PAIRS) return undefined;
  const ratios = pairs.map(({ ratio }) => ratio);
  const factor = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const errorPercent = 100 * Math.max(...ratios.map((ratio) => Math.abs(ratio / factor - 1)));
  return { scaled, from, to, factor, errorPercent, pairs: pairs.map(({ text }) => text) };
}
