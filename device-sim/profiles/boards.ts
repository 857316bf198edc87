/**
 * Boards as data, and how their flash is divided. What they cost in time and energy is in boards-facts.ts.
 *
 *     | boot loader | boot record | factory | trust record | root 0 | root 1 | claim | certificate
 *     | journal | envelope | block logs | slot 0 | slot 1 |
 *
 * Sectors are counted through: those of a second part, outside the chip, follow those of the first. What only the boot
 * loader and the factory write, and what says whom to trust, stays inside.
 */
import type { LayoutKind } from '../../protocol/suit/layouts.ts';

export interface FlashPart {
  readonly flashBytes: number;
  /** Smallest area that can be erased. */
  readonly sectorBytes: number;
  /** Smallest unit that can be written. */
  readonly writeBytes: number;
  /** Erases that the maker guarantees for each sector. */
  readonly enduranceCycles: number;
}

export interface Board extends FlashPart {
  readonly name: string;
  /** A second part, outside the chip. */
  readonly external?: FlashPart;
  /** The ways that its flash can be divided, first the one that is used; without it, `a/b`. */
  readonly layouts?: readonly LayoutKind[];
  /** Where it must be smaller than usual. */
  readonly bootLoaderBytes?: number;
  readonly ramBytes: number;
  /** What of the RAM the agent may reserve; the rest is the application's, the stack's and the network's. */
  readonly agentRamBytes: number;
  readonly source: string;
}

const OURS = 'agentRamBytes is our choice.';
const SERIAL_NOR =
  'Winbond W25Q: sectors of 4 KB, pages of 256 bytes of which any part can be written (we write words of 4), at least ' +
  '100,000 cycles (as its W25Q40EW specification says)';
const serialNor = (flashBytes: number): FlashPart => ({
  flashBytes,
  sectorBytes: 4_096,
  writeBytes: 4,
  enduranceCycles: 100_000,
});

