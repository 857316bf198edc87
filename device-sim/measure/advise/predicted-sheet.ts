/** The cost sheet of a predicted update: the same that `device run` prints, of rows that no socket carried. */
import { AWS_PRICES, type AwsPrices } from '../../cost-model/aws-bill.ts';
import { type CostSheet, costSheet } from '../../cost-model/cost-sheet.ts';
import { given } from '../../cost-model/value.ts';
import { canVerify, type VerifyCost } from '../../cost-model/verify-cost.ts';
import { replay } from '../../links/replay.ts';
import { BOARD_FACTS, type BoardFacts } from '../../profiles/boards-facts.ts';
import type { Board } from '../../profiles/boards.ts';
import { type Cell, CELLS } from '../../profiles/cells.ts';
import type { LinkProfile } from '../../profiles/links.ts';
import type { PredictedUpdate } from './predict-update.ts';

export interface SheetOptions {
  readonly board: Board;
  readonly link: LinkProfile | undefined;
  readonly prices?: AwsPrices;
  readonly cell?: Cell;
  /** Of losses and jitter. */
  readonly seed?: number;
}

/** @throws {RangeError} where nothing is known of the board */
export function factsOf({ name }: Board): BoardFacts {
  const facts = BOARD_FACTS.find(({ board }) => board === name);
  if (!facts) throw new RangeError(`no facts of board ${name}`);
  return facts;
}

export function sheetOfPrediction(
  predicted: PredictedUpdate,
  { board, link, prices = AWS_PRICES, cell = CELLS[0], seed = 1 }: SheetOptions,
): CostSheet {
  const facts = factsOf(board);
  const { choice, rows, trace, authentications, bootHashedBytes } = predicted;
  if (!cell) throw new RangeError('no cell is known');
  return costSheet({
    rows,
    board,
    facts,
    verifications: verifyCostsOf(predicted, facts).map((cost) => ({ cost, times: authentications })),
    hashed: given({
      quantity: 'hashed',
      value: choice.imageBytes + bootHashedBytes,
      unit: 'B',
      source: 'the image as it arrives, and what the boot loader hashes at each start',
    }),
    ...(link && { link: { profile: link, use: replay(trace, { link, seed }) } }),
    cell,
    prices,
  });
}

/** Of those that the board can verify. */
function verifyCostsOf({ choice }: PredictedUpdate, facts: BoardFacts): readonly VerifyCost[] {
  return choice.algorithms.flatMap((algorithm) => {
    const verdict = canVerify(facts, algorithm);
    return verdict.ok ? [verdict.cost] : [];
  });
}
