/** The cost sheet of one `device run`: what was noted while it ran, put together with the board and the link. */
import { isRootFile } from '../../protocol/aws-iot/job-document.ts';
import { ALGORITHMS } from '../../protocol/cose/algorithms.ts';
import { type CostSheet, costSheet } from '../cost-model/cost-sheet.ts';
import type { LinkUse } from '../cost-model/link-values.ts';
import { computed, type CostValue, measured } from '../cost-model/value.ts';
import type { DeviceOutcome } from '../device.ts';
import type { AgentEvent } from '../ports.ts';
import type { Board } from '../profiles/boards.ts';
import type { LinkProfile } from '../profiles/links.ts';
import { type CostOptions, expectVerifiable, parseCell, parseVariants, readPrices } from './cost-options.ts';
import { expectFacts } from './device-lists.ts';

/** Counts what a sheet needs and no meter has. */
export class RunCounter {
  readonly #imageBytes = new Map<number, number>();
  #authentications = 0;

  note(event: AgentEvent): void {
    if (event.kind === 'envelope') this.#authentications += 1;
    if (event.kind === 'block' && event.fileId > 0 && !isRootFile(event.fileId))
      this.#imageBytes.set(event.fileId, event.fileBytes);
  }

  /** How often an envelope was authenticated: before its image is asked for, and after each reboot again. */
  get authentications(): number {
    return this.#authentications;
  }

  /** Of the images that came. */
  get imageBytes(): number {
    return [...this.#imageBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

export interface RunCosts {
  readonly outcome: DeviceOutcome;
  readonly board: Board;
  readonly counter: RunCounter;
  readonly options: CostOptions;
  readonly link?: { readonly profile: LinkProfile; readonly use: LinkUse };
}

/** @throws {CannotVerify} where the board cannot verify what the envelope was signed with */
export function sheetOfRun({ outcome, board, counter, options, link }: RunCosts): CostSheet {
  const signed = new Set(outcome.costs[0]?.algorithm.split('+'));
  const algorithms = ALGORITHMS.map(({ name }) => name).filter((name) => signed.has(name));
  const costs = expectVerifiable(board.name, algorithms, parseVariants(options.variant));
  return costSheet({
    rows: outcome.costs,
    board,
    facts: expectFacts(board.name),
    verifications: costs.map((cost) => ({ cost, times: counter.authentications })),
    hashed: hashedBytes(counter.imageBytes, outcome.boots),
    ...(link && { link }),
    cell: parseCell(options.battery),
    prices: readPrices(options.awsPrices),
  });
}

function hashedBytes(imageBytes: number, boots: number): CostValue {
  const source = 'counted in this run';
  const image = measured({ quantity: 'image', value: imageBytes, unit: 'B', source });
  const starts = measured({ quantity: 'starts', value: boots, unit: '1', source });
  return computed({
    quantity: 'hashed',
    value: imageBytes * (1 + boots),
    unit: 'B',
    formula: 'image × (1 + starts): as it arrives, and at each start (the old image taken to be as long)',
    inputs: [image, starts],
  });
}
