/** `bristlecone device boards|links|algorithms`: what is known, and who says so. */
import type { Command } from 'commander';
import { run, subcommand, textTable, UsageError } from '../../command-line.ts';
import { type Algorithm, ALGORITHMS } from '../../protocol/cose/algorithms.ts';
import { SCALING_RULES, VERIFY_FIGURES } from '../cost-model/scaling.ts';
import { type VerifyCost, verifyCosts } from '../cost-model/verify-cost.ts';
import { BOARD_FACTS, type BoardFacts, boardFacts } from '../profiles/boards-facts.ts';
import { type Board, BOARDS, layoutOf, layoutsOf } from '../profiles/boards.ts';
import { type LinkProfile, LINKS, type Way } from '../profiles/links.ts';

/** Adds them to the group `device`. */
export function registerLists(device: Command): void {
  registerBoards(device);
  registerLinks(device);
  registerAlgorithms(device);
}

function registerBoards(device: Command): void {
  const command = subcommand(device, {
    name: 'boards',
    summary: 'boards that a device can be made for, with sources',
    examples: ['device boards', 'device boards --json'],
  });
  run(command, async () => ({
    json: BOARDS.map((board) => ({ ...board, layouts: layoutsOf(board), facts: boardFacts(board.name) })),
    text: `${textTable(BOARD_HEAD, BOARDS.map(boardCells))}\n\n${BOARDS.map(boardSources).join('\n')}`,
  }));
}

const BOARD_HEAD = ['board', 'core', 'MHz', 'flash', 'sector', 'word', 'RAM', 'slot', 'layouts'];

function boardCells(board: Board): string[] {
  const facts = boardFacts(board.name);
  const { external } = board;
  const [slot] = layoutOf(board).slots;
  return [
    ...[board.name, facts?.core ?? '', String(facts?.clockMhz ?? '')],
    both(board.flashBytes, external?.flashBytes),
    both(board.sectorBytes, external?.sectorBytes),
    external ? `${board.writeBytes} + ${external.writeBytes}` : String(board.writeBytes),
    ...[sized(board.ramBytes), sized(slot.sectors * board.sectorBytes), layoutsOf(board).join(', ')],
  ];
}

const both = (inside: number, outside: number | undefined): string =>
  outside === undefined ? sized(inside) : `${sized(inside)} + ${sized(outside)}`;

