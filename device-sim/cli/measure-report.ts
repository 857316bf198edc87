/** `bristlecone measure report`: results as one page, made again without measuring again. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';
import type { FleetResult } from '../fleet/result.ts';
import { readResults } from '../measure/results/read-results.ts';

export function registerMeasureReport(measure: Command): void {
  const command = subcommand(measure, {
    name: 'report',
    summary: 'make report.html again from the results of an experiment',
    examples: [
      'measure report results',
      'measure report results/results.json --out docs/report.html',
      'measure report results --fleet fleet-results/fleet.json',
    ],
  })
    .argument('<results>', 'folder of results, or its results.json')
    .option('--out <file>', 'where to write it; beside results.json without it')
    .option('--fleet <file...>', 'fleet.json of `bristlecone fleet`, for a section on fleets');
  run<ReportCommandOptions>(command, async ({ args: [path = ''], options }) => {
    const results = readResults(path);
    const folder = statSync(path).isDirectory() ? path : dirname(path);
    const file = options.out ?? join(folder, 'report.html');
    const fleets = (options.fleet ?? []).map(readFleet);
    // Drawing needs libraries that no other command of this group does.
    const { reportHtml } = await import('../measure/report/report.ts');
    const { answerOf } = await import('../measure/report/words.ts');
    const page = new TextEncoder().encode(reportHtml(results, { fleets }));
    writeFileSync(file, page);
    const bytes = page.length;
    const { headline } = answerOf(results);
    return {
      json: { file, bytes, headline, runs: results.runs.length },
      text: `${headline}.\n${relative('.', file) || file}: ${bytes.toLocaleString('en-US')} bytes, of ${results.runs.length} runs`,
    };
  });
}

interface ReportCommandOptions {
  readonly out?: string;
  readonly fleet?: readonly string[];
}

/** As `bristlecone fleet` wrote it: its version says how. */
function readFleet(file: string): FleetResult {
  const fleet: unknown = parsed(readFileSync(file, 'utf8'));
  if (isFleet(fleet)) return fleet;
  throw new UsageError(
    `--fleet: expected the fleet.json of \`bristlecone fleet\` (version 1), got ${file.slice(0, 200)}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isFleet = (value: unknown): value is FleetResult =>
  typeof value === 'object' &&
  value !== null &&
  'format' in value &&
  value.format === 'bristlecone-fleet' &&
  'version' in value &&
  value.version === 1;
