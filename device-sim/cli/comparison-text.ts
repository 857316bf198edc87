/** A comparison for people: what changed, worst first, and what could not be told. */
import { textTable } from '../../command-line.ts';

import { type Change, type Comparison, MIN_REPETITIONS } from '../measure/compare/compare.ts';

export interface ComparisonTextOptions {
  /** Rows of the table at most. */
  readonly most: number;
}

export function comparisonText(comparison: Comparison, { most }: ComparisonTextOptions): string {
  const groups = groupsOf(comparison.changes);
  const parts = [
    machineLines(comparison),
    groups.length === 0 ? 'Nothing changed beyond noise.' : changeTable(groups.slice(0, most)),
    groups.length > most ? `… and ${groups.length - most} more kinds of change: --all shows them.` : '',
    summaryLines(comparison),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The same quantity, changed in the same way in several cases: one row. */
interface Group {
  readonly first: Change;
  readonly cases: number;
}

function groupsOf(changes: readonly Change[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const change of changes) {
    const { phase, quantity, link, profile, before, after, test } = change;
    const key = [phase, quantity, link, profile, before, after, test].join('\n');
    const known = groups.get(key);
    groups.set(key, { first: known?.first ?? change, cases: (known?.cases ?? 0) + 1 });
  }
  return [...groups.values()].toSorted((a, b) => Math.abs(shareOf(b.first)) - Math.abs(shareOf(a.first)));
}

const shareOf = ({ before, after }: Change): number =>
  before === 0 ? Number.POSITIVE_INFINITY : (after - before) / Math.abs(before);

const changeTable = (groups: readonly Group[]): string =>
  textTable(
    ['phase', 'quantity', 'where', 'before', 'after', 'change', 'case', 'test'],
    groups.map(({ first, cases }) => [
      first.phase,
      first.quantity,
      whereOf(first),
      valueText(first.before, first.unit),
      valueText(first.after, first.unit),
      percent(shareOf(first)),
      cases === 1 ? first.id : `${first.id} and ${cases - 1} more`,
      testText(first),
    ]),
  );

function whereOf({ link, profile, how }: Change): string {
  if (how === 'timed') return 'this machine';
  const place = [profile, link].filter((name) => name !== '' && name !== 'unshaped').join(' over ');
  return how === 'modelled' ? `${place || 'cloud'}, modelled` : place || 'counted';
}

const testText = ({ test, adjustedP, repetitions: [n, m] }: Change): string =>
  test === 'counted' ? 'counted: the same in each repetition' : `permutation, ${n} + ${m} runs, p ${pText(adjustedP)}`;

const pText = (p = 1): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

function valueText(value: number, unit: string): string {
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 3 : 1;
  const text = value.toLocaleString('en-US', { maximumFractionDigits: digits });
  return unit === '1' ? text : `${text} ${unit}`;
}

function percent(share: number): string {
  if (!Number.isFinite(share)) return 'new';
  const sign = share < 0 ? '−' : '+';
  return `${sign}${(Math.abs(share) * 100).toFixed(2)} %`;
}

function machineLines({ machines }: Comparison): string {
  return machines.map(({ what, before, after }) => `${what}: ${before} → ${after}`).join('\n');
}

function summaryLines(comparison: Comparison): string {
  const { changes, unchanged, withinNoise, tooFew, onlyBefore, onlyAfter, test, machines } = comparison;
  const lines = [
    `${changes.length} quantities changed, ${unchanged} did not (${withinNoise} of them vary, within noise).`,
    `Test: counted quantities differ where they differ; those that vary by a two-sided permutation test of the means` +
      ` (${test.permutations} permutations, seed ${test.seed}), false discovery rate ${test.falseDiscoveryRate * 100} %.`,
    tooFew > 0
      ? `${tooFew} vary and were run too seldom to tell: at least ${MIN_REPETITIONS} repetitions on each side are needed.`
      : '',
    machines.some(({ what }) => what === 'cpu' || what === 'cores' || what === 'os' || what === 'node')
      ? 'Times of this simulation were not compared: the machines differ.'
      : '',
    onlyBefore.length > 0 ? `Only in the first: ${listed(onlyBefore)}` : '',
    onlyAfter.length > 0 ? `Only in the second: ${listed(onlyAfter)}` : '',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

const listed = (ids: readonly string[]): string =>
  ids.length <= 5 ? ids.join(', ') : `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more`;
