/** The factory of a fleet: one board is flashed, and all others are copies of it with another name. */
import { fromHex } from '../../../protocol/bytes.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { flashDevice } from '../../factory.ts';
import { boardParts } from '../../hardware/board-parts.ts';
import { flashIdentity } from '../../hardware/factory-data.ts';
import { Flash } from '../../hardware/flash.ts';
import { verifyWithOpenSsl } from '../../hardware/native-verifier.ts';
import { SectorPool, SharedCells } from '../../hardware/shared-cells.ts';
import type { Identity } from '../../ports.ts';
import { type Board, boardNamed } from '../../profiles/boards.ts';
import type { FleetFactory } from './worker-protocol.ts';

/** A device's flash; disposed of, its content makes room. */
export interface DeviceFlash extends Disposable {
  readonly flash: Flash;
}

export class FlashedFleet {
  readonly board: Board;
  readonly #identity: Omit<Identity, 'thing'>;
  readonly #first: SharedCells;

  /**
   * @throws {RangeError} where the board is not known here, or what is flashed does not fit it
   * @throws {Rejection} where the root is none
   */
  constructor({ board, vendorIdHex, classIdHex, rootBase64, imageBase64, sequenceNumber }: FleetFactory) {
    const known = boardNamed(board);
    if (!known) throw new RangeError(`fleet: board ${board} is not known here`);
    this.board = known;
    this.#identity = { vendorId: fromHex(vendorIdHex), classId: fromHex(classIdHex) };
    this.#first = SharedCells.erased(known, new SectorPool());
    flashDevice(boardParts(new Flash(known, this.#first), known), {
      ...this.#identity,
      thing: 'fleet',
      root: verifyFirstRoot(Uint8Array.fromBase64(rootBase64), { verify: verifyWithOpenSsl }),
      image: Uint8Array.fromBase64(imageBase64),
      sequenceNumber,
    });
  }

  make(thing: string): DeviceFlash {
    const cells = this.#first.copy();
    const flash = new Flash(this.board, cells);
    flashIdentity(boardParts(flash, this.board), { ...this.#identity, thing });
    return { flash, [Symbol.dispose]: () => cells[Symbol.dispose]() };
  }
}
