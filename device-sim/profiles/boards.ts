/**
 * Boards as data, and how their flash is divided. Geometry only: what an operation costs in time and energy is not
 * here yet.
 *
 *     | boot loader | boot record | factory | trust record | root 0 | root 1 | claim | certificate
 *     | journal | envelope | block logs | slot 0 | slot 1 |
 */

export interface Board {
  readonly name: string;
  readonly flashBytes: number;
  /** Smallest area that can be erased. */
  readonly sectorBytes: number;
  /** Smallest unit that can be written. */
  readonly writeBytes: number;
  readonly ramBytes: number;
  /** What of the RAM the agent may reserve; the rest is the application's, the stack's and the network's. */
  readonly agentRamBytes: number;
  /** Erases that the maker guarantees for each sector. */
  readonly enduranceCycles: number;
  readonly source: string;
}

// oxfmt-ignore
export const BOARDS: readonly Board[] = [
  { name: 'nrf52840', flashBytes: 1_048_576, sectorBytes: 4_096, writeBytes: 4, ramBytes: 262_144, agentRamBytes: 65_536,
    enduranceCycles: 10_000,
    source: 'Nordic Semiconductor, nRF52840 Product Specification: chapters Memory (1 MB flash, 256 kB RAM) and NVMC ' +
            '(4 kB pages, 32-bit words, 10,000 write/erase cycles). agentRamBytes is our choice.' },
];

export const boardNamed = (name: string): Board | undefined => BOARDS.find((board) => board.name === name);

/** A part of the flash, in sectors. */
export interface Extent {
  readonly firstSector: number;
  readonly sectors: number;
}

export interface FlashLayout {
  readonly bootLoader: Extent;
  readonly bootRecord: Extent;
  readonly factory: Extent;
  /** Which of the roots holds, and what they have been through. */
  readonly trustRecord: Extent;
  /** A trust root each, as it was signed. */
  readonly roots: readonly [Extent, Extent];
  /** A certificate and its key each: the one it left the factory with, and the one that provisioning gave it. */
  readonly claimCredential: Extent;
  readonly operationalCredential: Extent;
  readonly journal: Extent;
  /** Also where a new root is kept until it is verified. */
  readonly envelope: Extent;
  readonly envelopeBlocks: Extent;
  readonly imageBlocks: Extent;
  readonly slots: readonly [Extent, Extent];
}

/** bytes that each part needs; the two slots share what is left. What is not here takes one sector, or two halves of one. */
const BOOT_LOADER_BYTES = 48 * 1024;
/** The longest root that a rotation needs: ML-DSA-87, three signatures by the old keys, three by the new, five keys. */
const ROOT_BYTES = 48 * 1024;
/** Twice an ML-DSA-87 certificate (7.6 KB) and its key, expanded (4.9 KB), with room for its issuer's name. */
const CREDENTIAL_BYTES = 32 * 1024;
const ENVELOPE_BYTES = ROOT_BYTES;
const IMAGE_BLOCK_LOG_BYTES = 16 * 1024;

/** @throws {RangeError} where the board's flash is too small for two slots */
export function layoutOf(board: Board): FlashLayout {
  const total = board.flashBytes / board.sectorBytes;
  let next = 0;
  const take = (sectors: number): Extent => {
    const extent = { firstSector: next, sectors };
    next += sectors;
    return extent;
  };
  const takeBytes = (bytes: number): Extent => take(Math.ceil(bytes / board.sectorBytes));

  const bootLoader = takeBytes(BOOT_LOADER_BYTES);
  // Records alternate between two halves, so these have an even number of sectors.
  const bootRecord = take(2);
  const factory = take(8);
  const trustRecord = take(2);
  const roots: FlashLayout['roots'] = [takeBytes(ROOT_BYTES), takeBytes(ROOT_BYTES)];
  const takeHalves = (bytes: number): Extent => take(2 * Math.ceil(bytes / 2 / board.sectorBytes));
  const claimCredential = takeHalves(CREDENTIAL_BYTES);
  const operationalCredential = takeHalves(CREDENTIAL_BYTES);
  const journal = take(2);
  const envelope = takeBytes(ENVELOPE_BYTES);
  const envelopeBlocks = take(1);
  const imageBlocks = takeBytes(IMAGE_BLOCK_LOG_BYTES);
  const slotSectors = Math.floor((total - next) / 2);
  if (slotSectors < 1)
    throw new RangeError(`${board.name}: ${board.flashBytes} bytes of flash leave no room for slots`);
  return {
    bootLoader,
    bootRecord,
    factory,
    trustRecord,
    roots,
    claimCredential,
    operationalCredential,
    journal,
    envelope,
    envelopeBlocks,
    imageBlocks,
    slots: [take(slotSectors), take(slotSectors)],
  };
}
