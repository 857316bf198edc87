import { describe, expect, it } from 'vitest';
import { answerOf } from '../../../../device-sim/measure/report/words.ts';
import type { MeasureResults } from '../../../../device-sim/measure/results/results.ts';
import { madeResults } from '../../../support/measure-results.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');

/** As a reader sees it, with plain spaces: `Small images. ML-DSA-65 adds …`. */
function said(results: MeasureResults) {
  const { headline, sections } = answerOf(results);
  const all = sections.flatMap(({ sentences }) => sentences);
  return {
    headline: plain(headline),
    titles: sections.map(({ title }) => title),
    of: (lead: string) => all.filter((it) => it.lead === lead).map(({ text }) => plain(text))[0],
    all: all.map(({ lead, text }) => plain(`${lead}. ${text}`)),
  };
}

describe('the answer on ML-DSA', () => {
  const words = said(madeResults());

  it('is in one sentence first', () => {
    expect(words.headline).toBe(
      'ML-DSA-65 adds 3,245 B to an update of 100 KiB: 3.1 % more on the wire than with ES256',
    );
    expect(words.titles).toEqual(['What ML-DSA costs', 'Where it hurts', 'What to do']);
  });

  it.each([
    [
      'Bytes',
      '109,363 on the wire with ML-DSA-65 (image movehub 4.0.0b5 (100 KiB)): 3,245 B or 3.1 % more than with ES256. ML-DSA-44 adds 2,356 B and ML-DSA-87 adds 4,633 B.',
    ],
    [
      'Time to verify',
      'Not the cost: ML-DSA-65 verifies faster than ES256 on both boards (rp2040: 72 ms against 321 ms).',
    ],
    [
      'Small images',
      'ML-DSA-65 adds 79 % to 4,096 B, 0.31 % to 1 MiB; the signature would outweigh an image of less than 3,245 B.',
    ],
    ['Small blocks', 'The envelope of ML-DSA-65 is 14 blocks of 256 B, 1 of 4,096 B.'],
    ['Slow links', '2.1 min more over LoRaWAN EU868 DR0 (SF12); less than a second over lte-m and ble.'],
    ['Small boards', 'On nrf52840 ML-DSA-65 takes 5,309 B of stack, 8.1 % of what it may take.'],
    [
      'Certificates',
      'A handshake with ML-DSA-65 on both sides is 18.2 KiB more than with P-256 on both sides, 5.7 times what ML-DSA-65 adds to an update; again with every connection.',
    ],
    [
      'Block size',
      'Take 4,096 B rather than 256 B: 20 % fewer bytes, 92 % fewer round trips and US$ 6,079 less from AWS for a million devices, for 3,840 B more RAM.',
    ],
    [
      'Keys',
      'Pin them on the device, detached from updates: an envelope names its key in 32 B; to carry one of ML-DSA-65 would be 1,952 B each time.',
    ],
    [
      'Parameter set',
      'Choose it by the security that you need: beside ML-DSA-65 (category 3), ML-DSA-44 (category 2) saves 889 B or 0.81 % and ML-DSA-87 (category 5) costs 1,388 B or 1.3 % of the update.',
    ],
    ['Migration', 'To sign with both is cheap: ES256+ML-DSA-65 is 64 B or 0.06 % more than ML-DSA-65 alone.'],
  ])('%s: %s', (lead, text) => {
    expect(words.of(lead)).toBe(text);
  });
});

