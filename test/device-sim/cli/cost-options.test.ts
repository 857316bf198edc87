import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../command-line.ts';
import {
  CannotVerify,
  describeSheet,
  expectVerifiable,
  explainCost,
  parseCell,
  parseLink,
  parseVariants,
  readPrices,
} from '../../../device-sim/cli/cost-options.ts';
import { AWS_PRICES } from '../../../device-sim/cost-model/aws-bill.ts';
import { costSheet } from '../../../device-sim/cost-model/cost-sheet.ts';
import { measured } from '../../../device-sim/cost-model/value.ts';
import { boardFacts } from '../../../device-sim/profiles/boards-facts.ts';
import { boardNamed } from '../../../device-sim/profiles/boards.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const sheet = costSheet({
  rows: [],
  board: boardNamed('nrf52840')!,
  facts: boardFacts('nrf52840')!,
  verifications: (['ES256', 'ML-DSA-65'] as const).map((it) => ({
    cost: expectVerifiable('nrf52840', it, []),
    times: 1,
  })),
  hashed: measured({ quantity: 'hashed', value: 65_536, unit: 'B', source: 'counted in this run' }),
  cell: parseCell('cr2032'),
  prices: AWS_PRICES,
});

const verifiable = (board: string, variants: readonly string[]) =>
  (['ES256', 'ML-DSA-87'] as const).map((algorithm) => expectVerifiable(board, algorithm, variants).variant);

describe('options', () => {
  it('name links, cells, variants and prices', () => {
    expect(parseLink(undefined)).toBeUndefined();
    expect(parseLink('nb-iot')?.carries.kind).toBe('ip');
    expect(parseCell(undefined).name).toBe('2xaa');
    expect(parseVariants('m4f,p256-m')).toEqual(['m4f', 'p256-m']);
    expect(parseVariants(undefined)).toEqual([]);
    expect(readPrices(undefined)).toBe(AWS_PRICES);
    const file = join(temporaryFolder(), 'prices.json');
    writeFileSync(file, '{"perMillionMessages":2,"perMillionMinutes":1,"perJobExecution":0,"source":"a contract"}');
    expect(readPrices(file)).toMatchObject({ perMillionMessages: 2, source: 'a contract' });
  });

  it.each([
    ['a link', () => parseLink('carrier-pigeon'), '--link: expected one of nb-iot'],
    ['a cell', () => parseCell('lemon'), '--battery: expected one of 2xaa, cr2032, 6xaaa'],
    ['a variant', () => parseVariants('m4f,abacus'), '--variant: nobody has published figures of "abacus"'],
  ])('refuse %s that nobody knows, and say what is known', (_, parse, message) => {
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});

describe('expectVerifiable', () => {
  it('takes what is named for the algorithms that it implements, and the fastest that fits for the others', () => {
    expect(verifiable('nrf52840', [])).toEqual(['wolfcrypt-asm-small', 'm4f']);
    expect(verifiable('nrf52840', ['m4fstack'])).toEqual(['wolfcrypt-asm-small', 'm4fstack']);
    expect(verifiable('nrf52840', ['m4fstack', 'p256-m'])).toEqual(['p256-m', 'm4fstack']);
  });

  it.each([
    ['does not fit', 'nrf52840', ['clean'], 'needs 92948 bytes of stack, and there are 65536; --variant m4f would fit'],
    [
      'is of another core',
      'rp2040',
      ['m4f'],
      'no figure for ML-DSA-87 by m4f; known: clean; --variant clean would fit',
    ],
    ['does not fit, as no other', 'stm32f070rb', [], 'and there are 8192; no other is known that would'],
  ])('refuses what %s', (_, board, variants, message) => {
    expect(() => verifiable(board, variants)).toThrow(CannotVerify);
    expect(() => verifiable(board, variants)).toThrow(message);
  });
});

describe('a sheet as text', () => {
  it('says of each quantity how it was had, and of each that is not known why', () => {
    const text = describeSheet(sheet);
    expect(text).toContain('Costs on nrf52840, ES256 and ML-DSA-65');
    expect(text).toMatch(/verify-time ML-DSA-65 +37\.75 +ms +modelled/);
    expect(text).toMatch(/hashed +65,536 +B +measured/);
    expect(text).toContain('link-time: no link was named');
  });

  it('explains a quantity of each algorithm, an input, and what is not known', () => {
    expect(explainCost(sheet, 'verify-time')).toContain('verify-time ES256 = ');
    expect(explainCost(sheet, 'verify-time')).toContain('mupq/pqm4@cc2c1b992b60');
    expect(explainCost(sheet, 'clock')).toBe(
      'clock = 64 MHz (modelled)\n    Nordic Semiconductor, nRF52840 Product Specification, chapter CPU: 64 MHz',
    );
    expect(explainCost(sheet, 'joy')).toMatch(/^No "joy" in this sheet; expected one of /);
    expect(explainCost(sheet, 'link-time')).toBe('link-time: not known: no link was named: --link says which');
  });
});
