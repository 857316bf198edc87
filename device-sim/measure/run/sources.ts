/** Who says so: for every link, board, scheme and price that modelled figures rest on. */
import { AWS_PRICES } from '../../cost-model/aws-bill.ts';
import { boardFacts } from '../../profiles/boards-facts.ts';
import { boardNamed } from '../../profiles/boards.ts';
import { linkNamed } from '../../profiles/links.ts';
import type { Experiment } from '../experiment/experiment.ts';

export function sourcesOf(
  { links, boards, schemes }: Experiment,
  ofRuns: readonly Readonly<Record<string, string>>[],
): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(links.map((name) => [`link ${name}`, listed(linkNamed(name)?.sources)])),
    ...Object.fromEntries(boards.map((name) => [`board ${name}`, boardSource(name)])),
    ...Object.fromEntries(schemes.map(({ name, source }) => [`scheme ${name}`, source])),
    'aws-prices': AWS_PRICES.source,
    ...Object.assign({}, ...ofRuns),
  };
}

const boardSource = (name: string): string =>
  [boardNamed(name)?.source, listed(boardFacts(name)?.sources)].filter(Boolean).join('; ');

const listed = (sources: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(sources ?? {})
    .map(([fact, source]) => `${fact}: ${source}`)
    .join('; ');
