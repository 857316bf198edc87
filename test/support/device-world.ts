/** One device and its cloud, in one process and in virtual time. A reboot, or a power cut, is one call of `run`. */
import { type FactoryContent, flashDevice } from '../../device-sim/factory.ts';
import { readIdentity } from '../../device-sim/hardware/factory-data.ts';
import { boardParts } from '../../device-sim/hardware/board-parts.ts';
import { readBootRecord } from '../../device-sim/hardware/boot-record.ts';
import { Flash } from '../../device-sim/hardware/flash.ts';
import { type BootParts, startBoard } from '../../device-sim/hardware/boot-loader.ts';
import { verifyWithOpenSsl } from '../../device-sim/hardware/native-verifier.ts';
import { RamBudget } from '../../device-sim/hardware/ram.ts';
import { type Machine, runMachine } from '../../device-sim/machine.ts';
import type { AgentEvent, AgentSettings, Identity, SlotImage, SlotNumber } from '../../device-sim/ports.ts';
import { type Board, dividedAs, layoutOf } from '../../device-sim/profiles/boards.ts';
import type { TrustState } from '../../protocol/trust/state.ts';
import { type RootVersions, TrustStore } from '../../device-sim/agent/trust-store.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { buildUpdateManifest } from '../../protocol/suit/build.ts';
import type { LayoutKind } from '../../protocol/suit/layouts.ts';
import { firstRoot } from './device-roots.ts';
import { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';
import { classId, es256, sealed, type TestSigner, update, vendorId } from './suit.ts';

/** Small enough to be made anew for every power cut. */
const SMALL_BOARD: Board = {
  name: 'small',
  flashBytes: 450_560,
  sectorBytes: 4_096,
  writeBytes: 4,
  ramBytes: 32_768,
  agentRamBytes: 16_384,
  enduranceCycles: 10_000,
  layouts: ['a/b', 'swap'],
  source: 'made up for tests',
};
/** Smaller sectors inside than outside, which is what makes a swap between the two harder. */
const SMALL_BOARD_AND_FLASH: Board = {
  ...SMALL_BOARD,
  name: 'small and external',
  flashBytes: 147_456,
  sectorBytes: 2_048,
  writeBytes: 8,
  external: { flashBytes: 327_680, sectorBytes: 4_096, writeBytes: 4, enduranceCycles: 100_000 },
  layouts: ['external'],
};

export const SETTINGS: AgentSettings = {
  blockBytes: 1_024,
  requestBytes: 8_192,
  answerTimeoutMs: 5_000,
  attempts: 4,
  connections: 6,
  backoffMs: { first: 500, longest: 30_000 },
  idleTimeoutMs: 60_000,
};

/** Bytes that are different everywhere, so that a block in the wrong place shows. */
export const imageOf = (bytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + 1 + seed * 104_729, 2_654_435_761) >>> 24);

export const OLD_IMAGE = imageOf(9_000, 1);
export const NEW_IMAGE = imageOf(10_000, 2);
export const IMAGE_URI = update.image.uri;

export interface Release {
  readonly image?: Uint8Array;
  readonly sequenceNumber?: number;
  readonly signers?: readonly TestSigner[];
  readonly vendorId?: Uint8Array;
  /** That the manifest is made for; without it one that every device can run. */
  readonly layout?: LayoutKind;
}

export function releaseOf({ image = NEW_IMAGE, sequenceNumber = 2, signers = [es256], ...other }: Release = {}) {
  const { manifest } = buildUpdateManifest({
    ...update,
    ...other,
    sequenceNumber,
    image: { digest: digestOfImage(image), imageBytes: image.length, uri: IMAGE_URI },
  });
  return { envelope: sealed(manifest, signers), image, uri: IMAGE_URI };
}

export interface WorldOptions {
  readonly board?: Board;
  /** How the flash of the board is divided; without it, as that board usually is. */
  readonly layout?: LayoutKind;
  readonly settings?: Partial<AgentSettings>;
  /** What its factory flashes, where that is not what all others get. */
  readonly factory?: Partial<FactoryContent>;
}

