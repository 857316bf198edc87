import { describe, expect, it } from 'vitest';
import { canVerify, implementsAlgorithm, isVariant, verifyCosts } from '../../../device-sim/cost-model/verify-cost.ts';
import { BOARD_FACTS, boardFacts } from '../../../device-sim/profiles/boards-facts.ts';
import { ALGORITHMS, type AlgorithmName } from '../../../protocol/cose/algorithms.ts';

const facts = (board: string) => boardFacts(board)!;

describe('verifyCosts', () => {
  it('gives what was published where the board is of the core that was measured', () => {
    const [fastest] = verifyCosts(facts('nrf52840'), 'ML-DSA-65');
    expect(fastest).toMatchObject({
      variant: 'm4f',
      cycles: { value: 2_415_944, published: 2_415_944 },
      stackBytes: { value: 9_888 },
      fits: 'yes',
    });
    expect(fastest!.cycles!.rule).toBeUndefined();
  });

  it('prefers what was measured on the core to what is carried over to it', () => {
    const clean = verifyCosts(facts('rp2040'), 'ML-DSA-87').find(({ variant }) => variant === 'clean');
    expect(clean!.cycles).toEqual({ value: 15_990_058, published: 15_990_058 });
  });

  it('carries portable code over by a rule, and says so', () => {
    const clean = verifyCosts(facts('stm32f070rb'), 'ML-DSA-44').find(({ variant }) => variant === 'clean');
    expect(clean!.cycles).toMatchObject({ published: 2_063_096, rule: { to: 'Cortex-M0' } });
    expect(clean!.cycles!.value / clean!.cycles!.published).toBeCloseTo(2.8157, 3);
    expect(clean!.fits).toBe('no');
  });

  it('takes the fastest whose stack nobody published, where the most that any needs would fit', () => {
    expect(verifyCosts(facts('nrf52840'), 'ES256')[0]).toMatchObject({
      variant: 'wolfcrypt-asm-small',
      fits: 'unknown',
    });
    // It has 8 KB; some ML-DSA needs 97 KB, so nothing is taken to fit.
    const small = { ...facts('nrf52840'), stackBytes: 8_192 };
    expect(verifyCosts(small, 'ML-DSA-44')[0]).toMatchObject({ variant: 'm4fstack', fits: 'yes' });
    expect(verifyCosts({ ...small, stackBytes: 4_096 }, 'ES256')[0]).toMatchObject({
      variant: 'tinycrypt',
      fits: 'yes',
    });
  });

  it('offers no assembly of another core', () => {
    for (const board of ['rp2040', 'stm32f070rb', 'esp32-c3', 'stm32h743']) {
      const variants = verifyCosts(facts(board), 'ML-DSA-65').map(({ variant }) => variant);
      expect(variants).not.toContain('m4f');
      expect(variants).not.toContain('m4fstack');
    }
  });

  it('knows time and stack as ES256 and ESP256 alike', () => {
    const [es256, esp256] = (['ES256', 'ESP256'] as const).map((name) => verifyCosts(facts('rp2040'), name)[0]!);
    expect(esp256!.cycles).toEqual(es256!.cycles);
  });

  it('knows something of every algorithm that a device may trust, on every board with its core', () => {
    const known = BOARD_FACTS.flatMap((board) =>
      ALGORITHMS.map(({ name }): [string, AlgorithmName, number] => [
        board.board,
        name,
        verifyCosts(board, name).length,
      ]),
    );
    expect(known).toHaveLength(BOARD_FACTS.length * ALGORITHMS.length);
    expect(known.filter(([, , count]) => count === 0)).toEqual([]);
  });
});

describe('canVerify', () => {
  it('refuses ML-DSA-87 in plain C on an nRF52840, whose 93 KB of stack it has not, and names what would fit', () => {
    expect(canVerify(facts('nrf52840'), 'ML-DSA-87', 'clean')).toEqual({
      ok: false,
      detail: 'nrf52840: ML-DSA-87 by clean needs 92948 bytes of stack, and there are 65536',
      instead: 'm4f',
    });
    expect(canVerify(facts('nrf52840'), 'ML-DSA-87', 'm4f').ok).toBe(true);
  });

  it('takes the fastest that fits where nothing is asked for', () => {
    const verdict = canVerify(facts('nrf52840'), 'ML-DSA-87');
    expect(verdict.ok && verdict.cost.variant).toBe('m4f');
  });

  it.each([
    ['nrf52840', 64],
    ['stm32l4r5', 120],
  ])('takes at least as long on %s by small stack as by speed', (board, clockMhz) => {
    const cycles = ['m4f', 'm4fstack'].map((variant) => {
      const verdict = canVerify(facts(board), 'ML-DSA-44', variant);
      return verdict.ok ? verdict.cost.cycles!.value : 0;
    });
    expect(cycles[1]).toBeGreaterThan(cycles[0]!);
    expect(facts(board).clockMhz).toBe(clockMhz);
  });

  it('names the small one where plain C does not fit 16 KB of RAM, and none where there is none', () => {
    expect(canVerify(facts('stm32f070rb'), 'ML-DSA-65', 'clean')).toMatchObject({ ok: false, instead: 'libcrux-iot' });
    const verdict = canVerify(facts('stm32f070rb'), 'ML-DSA-87');
    expect(verdict).toMatchObject({ ok: false });
    expect(verdict).not.toHaveProperty('instead');
  });

  it('refuses what nobody has published for the core, and says what is known', () => {
    const verdict = canVerify(facts('rp2040'), 'ML-DSA-44', 'm4f');
    expect(verdict).toMatchObject({ ok: false, instead: 'clean' });
    expect(!verdict.ok && verdict.detail).toContain('known: clean, libcrux-iot, mldsa-native-reduced');
  });

  it('lets pass what nobody has published the stack of', () => {
    const verdict = canVerify(facts('stm32h743'), 'ML-DSA-87');
    expect(verdict.ok && verdict.cost).toMatchObject({ variant: 'wolfcrypt-c', fits: 'unknown' });
  });
});

it('knows variants by name, and what they implement', () => {
  expect([isVariant('m4f'), isVariant('libcrux-iot'), isVariant('abacus')]).toEqual([true, true, false]);
  expect(implementsAlgorithm('p256-m', 'ES256')).toBe(true);
  expect(implementsAlgorithm('p256-m', 'ML-DSA-44')).toBe(false);
});
