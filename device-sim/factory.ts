/** Devices as folders: a factory makes one, and a process that runs the device opens it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifiedRoot } from '../protocol/trust/advance.ts';
import { floorOf } from '../protocol/trust/root.ts';
import { burnFirstRoot, type RootVersions, rootVersionsIn } from './agent/trust-store.ts';
import { type BoardParts, boardParts } from './hardware/board-parts.ts';
import { readBootRecord } from './hardware/boot-record.ts';
import { type FactoryImage, flashFactoryData, readIdentity } from './hardware/factory-data.ts';
import { Flash } from './hardware/flash.ts';
import { openFlashFile } from './hardware/flash-file.ts';
import { lockFolder } from './hardware/folder-lock.ts';
import type { Identity, SlotImage } from './ports.ts';
import { type Board, boardNamed, dividedAs, layoutsOf } from './profiles/boards.ts';

/** What manufacturing flashes into one device. */
export interface FactoryContent extends Identity, FactoryImage {
  readonly root: VerifiedRoot;
  /** The record of its claim credential (provisioning/claim.ts); absent where it will not be provisioned. */
  readonly claim?: Uint8Array | undefined;
}

export interface DeviceSpec extends FactoryContent {
  /** Made where it does not exist. */
  readonly stateFolder: string;
  /** Divided as it says first. */
  readonly board: Board;
}

/** A device that is there and not running. */
export interface Device extends Disposable {
  readonly board: Board;
  readonly flash: Flash;
  readonly identity: Identity;
  readonly parts: BoardParts;
  /** What it would start. */
  readonly installed: SlotImage;
  readonly rootVersions: RootVersions;
}

const FLASH_FILE = 'flash.sparse';
/** `nrf52840 swap`: the board, and how its flash is divided. */
const BOARD_FILE = 'board.txt';

/** Whether a factory has come to its end in this folder. */
export const isMade = (stateFolder: string): boolean => existsSync(join(stateFolder, BOARD_FILE));

/**
 * @throws {RangeError} where there is a device already, or what is flashed does not fit the board
 * @throws {Unavailable} where another process is making it
 */
export function manufacture(spec: DeviceSpec): void {
  const { stateFolder, board } = spec;
  const flashPath = join(stateFolder, FLASH_FILE);
  using opened = new DisposableStack();
  opened.use(lockFolder(stateFolder));
  if (isMade(stateFolder)) throw new RangeError(`${stateFolder}: there is a device already`);
  // Left by a factory that did not come to its end: the board's name, written last, is what makes a device.
  rmSync(flashPath, { force: true });
  const file = opened.use(openFlashFile(flashPath, board));
  flashDevice(boardParts(new Flash(board, file), board), spec);
  writeFileSync(join(stateFolder, BOARD_FILE), `${board.name} ${layoutsOf(board)[0]}\n`);
}

/** Into a board that is erased. @throws {RangeError} where it does not fit, with the numbers */
export function flashDevice(parts: BoardParts, content: FactoryContent): void {
  const { root, claim, image, sequenceNumber, classId } = content;
  burnFirstRoot(parts.trust, root);
  if (claim) parts.credentials.claim.write(claim);
  const { epoch } = floorOf(root.root, classId);
  // Last: a board with a boot record starts.
  flashFactoryData(parts, content, { image, epoch, sequenceNumber });
}

/**
 * @throws {RangeError} where there is no device in the folder, or one on a board that is not known here
 * @throws {Unavailable} where another process runs it
 */
export function openDevice(stateFolder: string): Device {
  if (!isMade(stateFolder)) throw new RangeError(`${stateFolder}: there is no device`);
  const board = boardOf(stateFolder);
  using opened = new DisposableStack();
  opened.use(lockFolder(stateFolder));
  const flashPath = join(stateFolder, FLASH_FILE);
  if (!existsSync(flashPath)) {
    throw new RangeError(`${stateFolder}: made by an earlier Bristlecone; delete the folder and make the device again`);
  }
  const file = opened.use(openFlashFile(flashPath, board));
  const flash = new Flash(board, file);
  const parts = boardParts(flash, board);
  const identity = readIdentity(parts);
  const resources = opened.move();
  return {
    board,
    flash,
    identity,
    parts,
    get installed() {
      return readBootRecord(parts.boot.record).confirmed;
    },
    get rootVersions() {
      return rootVersionsIn(parts.trust);
    },
    [Symbol.dispose]: () => resources.dispose(),
  };
}

function boardOf(stateFolder: string): Board {
  const [name = '', layout] = readFileSync(join(stateFolder, BOARD_FILE), 'utf8').trim().split(' ');
  const board = boardNamed(name);
  if (!board) throw new RangeError(`${stateFolder}: board ${name} is not known here`);
  const kind = layoutsOf(board).find((it) => it === layout);
  if (layout !== undefined && !kind) throw new RangeError(`${stateFolder}: ${name} cannot be divided as ${layout}`);
  return kind ? dividedAs(board, kind) : board;
}
