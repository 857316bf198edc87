/** The meters of one simulated device: what went over its sockets, what its flash and RAM went through, what its envelope is. */
import { Rejection } from '../protocol/errors.ts';
import type { Device } from './factory.ts';
import { RamBudget } from './hardware/ram.ts';
import { BoardMeter } from './metrics/board-meter.ts';
import { type CostContext, type CostRow, costRows } from './metrics/cost.ts';
import { type EnvelopeParts, measureEnvelope } from './metrics/envelope-parts.ts';
import { WireMeter } from './metrics/wire-meter.ts';
import type { AgentEvent } from './ports.ts';

export class DeviceMeters {
  readonly wire = new WireMeter();
  readonly ram: RamBudget;
  readonly #device: Device;
  readonly #board: BoardMeter;
  #envelope: EnvelopeParts | undefined;

  constructor(device: Device) {
    this.#device = device;
    this.ram = new RamBudget(device.board.agentRamBytes, 'boot');
    this.#board = new BoardMeter({ flashCounters: () => device.flash.counts, ram: this.ram });
  }

  note(event: AgentEvent): void {
    if (event.kind === 'boot') this.#board.enterBoot();
    if (event.kind === 'started') this.#board.noteStart(event);
    if (event.kind === 'state') this.#board.enterState(event.state);
    if (event.kind === 'envelope') this.#envelope = this.#readEnvelope(event.envelopeBytes);
  }

  costs(context: Partial<CostContext> & { readonly run: string }, blockBytes: number): readonly CostRow[] {
    const { board, flash } = this.#device;
    this.#board.settle();
    return costRows(
      {
        seed: '',
        commit: '',
        link: 'unshaped',
        ...context,
        profile: board.name,
        algorithm: this.#envelope?.algorithms.join('+') ?? '',
        blockBytes,
      },
      {
        wire: this.wire,
        board: this.#board,
        ramPeaks: this.ram.peakBytes,
        maxSectorErases: Math.max(...flash.erases),
        envelope: this.#envelope,
      },
    );
  }

  #readEnvelope(bytes: number): EnvelopeParts | undefined {
    const envelope = new Uint8Array(bytes);
    this.#device.parts.envelopeArea.read(0, envelope);
    try {
      return measureEnvelope(envelope);
    } catch (error) {
      if (error instanceof Rejection) return undefined;
      throw error;
    }
  }
}