// oxfmt-ignore
export const BOARDS: readonly Board[] = [
  { name: 'nrf52840', flashBytes: 1_048_576, sectorBytes: 4_096, writeBytes: 4, ramBytes: 262_144, agentRamBytes: 65_536,
    enduranceCycles: 10_000, layouts: ['a/b', 'swap'],
    source: 'Nordic Semiconductor, nRF52840 Product Specification: chapters Memory (1 MB flash, 256 kB RAM) and NVMC ' +
            `(4 kB pages, 32-bit words, 10,000 write/erase cycles). ${OURS}` },
  { name: 'stm32f070rb', flashBytes: 131_072, sectorBytes: 2_048, writeBytes: 2, ramBytes: 16_384, agentRamBytes: 8_192,
    enduranceCycles: 1_000, layouts: ['external'], external: serialNor(4_194_304), bootLoaderBytes: 24_576,
    source: 'zephyrproject-rtos/zephyr dts/arm/st/f0/stm32f070Xb.dtsi @048589a4f and stm32f0.dtsi @013c13502 (128 KB, half ' +
            'words, 16 KB RAM); ST RM0091 §3.2.1 (STM32F07x: pages of 2 KB). 1,000 cycles: what ST gives for its value ' +
            'line (community.st.com, STM32F030). The Move Hub itself has no second flash and cannot hold two images: ' +
            `the W25Q32 is our addition. ${SERIAL_NOR}. Boot loader of 24 KB: wolfCOSE verifies ML-DSA-44 in 20.8 KB. ${OURS}` },
  { name: 'rp2040', ...serialNor(2_097_152), ramBytes: 270_336, agentRamBytes: 65_536, layouts: ['a/b', 'swap'],
    source: 'Raspberry Pi Pico: RP2040 with 264 KB RAM (zephyrproject-rtos/zephyr dts/arm/rpi_pico/rp2040.dtsi @0345722ab) ' +
            `runs from 2 MB of W25Q16JV outside. ${SERIAL_NOR}. ${OURS}` },
  { name: 'stm32l4r5', flashBytes: 2_097_152, sectorBytes: 4_096, writeBytes: 8, ramBytes: 655_360, agentRamBytes: 65_536,
    enduranceCycles: 10_000, layouts: ['a/b', 'swap'],
    source: 'zephyrproject-rtos/zephyr dts/arm/st/l4/stm32l4r5.dtsi @0202bd860 (640 KB RAM), stm32l4p5.dtsi @0021e9f76 (pages ' +
            'of 4 KB with two banks), stm32l4.dtsi @0071cd3e0 (double words); kb.segger.com/STM32L4_dualbank_flash_programming ' +
            `(2 MB); community.st.com 174560, from the datasheet of the STM32L4R7 (10,000 cycles). ${OURS}` },
  { name: 'stm32h743', flashBytes: 2_097_152, sectorBytes: 131_072, writeBytes: 32, ramBytes: 1_015_808, agentRamBytes: 65_536,
    enduranceCycles: 10_000, layouts: ['external'], external: serialNor(8_388_608),
    source: 'zephyrproject-rtos/zephyr dts/arm/st/h7/stm32h743.dtsi @0761962b6 (sectors of 128 KB, words of 32 bytes, 992 KB RAM ' +
            'without ITCM) and boards/weact/mini_stm32h743 (2 MB; 64 Mbit of QSPI NOR outside); community.st.com 225953 ' +
            `(10,000 cycles). ${SERIAL_NOR}. ${OURS}` },
  { name: 'esp32-c3', flashBytes: 4_194_304, sectorBytes: 4_096, writeBytes: 4, ramBytes: 409_600, agentRamBytes: 65_536,
    enduranceCycles: 100_000, layouts: ['a/b', 'swap'],
    source: 'Espressif, ESP32-C3 Series Datasheet v2.0 (ESP32-C3FH4: 4 MB in the package; 400 KB SRAM); zephyrproject-rtos/zephyr ' +
            'dts/riscv/espressif/esp32c3/esp32c3_common.dtsi @08be3fb16 (sectors of 4 KB, words of 4). 100,000 cycles: as ' +
            `serial NOR of this size has. ${OURS}` },
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
  /** Where only slot 0 is started: how far a swap is, and room for some sectors of it. */
  readonly swap?: { readonly record: Extent; readonly scratch: Extent };
}

/** bytes that each part needs; the slots share what is left. What is not here takes one sector, or two halves of one. */
const BOOT_LOADER_BYTES = 48 * 1024;
/** Twice what is remembered beside the roots: 6 public keys of ML-DSA-87 that they only pin, and little else. */
const TRUST_RECORD_BYTES = 32 * 1024;
/** The longest root that a rotation needs: ML-DSA-87, three signatures by the old keys, three by the new, five keys. */
const ROOT_BYTES = 48 * 1024;
/** Twice an ML-DSA-87 certificate (7.6 KB) and its key, expanded (4.9 KB), with room for its issuer's name. */
const CREDENTIAL_BYTES = 32 * 1024;
const ENVELOPE_BYTES = ROOT_BYTES;
const IMAGE_BLOCK_LOG_BYTES = 16 * 1024;
/** Of what is left, one sixteenth at most. */
const SECTORS_PER_SCRATCH = 16;
const MAX_SCRATCH_UNITS = 16;