/** Trusts releases by es256. */
export const ROOT = firstRoot([es256]);

export class DeviceWorld {
  readonly flash: Flash;
  readonly board: Board;
  readonly cloud = new FakeCloud('thing-1');
  readonly events: AgentEvent[] = [];
  readonly settings: AgentSettings;
  isHealthy = true;
  ram: RamBudget;

  constructor({ layout, settings, factory, ...options }: WorldOptions = {}) {
    const usual = options.board ?? (layout === 'external' ? SMALL_BOARD_AND_FLASH : SMALL_BOARD);
    const board = layout === undefined ? usual : dividedAs(usual, layout);
    this.board = board;
    this.flash = new Flash(board);
    this.settings = { ...SETTINGS, ...settings };
    this.ram = new RamBudget(board.agentRamBytes, 'all');
    flashDevice(boardParts(this.flash, board), {
      thing: 'thing-1',
      vendorId,
      classId,
      root: ROOT,
      image: OLD_IMAGE,
      sequenceNumber: 1,
      ...factory,
    });
  }

  /** Power on, until a job is done or none comes. Nothing of an earlier run is in RAM. */
  run(options: Partial<Machine> = {}) {
    this.ram = new RamBudget(this.board.agentRamBytes, 'all');
    return runMachine({
      board: this.board,
      flash: this.flash,
      settings: this.settings,
      ram: this.ram,
      connect: this.cloud.connect,
      clock: this.cloud.clock,
      verify: verifyWithOpenSsl,
      random: () => 0.5,
      isHealthy: () => this.isHealthy,
      observe: (event) => void this.events.push(event),
      ...options,
    });
  }

  /** Some bits of the image in a slot change. */
  rot(slot: SlotNumber): void {
    const { firstSector } = layoutOf(this.board).slots[slot];
    const { flashBytes, sectorBytes, external } = this.board;
    const outside = firstSector - flashBytes / sectorBytes;
    const start = external && outside >= 0 ? flashBytes + outside * external.sectorBytes : firstSector * sectorBytes;
    this.flash.rot(start + 76, Uint8Array.of(1, 2, 3, 4));
  }

  get states(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
  }

  get identity(): Identity {
    return readIdentity(boardParts(this.flash, this.board));
  }

  /** What it trusts now; it throws where that cannot be told. */
  get trust(): { readonly state: TrustState; readonly versions: RootVersions } {
    const parts = boardParts(this.flash, this.board);
    const store = new TrustStore({ ...parts, ram: new RamBudget(2 ** 20, 'test') });
    using open = store.open();
    return { state: open.state, versions: store.versions };
  }

  /** What is confirmed, and what its slot holds; where slots are being swapped, once that is done. */
  get installed(): SlotImage & { readonly image: Uint8Array } {
    const { record, slots } = this.#settledBoot();
    const { confirmed } = readBootRecord(record);
    const image = new Uint8Array(confirmed.imageBytes);
    slots[confirmed.slot].read(0, image);
    return { ...confirmed, image };
  }

  /** What the next boot would start, and what is in its slot then; it throws where nothing would. Nothing is changed. */
  get next(): SlotImage & { readonly image: Uint8Array } {
    const { boot } = boardParts(this.#copy(), this.board);
    const { running } = startBoard(boot, { ram: new RamBudget(this.board.agentRamBytes, 'boot'), observe: () => {} });
    const image = new Uint8Array(running.imageBytes);
    boot.slots[running.slot].read(0, image);
    return { ...running, image };
  }

  #settledBoot(): BootParts {
    const { boot } = boardParts(this.flash, this.board);
    if (readBootRecord(boot.record).swapBytes === undefined) return boot;
    const copy = boardParts(this.#copy(), this.board).boot;
    startBoard(copy, { ram: new RamBudget(this.board.agentRamBytes, 'boot'), observe: () => {} });
    return copy;
  }

  #copy(): Flash {
    return new Flash(this.board, this.flash.copyCells());
  }
}
