import { expect, it } from 'vitest';
import { SHA256_FIGURES } from '../../../device-sim/cost-model/figures-sha256.ts';
import { STACK_FIGURES } from '../../../device-sim/cost-model/figures-verify.ts';
import { VERIFY_FIGURES } from '../../../device-sim/cost-model/scaling.ts';
import type { VerifyFigure } from '../../../device-sim/cost-model/figures.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

/** RFC 4180 as far as these files use it: quotes around fields with commas, no quotes or line ends in them. */
function readCsv(path: string): Readonly<Record<string, string>>[] {
  const [head, ...lines] = new TextDecoder().decode(readVector(path)).trim().split(/\r?\n/);
  const names = fieldsOf(head!);
  return lines.map((line) => Object.fromEntries(fieldsOf(line).map((field, at) => [names[at]!, field])));
}

const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const milliseconds = ({ cycles, clockMhz }: VerifyFigure, atMhz = clockMhz): number => cycles! / atMhz / 1_000;

/** As many digits after the point as the source gives. */
const digitsOf = (text: string): number => text.split('.')[1]?.length ?? 0;

const find = (algorithm: string, implementation: string, core: string, clockMhz: number): VerifyFigure | undefined =>
  VERIFY_FIGURES.find(
    (figure) =>
      figure.algorithm === algorithm &&
      figure.implementation === implementation &&
      figure.core === core &&
      figure.clockMhz === clockMhz,
  );

describeWithVectors('figures of verification', () => {
  const pqm4 = readCsv('cost/pqm4-signatures.csv');
  const others = readCsv('cost/verify-mcu-give.csv');

  it('reproduce every row of pqm4: cycles, stack and code, and its times at three clocks', () => {
    expect(pqm4).toHaveLength(25);
    for (const row of pqm4) {
      const scheme = row['scheme']!;
      const algorithm = scheme.startsWith('ml-dsa') ? scheme.toUpperCase() : scheme;
      const figure = find(algorithm, `pqm4 ${row['implementation']}`, 'Cortex-M4', 24);
      expect(figure).toMatchObject({
        cycles: Number(row['verify_cycles_mean']),
        stackBytes: Number(row['verify_stack_bytes']),
        codeBytes: Number(row['code_text_bytes']),
        source: row['source']!.replace(
          'Nucleo-L4R5ZI Cortex-M4F 24MHz zero wait states; gcc',
          'Nucleo-L4R5ZI, Cortex-M4F at 24 MHz without wait states, gcc',
        ),
      });
      for (const clock of [24, 64, 168]) {
        expect(milliseconds(figure!, clock).toFixed(1)).toBe(Number(row[`verify_ms_at_${clock}MHz`]).toFixed(1));
      }
    }
  });

  it('reproduce every row of the others at its clock: cycles, time, stack and code', () => {
    expect(others).toHaveLength(22);
    for (const row of others) {
      const figure = find(row['algorithm']!, row['implementation']!, row['core']!, Number(row['clock_mhz']));
      expect(figure).toBeDefined();
      expect(figure!.cycles).toBe(Number(row['verify_cycles']));
      expect(milliseconds(figure!).toFixed(digitsOf(row['verify_ms']!))).toBe(row['verify_ms']!);
      expect(String(figure!.stackBytes ?? '')).toBe(row['verify_stack_bytes']);
      expect(String(figure!.codeBytes ?? '')).toBe(row['flash_bytes']);
      expect(figure!.source).toContain(row['source']!);
    }
  });

  it('say whether cycles were counted or are a time', () => {
    for (const row of others) {
      const figure = find(row['algorithm']!, row['implementation']!, row['core']!, Number(row['clock_mhz']));
      expect(figure!.cyclesBy).toBe(row['derived'] === 'cycles=ms*MHz' ? 'time × clock' : 'counted');
    }
    expect(others.filter((row) => row['derived'] === 'cycles=ms*MHz')).toHaveLength(15);
  });
});

describeWithVectors('figures of SHA-256', () => {
  it('reproduce every row that was given', () => {
    const rows = readCsv('cost/sha256-mcu.csv');
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      expect(SHA256_FIGURES).toContainEqual(
        expect.objectContaining({
          implementation: row['implementation'],
          core: row['core'],
          clockMhz: Number(row['clock_mhz']),
          cyclesPerByte: Number(row['cycles_per_byte']),
          source: row['source'],
        }),
      );
      const perByte = (Number(row['clock_mhz']) * 1e6) / (Number(row['kib_per_s']) * 1_024);
      expect(Math.abs(perByte - Number(row['cycles_per_byte']))).toBeLessThan(0.06);
    }
  });
});

it('every figure has its citation, and no two of one core and clock say different things', () => {
  expect(VERIFY_FIGURES.length).toBeGreaterThanOrEqual(55);
  for (const { source, note } of [...VERIFY_FIGURES, ...STACK_FIGURES, ...SHA256_FIGURES]) {
    expect(source.length).toBeGreaterThan(10);
    expect(note.length).toBeGreaterThan(5);
  }
  const keys = VERIFY_FIGURES.map(
    ({ algorithm, variant, core, clockMhz }) => `${algorithm} ${variant} ${core} ${clockMhz}`,
  );
  expect(new Set(keys).size).toBe(keys.length);
});
