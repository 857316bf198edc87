/** What `device run` does for its cost sheet: refuses a board that could not verify, watches, and replays over a link. */
import { UsageError } from '../../command-line.ts';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { RELEASE_ROLE, roleOf, type TrustRoot } from '../../protocol/trust/root.ts';
import { newestRoot } from '../../protocol/trust/state.ts';
import { TrustStore } from '../agent/trust-store.ts';
import type { CostSheet } from '../cost-model/cost-sheet.ts';
import type { DeviceOutcome } from '../device.ts';
import type { Device } from '../factory.ts';
import { RamBudget } from '../hardware/ram.ts';
import { replay } from '../links/replay.ts';
import { TraceRecorder } from '../links/trace.ts';
import type { MqttVersion, WireTap } from '../metrics/connection-meter.ts';
import type { AgentEvent } from '../ports.ts';
import { type Board, layoutsOf } from '../profiles/boards.ts';
import type { LinkProfile } from '../profiles/links.ts';
import {
  CannotVerify,
  type CostOptions,
  expectVerifiable,
  parseCell,
  parseLink,
  parseVariants,
  readPrices,
} from './cost-options.ts';
import { type Choices, RunCounter, sheetOfRun } from './run-costs.ts';
import { handshakeOf } from './run-handshake.ts';

/** Watches one run. A sheet of it is had only where an option asks for one. */
export class RunCosting {
  readonly #options: CostOptions;
  readonly #link: LinkProfile | undefined;
  readonly #choices: Choices;
  readonly #counter = new RunCounter();
  readonly #recorder = new TraceRecorder();
  #board: Board | undefined;

  /** @throws {UsageError} where an option is not one */
  constructor(options: CostOptions) {
    this.#options = options;
    this.#link = parseLink(options.link);
    this.#choices = {
      variants: parseVariants(options.variant),
      cell: parseCell(options.battery),
      prices: readPrices(options.awsPrices),
    };
  }

  /**
   * Before it connects.
   *
   * @throws {UsageError} where it is another board than was asked for, or divided in another way
   * @throws {CannotVerify} where the board could not verify what its trust root asks for, however it did it
   */
  readonly inspect = (device: Device): void => {
    const { board, identity } = device;
    if (board.name !== (this.#options.board ?? board.name)) {
      throw new UsageError(`--board: ${identity.thing} is made of ${board.name}, got ${this.#options.board}`);
    }
    const { layout = layoutsOf(board)[0] } = this.#options;
    if (layout !== layoutsOf(board)[0]) {
      throw new UsageError(`--layout: ${identity.thing} is divided as ${layoutsOf(board)[0]}, got ${layout}`);
    }
    this.#board = board;
    expectVerifiableUpdates(board, trustedRoot(device), this.#choices.variants);
  };

  readonly openTap = (version: MqttVersion): WireTap => this.#recorder.openConnection(version);

  note(event: AgentEvent): void {
    this.#counter.note(event);
  }

  sheet(outcome: DeviceOutcome): CostSheet | undefined {
    const { link, variant, battery, awsPrices, explainCost } = this.#options;
    const isAsked = [link, variant, battery, awsPrices, explainCost].some((option) => option !== undefined);
    if (!isAsked || !this.#board) return undefined;
    const tls = handshakeOf(outcome.costs, this.#recorder.trace);
    const use = this.#link && replay(this.#recorder.trace, { link: this.#link, ...(tls && { tls }) });
    return sheetOfRun({
      outcome,
      board: this.#board,
      counter: this.#counter,
      choices: this.#choices,
      ...(this.#link && use && { link: { profile: this.#link, use } }),
    });
  }
}

/** The newest: releases count by it. */
function trustedRoot({ board, parts: { trust, envelopeArea } }: Device): TrustRoot {
  const ram = new RamBudget(board.ramBytes, 'inspection');
  using open = new TrustStore({ trust, envelopeArea, ram }).open();
  return newestRoot(open.state).root;
}

/** All of its algorithms, or while it has a migration window, any one that will do. */
export function expectVerifiableUpdates(board: Board, root: TrustRoot, variants: readonly string[]): void {
  const { all, window } = roleOf(root, RELEASE_ROLE).policy;
  const expectEach = (algorithms: readonly { readonly algorithm: AlgorithmName }[]): void =>
    algorithms.forEach(({ algorithm }) => expectVerifiable(board.name, algorithm, variants));
  const isEnough = window?.any.some((requirement) => doesNotRefuse(() => expectEach([requirement]))) ?? false;
  if (!isEnough) expectEach(all);
}

function doesNotRefuse(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof CannotVerify) return false;
    throw error;
  }
}
