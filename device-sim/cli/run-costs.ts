/** The cost sheet of one `device run`: what was noted while it ran, put together with the board and the link. */
import { isRootFile } from '../../protocol/aws-iot/job-document.ts';
import { ALGORITHMS, type AlgorithmName } from '../../protocol/cose/algorithms.ts';
import type { AwsPrices } from '../cost-model/aws-bill.ts';
import { type CostSheet, costSheet } from '../cost-model/cost-sheet.ts';
import type { LinkUse } from '../cost-model/link-values.ts';
import { computed, type CostValue, measured, type Unavailable } from '../cost-model/value.ts';
import type { VerifyCost } from '../cost-model/verify-cost.ts';
import type { DeviceOutcome } from '../device.ts';
import type { AgentEvent } from '../ports.ts';
import type { Board } from '../profiles/boards.ts';
import type { Cell } from '../profiles/cells.ts';
import type { LinkProfile } from '../profiles/links.ts';
import { CannotVerify, expectVerifiable } from './cost-options.ts';
import { expectFacts } from './device-lists.ts';

/** Counts what a sheet needs and no meter has. */
export class RunCounter {
  readonly #imageBytes = new Map<number, number>();
  #authentications = 0;
  #bootHashedBytes = 0;

  note(event: AgentEvent): void {
    if (event.kind === 'started') this.#bootHashedBytes += event.hashedBytes;
    if (event.kind === 'envelope') this.#authentications += 1;
    if (event.kind === 'block' && event.fileId > 0 && !isRootFile(event.fileId))
      this.#imageBytes.set(event.fileId, event.fileBytes);
  }

  /** How often an envelope was authenticated: before its image is asked for, and after each reboot again. */
  get authentications(): number {
    return this.#authentications;
  }

  /** By the boot loader, over all starts. */
  get bootHashedBytes(): number {
    return this.#bootHashedBytes;
  }

  /** Of the images that came. */
  get imageBytes(): number {
    return [...this.#imageBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** What the options say, or their defaults. */
export interface Choices {
  readonly variants: readonly string[];
  readonly cell: Cell;
  readonly prices: AwsPrices;
}

export interface RunCosts {
  readonly outcome: DeviceOutcome;
  readonly board: Board;
  readonly counter: RunCounter;
  readonly choices: Choices;
  readonly link?: { readonly profile: LinkProfile; readonly use: LinkUse };
}

export function sheetOfRun({ outcome, board, counter, choices, link }: RunCosts): CostSheet {
  const signed = new Set(outcome.costs[0]?.algorithm.split('+'));
  const algorithms = ALGORITHMS.map(({ name }) => name).filter((name) => signed.has(name));
  const { costs, unavailable } = verifyCostsOf(board, algorithms, choices.variants);
  const sheet = costSheet({
    rows: outcome.costs,
    board,
    facts: expectFacts(board.name),
    verifications: costs.map((cost) => ({ cost, times: counter.authentications })),
    hashed: hashedBytes(counter),
    ...(link && { link }),
    cell: choices.cell,
    prices: choices.prices,
  });
  return { ...sheet, unavailable: [...sheet.unavailable, ...unavailable, ...withoutTls(outcome, link?.profile)] };
}

/** An envelope may be signed with more than the device must verify. */
function verifyCostsOf(board: Board, algorithms: readonly AlgorithmName[], variants: readonly string[]) {
  const costs: VerifyCost[] = [];
  const unavailable: Unavailable[] = [];
  for (const algorithm of algorithms) {
    try {
      costs.push(expectVerifiable(board.name, algorithm, variants));
    } catch (error) {
      if (!(error instanceof CannotVerify)) throw error;
      unavailable.push({ quantity: `verify-time ${algorithm}`, why: error.message });
    }
  }
  return { costs, unavailable };
}

/** A device of AWS IoT has it; a run on this machine need not. */
function withoutTls({ costs }: DeviceOutcome, link: LinkProfile | undefined): readonly Unavailable[] {
  const hasTls = costs.some(({ quantity }) => quantity === 'tls-handshakes');
  if (hasTls || link?.carries.kind !== 'ip') return [];
  return [{ quantity: 'tls', why: 'this run was without it; with --mqtts its bytes and its time are in the sheet' }];
}

function hashedBytes({ imageBytes, bootHashedBytes }: RunCounter): CostValue {
  const source = 'counted in this run';
  const image = measured({ quantity: 'image', value: imageBytes, unit: 'B', source });
  const starts = measured({ quantity: 'hashed at starts', value: bootHashedBytes, unit: 'B', source });
  return computed({
    quantity: 'hashed',
    value: imageBytes + bootHashedBytes,
    unit: 'B',
    formula: 'image + hashed at starts: as it arrives, and by the boot loader',
    inputs: [image, starts],
  });
}
