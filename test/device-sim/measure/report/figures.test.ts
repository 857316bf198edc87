import { describe, expect, it } from 'vitest';
import { type DrawnFigure, type Figure, renderFigure } from '../../../../device-sim/measure/report/figure.ts';
import { html } from '../../../../device-sim/measure/report/html.ts';
import { figuresOf } from '../../../../device-sim/measure/report/report.ts';
import type { MeasureResults } from '../../../../device-sim/measure/results/results.ts';
import { madeResults, MADE_HANDSHAKES } from '../../../support/measure-results.ts';

const FIGURES = ['overhead', 'layers', 'blocks', 'links', 'handshakes', 'boards', 'bill', 'percentiles'];

const results = madeResults({ repetitions: 2 });
const figures = figuresOf(results);

function drawn(id: string, of: readonly Figure[] = figures): DrawnFigure {
  const figure = of.find((it) => it.id === id);
  if (!figure || 'missing' in figure) throw new Error(`${id} is missing`);
  return figure;
}

/** One row of a figure's table by the heads of its columns. */
function rowsOf(id: string) {
  const { columns, rows } = drawn(id).table;
  return rows.map((row) => Object.fromEntries(columns.map(({ head }, at) => [head, row[at]])));
}

/** Counted by hand from the rows of a run: what a table must say. */
const sum = (
  case_: Partial<Record<'algorithm' | 'image' | 'blockBytes', unknown>>,
  wanted: (row: Row) => boolean,
): number => {
  const run = results.runs.find(
    ({ spec }) =>
      spec.algorithm === case_.algorithm &&
      spec.image.name === case_.image &&
      spec.blockBytes === (case_.blockBytes ?? results.experiment.base.blockBytes),
  );
  return [...run!.rows, ...run!.modelled].filter(wanted).reduce((total, { value }) => total + value, 0);
};

type Row = MeasureResults['runs'][number]['rows'][number];

const MOVEHUB = 'movehub 4.0.0b5';

describe('figures', () => {
  it('are all there, in the order of the report', () => {
    expect(figures.map(({ id }) => id)).toEqual(FIGURES);
    expect(figures.filter((figure) => 'missing' in figure)).toEqual([]);
  });

  describe.each(FIGURES)('%s', (id) => {
    const text = renderFigure(drawn(id), 3, html` Source 1.`).text.replaceAll(/\s+/g, ' ');

    it('has a drawing for wide and one for narrow pages, each with a name and words', () => {
      const images = [...text.matchAll(/<svg class="plot" role="img" aria-labelledby="(\S+) (\S+)"/g)];
      expect(images.length).toBeGreaterThanOrEqual(2);
      for (const [, title, description] of images) {
        expect(text).toMatch(
          new RegExp(`<title id="${title}">[^<]+</title> ?<desc id="${description}">[^<]{20,}</desc>`),
        );
      }
    });

    it('says whether it was measured or modelled, and has all of its numbers in a table', () => {
      expect(text).toMatch(/class="how">(Measured|Modelled)/);
      const { rows, columns } = drawn(id).table;
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.every((row) => row.length === columns.length)).toBe(true);
      const numbers = rows.flat().filter((cell) => typeof cell === 'number');
      expect([...text.matchAll(/<data value="([^"]+)">/g)].map(([, value]) => Number(value))).toEqual(numbers);
    });

    it('draws numbers only', () => {
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
    });
  });
});

const isWire = ({ quantity }: Row): boolean => ['sent', 'received'].includes(quantity);

