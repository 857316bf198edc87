import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchmarksPage } from './benchmarks-page.ts';
import { readBenchmarks } from './benchmarks.ts';
import { publishedArithmetic } from './published.ts';

describe('BENCHMARKS.md', () => {
  it('is what its data say', () => {
    const page = readFileSync(join(import.meta.dirname, '../../BENCHMARKS.md'), 'utf8');
    expect(page).toBe(benchmarksPage(readBenchmarks()));
  });

  it('keeps cells apart whatever is in them', () => {
    const row = { name: 'a | b', ours: 2_000_000, peer: 1_000_000, ratio: 2, goal: 1, unit: 'byte/s' };
    const machine = { cpu: 'c', cores: 2, memoryBytes: 2 ** 30, os: 'o', node: '26', bristlecone: '1', broker: '' };
    const parts = { some: { at: '2026-01-01T00:00:00Z', commit: 'abc', machine, rows: [row] } };
    const page = benchmarksPage({ parts, fleets: {} });
    expect(page).toContain('| a \\| b | 2,000,000 | 1,000,000 | byte/s | 2.000 | ≥ 1.000 met |');
    expect(page).toContain('2026-01-01, commit abc. c, 2 cores, 1 GiB, o, Node 26, Bristlecone 1.');
  });
});

describe('what others published of bytes', () => {
  it('is reproduced, or its difference explained', () => {
    const rows = publishedArithmetic();
    expect(rows).toHaveLength(30);
    const same = rows.filter(({ ours, published, unit }) => Math.abs(ours - published) <= (unit === '%' ? 0.51 : 0));
    expect(rows.filter((row) => !same.includes(row) && row.difference === '')).toEqual([]);
    expect(same).toHaveLength(27);
  });
});