/** @throws {RangeError} where the board's flash is too small for two slots, or cannot be divided in this way */
export function layoutOf(board: Board, kind: LayoutKind = layoutsOf(board)[0]): FlashLayout {
  const kinds = layoutsOf(board);
  if (!kinds.includes(kind)) {
    throw new RangeError(`${board.name}: expected one of ${kinds.join(', ')} as layout, got ${kind}`);
  }
  const inside = new Sectors(0, board);
  const outside = kind === 'external' && board.external ? new Sectors(sectorsOf(board), board.external) : inside;
  const layout = {
    bootLoader: inside.takeBytes(board.bootLoaderBytes ?? BOOT_LOADER_BYTES),
    bootRecord: inside.take(2),
    factory: inside.take(2),
    trustRecord: inside.takeHalves(TRUST_RECORD_BYTES),
    roots: [outside.takeBytes(ROOT_BYTES), outside.takeBytes(ROOT_BYTES)],
    claimCredential: outside.takeHalves(CREDENTIAL_BYTES),
    operationalCredential: outside.takeHalves(CREDENTIAL_BYTES),
    journal: outside.take(2),
    envelope: outside.takeBytes(ENVELOPE_BYTES),
    envelopeBlocks: outside.take(1),
    imageBlocks: outside.takeBytes(IMAGE_BLOCK_LOG_BYTES),
  } as const;
  const swap = kind === 'a/b' ? {} : { swap: { record: outside.take(2), scratch: takeScratch(inside, outside) } };
  const slots = inside === outside ? inside.takeTwo() : takeSlots(inside, outside);
  if (inside.free < 0 || outside.free < 0 || slots[0].sectors < 1) {
    throw new RangeError(`${board.name}: ${board.flashBytes} bytes of flash leave no room for slots`);
  }
  return { ...layout, ...swap, slots };
}

/** First the one that is used. */
export const layoutsOf = ({
  layouts: [first = 'a/b', ...others] = [],
}: Board): readonly [LayoutKind, ...LayoutKind[]] => [first, ...others];

/** The board, divided in this way. @throws {RangeError} where its flash cannot be */
export function dividedAs(board: Board, kind: LayoutKind): Board {
  const [usual, ...others] = layoutsOf(board);
  if (kind === usual) return board;
  layoutOf(board, kind);
  return { ...board, layouts: [kind, usual, ...others.filter((other) => other !== kind)] };
}

const sectorsOf = ({ flashBytes, sectorBytes }: FlashPart): number => flashBytes / sectorBytes;

/** For one unit of a swap; for more, which then take turns, where that costs the slots little. */
function takeScratch(inside: Sectors, outside: Sectors): Extent {
  const unitBytes = Math.max(inside.sectorBytes, outside.sectorBytes);
  const units = Math.floor((outside.free * outside.sectorBytes) / unitBytes / SECTORS_PER_SCRATCH);
  return outside.takeBytes(unitBytes * Math.min(Math.max(units, 1), MAX_SCRATCH_UNITS));
}

/** Of whole sectors in both parts, so that they are of one size, and can be swapped. */
function takeSlots(inside: Sectors, outside: Sectors): readonly [Extent, Extent] {
  const together = Math.max(1, outside.sectorBytes / inside.sectorBytes);
  const started = inside.take(Math.floor(inside.free / together) * together);
  return [started, outside.takeBytes(started.sectors * inside.sectorBytes)];
}

/** Sectors of one part, given out one after the other. */
class Sectors {
  readonly sectorBytes: number;
  #next: number;
  readonly #end: number;

  constructor(first: number, part: FlashPart) {
    this.sectorBytes = part.sectorBytes;
    this.#next = first;
    this.#end = first + sectorsOf(part);
  }

  /** Negative where more was taken than there is. */
  get free(): number {
    return this.#end - this.#next;
  }

  take(sectors: number): Extent {
    const extent = { firstSector: this.#next, sectors };
    this.#next += sectors;
    return extent;
  }

  takeBytes(bytes: number): Extent {
    return this.take(Math.ceil(bytes / this.sectorBytes));
  }

  /** Records alternate between two halves, so these have an even number of sectors. */
  takeHalves(bytes: number): Extent {
    return this.take(2 * Math.ceil(bytes / 2 / this.sectorBytes));
  }

  /** All that is left, in two of one size. */
  takeTwo(): readonly [Extent, Extent] {
    const sectors = Math.floor(this.free / 2);
    return [this.take(sectors), this.take(sectors)];
  }
}