describe('tables say what was counted', () => {
  it('overhead: bytes of both directions less those of ES256', () => {
    const rows = rowsOf('overhead');
    expect(rows).toHaveLength(7 * 3);
    for (const row of rows) {
      const of = { algorithm: row['algorithm'], image: row['image'] };
      const total = sum(of, isWire);
      expect(row['update, B']).toBe(total);
      expect(row['more than ES256, B']).toBe(total - sum({ ...of, algorithm: 'ES256' }, isWire));
    }
  });

  it('layers: payload and MQTT of each phase, of the smallest image', () => {
    const rows = rowsOf('layers');
    expect(rows).toHaveLength(2 * 5);
    for (const row of rows) {
      const of = { algorithm: row['algorithm'], image: '4 KiB config' };
      const isPhase = (quantity: string) => (it: Row) => it.phase === row['phase'] && it.quantity === quantity;
      expect(row['payload, B']).toBe(sum(of, isPhase('received-payload')));
      expect(row['MQTT, B']).toBe(sum(of, isPhase('received')) - sum(of, isPhase('received-payload')));
    }
  });

  it('blocks: of the whole update and of the envelope', () => {
    const rows = rowsOf('blocks');
    expect(rows).toHaveLength(8 * 4);
    for (const row of rows) {
      const of = { algorithm: row['algorithm'], image: MOVEHUB, blockBytes: row['block, B'] };
      expect(row['blocks']).toBe(sum(of, ({ quantity }) => quantity === 'blocks'));
      expect(row['of the envelope']).toBe(
        sum(of, ({ quantity, phase }) => quantity === 'blocks' && phase === 'envelope'),
      );
      expect(row['round trips']).toBe(sum(of, ({ quantity }) => quantity === 'round-trips'));
    }
  });

  it('links: both directions on air', () => {
    const rows = rowsOf('links');
    expect(rows).toHaveLength(8 * 4);
    for (const row of rows) {
      const of = { algorithm: row['algorithm'], image: MOVEHUB };
      const isAir = (it: Row): boolean => it.quantity.startsWith('air-time') && it.link === row['link'];
      expect(row['on air, s']).toBe(sum(of, isAir));
    }
  });

  it('handshakes: as they were counted', () => {
    expect(rowsOf('handshakes').map((row) => row['both, B'])).toEqual(
      MADE_HANDSHAKES.map(({ sentBytes, receivedBytes }) => sentBytes + receivedBytes).toSorted((a, b) => a - b),
    );
  });

  it('boards: time and stack of each algorithm that anybody verifies', () => {
    const rows = rowsOf('boards');
    expect(rows).toHaveLength(4 * 2);
    for (const row of rows) {
      const algorithm = row['algorithm'] as string;
      const isOf = (quantity: string) => (it: Row) =>
        it.quantity === `${quantity} ${algorithm}` && it.profile === row['board'];
      expect(row['time, ms']).toBe(sum({ algorithm, image: MOVEHUB }, isOf('verify-time')));
      expect(row['stack, B']).toBe(sum({ algorithm, image: MOVEHUB }, isOf('verify-stack')));
    }
  });

  it('bill: of no link in particular', () => {
    const rows = rowsOf('bill');
    expect(rows).toHaveLength(8 * 4);
    for (const row of rows) {
      const of = { algorithm: row['algorithm'], image: MOVEHUB, blockBytes: row['block, B'] };
      expect(row['all, US$']).toBe(sum(of, ({ quantity }) => quantity === 'aws-bill'));
    }
  });

  it('percentiles: of all blocks of that kind, whatever signed them', () => {
    const [base] = rowsOf('percentiles');
    const ofBase = results.runs.filter(({ spec }) => spec.blockBytes === results.experiment.base.blockBytes);
    const sorted = ofBase.flatMap(({ blockMs }) => blockMs).toSorted((a, b) => a - b);
    expect(base).toMatchObject({ 'differs by': 'base case', runs: ofBase.length, blocks: sorted.length });
    expect(base!['p50, ms']).toBe(sorted[sorted.length / 2 - 1]);
  });
});

describe('a figure without data', () => {
  const none = figuresOf(madeResults({ algorithms: [], links: [], boards: [], handshakes: [] }));

  it.each(FIGURES)('%s says in one line what to run', (id) => {
    const figure = none.find((it) => it.id === id)!;
    const { text } = renderFigure(figure, 1, html``);
    expect('missing' in figure && figure.missing).toMatch(/: `bristlecone measure.*draws this figure\.$/);
    expect(text).toContain('<code>bristlecone measure');
    expect(text).not.toContain('<svg');
  });

  it('is only that one: others are drawn', () => {
    const some = figuresOf(madeResults({ links: [], boards: [] }));
    expect(some.filter((it) => 'missing' in it).map(({ id }) => id)).toEqual(['layers', 'links', 'boards']);
  });

  it('one block size draws neither blocks nor bill, one algorithm no overhead', () => {
    const some = figuresOf(madeResults({ algorithms: ['ML-DSA-65'], blockBytes: [4_096] }));
    expect(some.filter((it) => 'missing' in it).map(({ id }) => id)).toEqual(['overhead', 'blocks', 'bill']);
  });

  it('nothing that was repeated has no confidence intervals', () => {
    const once = figuresOf(madeResults({ algorithms: ['ML-DSA-65'], images: { one: 4_096 } }));
    const { table } = drawn('percentiles', once);
    const from = table.columns.flatMap(({ head }, at) => (head === 'from' ? [at] : []));
    expect(table.rows.map((row) => from.map((at) => row[at]))).toEqual(table.rows.map(() => from.map(() => undefined)));
  });
});
