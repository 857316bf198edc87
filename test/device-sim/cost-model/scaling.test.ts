import { describe, expect, it } from 'vitest';
import {
  deriveRule,
  isPortable,
  scalingRule,
  SCALING_RULES,
  VERIFY_FIGURES,
} from '../../../device-sim/cost-model/scaling.ts';

describe('scaling rules', () => {
  it('are those that at least two pairs of portable code stand behind', () => {
    expect(SCALING_RULES.map(({ scaled, to }) => `${scaled} ${to}`)).toEqual([
      'cycles Cortex-M0',
      'cycles Cortex-M0+',
      'stackBytes Cortex-M0',
      'stackBytes Cortex-M0+',
    ]);
    for (const { from, pairs } of SCALING_RULES) {
      expect(from).toBe('Cortex-M4');
      expect(pairs.length).toBeGreaterThanOrEqual(2);
    }
  });

  it('reproduce each pair they are derived from within the error they state, and one exactly as far off', () => {
    for (const { scaled, to, factor, errorPercent } of SCALING_RULES) {
      const errors = VERIFY_FIGURES.filter(({ core, variant }) => core === to && isPortable(variant)).flatMap(
        (figure) => {
          const from = VERIFY_FIGURES.find(
            (it) => it.core === 'Cortex-M4' && it.variant === figure.variant && it.algorithm === figure.algorithm,
          );
          const [before, after] = [from?.[scaled], figure[scaled]];
          return before === undefined || after === undefined ? [] : [100 * Math.abs(after / (before * factor) - 1)];
        },
      );
      expect(errors.length).toBeGreaterThanOrEqual(2);
      expect(Math.max(...errors)).toBeCloseTo(errorPercent, 9);
    }
  });

  it('state 2.84 with 0.3 % for the Cortex-M0+, and 2.82 with 9 % for the Cortex-M0', () => {
    const m0plus = scalingRule('cycles', 'Cortex-M4', 'Cortex-M0+');
    const m0 = scalingRule('cycles', 'Cortex-M4', 'Cortex-M0');
    expect([m0plus!.factor.toFixed(2), m0plus!.errorPercent.toFixed(1)]).toEqual(['2.84', '0.3']);
    expect([m0!.factor.toFixed(2), m0!.errorPercent.toFixed(1)]).toEqual(['2.82', '9.0']);
  });

  it('carry nothing to a core that no portable code was measured on twice', () => {
    for (const core of ['Cortex-M7', 'Cortex-M33', 'ESP32-C3'] as const) {
      expect(scalingRule('cycles', 'Cortex-M4', core)).toBeUndefined();
    }
  });

  it('need two pairs: one could not tell how far off it is', () => {
    const tinycrypt = VERIFY_FIGURES.filter(({ variant }) => variant === 'tinycrypt');
    const both = VERIFY_FIGURES.filter(({ variant }) => ['tinycrypt', 'p256-m'].includes(variant));
    const way = { scaled: 'cycles', from: 'Cortex-M4', to: 'Cortex-M0' } as const;
    expect(deriveRule(tinycrypt, way)).toBeUndefined();
    expect(deriveRule(both, way)?.factor).toBeCloseTo(2.8157, 3);
  });

  it('carry no assembly', () => {
    for (const variant of ['m4f', 'm4fstack', 'wolfcrypt-asm', 'wolfcrypt-asm-small', 'stm32-pka']) {
      expect(isPortable(variant)).toBe(false);
    }
  });
});