describe('where the usual conclusion does not hold', () => {
  it('large images alone do not hurt', () => {
    const words = said(madeResults({ images: { '1 MiB image': 1_048_576 } }));
    expect(words.of('Not in images')).toMatch(/^At most 0\.31 % more for the one image size measured;/);
    expect(words.of('Small images')).toBeUndefined();
  });

  it('a signature that weighs more than its image is said as times', () => {
    const words = said(madeResults({ algorithms: ['ES256', 'SLH-DSA-SHA2-128s'], images: { '4 KiB config': 4_096 } }));
    expect(words.of('The one image size measured')).toBe('To 4,096 B SLH-DSA-SHA2-128s adds 1.9 times the image.');
  });

  it('without ML-DSA nothing is said of it but how to measure it', () => {
    const words = said(madeResults({ algorithms: ['ES256', 'FN-DSA-512'] }));
    expect(words.titles[0]).toBe('What FN-DSA-512 costs');
    expect(words.of('No ML-DSA')).toMatch(/--algorithm ES256 ML-DSA-65/);
    expect(words.all.filter((text) => text.includes('ML-DSA')).map((text) => text.split('.')[0])).toEqual([
      'No ML-DSA',
      'Certificates',
    ]);
  });

  it('schemes by size alone get no time and no stack', () => {
    const words = said(madeResults({ algorithms: ['FN-DSA-512', 'SLH-DSA-SHA2-128s'] }));
    expect(words.headline).toMatch(/^SLH-DSA-SHA2-128s adds 7,260 B .* than with FN-DSA-512$/);
    expect([words.of('Time to verify'), words.of('Small boards')]).toEqual([undefined, undefined]);
  });

  it('slower verification is a cost', () => {
    const made = madeResults({ algorithms: ['ES256', 'ML-DSA-65'] });
    const slower = mapModelled(made, (row) =>
      row.quantity === 'verify-time ML-DSA-65' ? { ...row, value: row.value * 10 } : row,
    );
    expect(said(slower).of('Time to verify')).toBe(
      'A cost too: ML-DSA-65 verifies slower than ES256 on both boards (rp2040: 720 ms against 321 ms).',
    );
    const mixed = mapModelled(made, (row) =>
      row.quantity === 'verify-time ML-DSA-65' && row.profile === 'rp2040' ? { ...row, value: 999 } : row,
    );
    expect(said(mixed).of('Time to verify')).toMatch(/faster than ES256 on 1 of 2 boards .*, slower on 1 /);
  });

  it('a board whose time nobody knows is named', () => {
    const some = mapModelled(madeResults(), (row) =>
      row.quantity.startsWith('verify-time') && row.profile === 'rp2040' ? { ...row, quantity: 'other' } : row,
    );
    expect(said(some).of('Small boards')).toMatch(/; its time on rp2040 is not known\.$/);
  });

  it('fast links do not hurt', () => {
    const words = said(madeResults({ links: ['wi-fi', 'lte-m', 'ble'] }));
    const fast = said(
      mapModelled(madeResults(), (row) => (row.link === '' ? row : { ...row, value: row.value / 1_000 })),
    );
    expect(words.of('Slow links')).toMatch(/^1\.2 s more over Wi-Fi/);
    expect(fast.of('Not on the air')).toMatch(
      /^At most 12\d ms more over LoRaWAN EU868 DR0 \(SF12\), the slowest of 4 links\.$/,
    );
  });

  it('where ML-DSA is what others are compared with, it is about the others', () => {
    const words = said(madeResults({ algorithms: ['ML-DSA-65', 'SLH-DSA-SHA2-128s'] }));
    expect(words.headline).toMatch(/^SLH-DSA-SHA2-128s adds 4,617 B .* than with ML-DSA-65$/);
    expect(words.titles[0]).toBe('What SLH-DSA-SHA2-128s costs');
    expect(words.of('No ML-DSA')).toBeUndefined();
  });

  it('one block size advises nothing but to measure more', () => {
    expect(said(madeResults({ blockBytes: [4_096] })).of('Block size')).toMatch(/^Only one was measured/);
  });

  it('one algorithm is compared with nothing', () => {
    const words = said(madeResults({ algorithms: ['ML-DSA-44'], blockBytes: [4_096], handshakes: [] }));
    expect(words.headline).toBe('ML-DSA-44: measured, and nothing to compare it with');
    expect(words.all.join(' ')).not.toMatch(/more than|against|%.*wire/);
  });

  it('no signature at all leaves nothing to say', () => {
    expect(said(madeResults({ algorithms: ['none'], handshakes: [] })).headline).toMatch(
      /^Updates without a signature/,
    );
  });

  it('no runs are no answer', () => {
    const words = said(madeResults({ algorithms: [], handshakes: [] }));
    expect(words.headline).toBe('Nothing was measured');
    expect(words.all).toHaveLength(1);
  });
});

describe('numbers in sentences', () => {
  it('are of the results that they were made from: twice the signature is twice the cost', () => {
    const made = madeResults();
    const doubled = mapRows(made, (row, algorithm) =>
      row.phase === 'envelope' && row.quantity === 'received' && algorithm === 'ML-DSA-65'
        ? { ...row, value: row.value + 3_245 }
        : row,
    );
    expect(said(doubled).headline).toMatch(/^ML-DSA-65 adds 6,490 B /);
  });
});

type Row = MeasureResults['runs'][number]['rows'][number];

function mapModelled(results: MeasureResults, change: (row: Row) => Row): MeasureResults {
  return { ...results, runs: results.runs.map((run) => ({ ...run, modelled: run.modelled.map(change) })) };
}

function mapRows(results: MeasureResults, change: (row: Row, algorithm: string) => Row): MeasureResults {
  return {
    ...results,
    runs: results.runs.map((run) => ({ ...run, rows: run.rows.map((row) => change(row, run.spec.algorithm)) })),
  };
}
