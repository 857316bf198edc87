/** `bristlecone measure compare`: what changed between two experiments, beyond noise. */
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';
import { COMPARE_DEFAULTS, compareResults } from '../measure/compare/compare.ts';
import { readResults } from '../measure/results/read-results.ts';
import { comparisonText } from './comparison-text.ts';

const SHOWN = 25;

export function registerMeasureCompare(measure: Command): void {
  const command = subcommand(measure, {
    name: 'compare',
    summary: 'what changed between two experiments, beyond noise, and by which test',
    examples: [
      'measure compare results-before results-after',
      'measure compare results/1 results/2/results.json --all --false-discovery-rate 1',
      'measure compare main branch --json | jq ".changes[] | {id, quantity, before, after}"',
    ],
  })
    .argument('<before>', 'folder of results, or its results.json')
    .argument('<after>', 'the same, of the other experiment')
    .option('--all', `every change, and not only the ${SHOWN} largest`)
    .option('--false-discovery-rate <percent>', 'of the reported changes of what varies, how many may be chance', '5')
    .option('--fail-on-change', 'exit 1 where anything changed: for CI');
  run<CompareOptions>(command, async ({ args: [before = '', after = ''], options }) => {
    const comparison = compareResults(readResults(before), readResults(after), {
      ...COMPARE_DEFAULTS,
      falseDiscoveryRate: shareOf(options.falseDiscoveryRate),
    });
    const isChanged = comparison.changes.length + comparison.onlyBefore.length + comparison.onlyAfter.length > 0;
    return {
      json: comparison,
      text: comparisonText(comparison, { most: options.all ? Number.POSITIVE_INFINITY : SHOWN }),
      exit: options.failOnChange && isChanged ? 'refused' : 'done',
    };
  });
}

interface CompareOptions {
  readonly all?: true;
  readonly falseDiscoveryRate: string;
  readonly failOnChange?: true;
}

function shareOf(text: string): number {
  const percent = Number(text);
  if (text.trim() !== '' && percent > 0 && percent < 100) return percent / 100;
  throw new UsageError(`--false-discovery-rate: expected a percentage between 0 and 100, got ${JSON.stringify(text)}`);
}