const sized = (bytes: number): string =>
  bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MB` : `${Math.round(bytes / 1_024)} KB`;

function boardSources(board: Board): string {
  const facts = boardFacts(board.name);
  const sources = Object.entries(facts?.sources ?? {}).map(([fact, source]) => `  ${fact}: ${source}`);
  return [`${board.name}: ${facts?.title ?? ''}`, `  flash and RAM: ${board.source}`, ...sources].join('\n');
}

function registerLinks(device: Command): void {
  const command = subcommand(device, {
    name: 'links',
    summary: 'links that an update can be thought over, with sources',
    examples: ['device links', 'device links --json'],
  });
  run(command, async () => ({
    json: LINKS,
    text: `${textTable(LINK_HEAD, LINKS.map(linkCells))}\n\n${LINKS.map(linkSources).join('\n')}`,
  }));
}

const LINK_HEAD = ['link', 'carries', 'up', 'down', 'frame', 'round trip', 'loss', 'on air', 'energy'];

function linkCells({ name, carries, up, down, roundTripMs, lossRate, power }: LinkProfile): string[] {
  return [
    ...[name, carries.kind === 'ip' ? `IP, ${carries.mtuBytes} B` : 'gateway', rateOf(up), rateOf(down)],
    `${up.frame.payloadBytes} + ${up.frame.overheadBytes} B`,
    ...[`${roundTripMs} ms`, `${100 * lossRate} %`, `${100 * up.dutyCycle} %`, power ? 'known' : 'left out'],
  ];
}

const rateOf = ({ bitsPerSecond }: Way): string => `${bitsPerSecond / 1_000} kbit/s`;

const linkSources = ({ name, title, sources }: LinkProfile): string =>
  [`${name}: ${title}`, ...Object.entries(sources).map(([fact, source]) => `  ${fact}: ${source}`)].join('\n');

function registerAlgorithms(device: Command): void {
  const command = subcommand(device, {
    name: 'algorithms',
    summary: 'signature algorithms, and what verifying one takes on each board, with sources',
    examples: ['device algorithms', 'device algorithms --board nrf52840', 'device algorithms --json'],
  }).option('--board <name>', 'every implementation that can run on this board');
  run<{ board?: string }>(command, async ({ options }) => {
    const boards = options.board === undefined ? BOARD_FACTS : [expectFacts(options.board)];
    // Without a board, the one implementation that each would take.
    const most = options.board === undefined ? 1 : Number.POSITIVE_INFINITY;
    const costs = boards.flatMap((facts) =>
      ALGORITHMS.flatMap(({ name }) =>
        verifyCosts(facts, name)
          .slice(0, most)
          .map((cost) => ({ facts, cost })),
      ),
    );
    return {
      json: {
        algorithms: ALGORITHMS,
        verify: costs.map(({ facts, cost }) => ({ board: facts.board, ms: milliseconds(cost, facts), ...cost })),
        rules: SCALING_RULES,
        figures: VERIFY_FIGURES,
      },
      text: describeAlgorithms(costs),
    };
  });
}

export function expectFacts(name: string): BoardFacts {
  const facts = boardFacts(name);
  if (facts) return facts;
  const known = BOARDS.map((board) => board.name).join(', ');
  throw new UsageError(`--board: expected one of ${known}, got ${JSON.stringify(name.slice(0, 40))}`);
}

interface CostOnBoard {
  readonly facts: BoardFacts;
  readonly cost: VerifyCost;
}

const ALGORITHM_HEAD = ['algorithm', 'COSE', 'signature', 'public key', 'post-quantum'];
const COST_HEAD = ['board', 'algorithm', 'variant', 'ms', '±', 'stack', 'fits', 'source'];

function describeAlgorithms(costs: readonly CostOnBoard[]): string {
  const sources = [...new Set(costs.map(({ cost }) => sourceOf(cost)))];
  const rows = costs.map(({ facts, cost }) => [
    ...[facts.board, cost.algorithm, cost.variant, milliseconds(cost, facts)?.toFixed(1) ?? '–'],
    cost.cycles?.rule ? `${cost.cycles.rule.errorPercent.toFixed(1)} %` : '',
    ...[cost.stackBytes?.value.toLocaleString('en-US') ?? '–', cost.fits, `[${sources.indexOf(sourceOf(cost)) + 1}]`],
  ]);
  return [
    textTable(ALGORITHM_HEAD, ALGORITHMS.map(algorithmCells)),
    textTable(COST_HEAD, rows),
    sources.map((source, at) => `[${at + 1}] ${source}`).join('\n'),
    `Carried over from another core, with the error of the pairs that were measured on both:\n${SCALING_RULES.map(
      ({ scaled, from, to, factor, errorPercent, pairs }) =>
        `  ${scaled === 'cycles' ? 'cycles' : 'stack'} ${from} to ${to}: × ${factor.toFixed(3)} ± ${errorPercent.toFixed(1)} % (${pairs.join('; ')})`,
    ).join('\n')}`,
  ].join('\n\n');
}

const algorithmCells = ({ name, coseId, signatureBytes, publicKeyBytes, postQuantum }: Algorithm): string[] => [
  ...[name, String(coseId), `${signatureBytes} B`, `${publicKeyBytes} B`, postQuantum ? 'yes' : 'no'],
];

const milliseconds = ({ cycles }: VerifyCost, { clockMhz }: BoardFacts): number | undefined =>
  cycles && cycles.value / clockMhz / 1_000;

const sourceOf = ({ figure }: VerifyCost): string =>
  'core' in figure ? `${figure.source}: ${figure.core} at ${figure.clockMhz} MHz` : figure.source;
