/** What must hold whatever fails, each under its own name: what a failing case is reported by. */
import { equalBytes } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { TrustStore } from '../agent/trust-store.ts';
import type { BoardParts } from '../hardware/board-parts.ts';
import { BootFailure } from '../hardware/boot-loader.ts';
import { readBootRecord } from '../hardware/boot-record.ts';
import { FlashMisuse } from '../hardware/flash.ts';
import { RamBudget } from '../hardware/ram.ts';
import type { SlotNumber } from '../ports.ts';
import { IMAGES, SEQUENCE } from './fleet.ts';

export const INVARIANTS = {
  'always-starts': 'the boot loader finds an image that it may start',
  'verified-image':
    'what starts is one image, whole, whose signatures were verified before: never another or a mixed one',
  'sequence-forward': 'the installed sequence number never goes back',
  'root-forward': 'neither the newest root nor the proven one goes back in version',
  'one-trust-state': 'the flash says which root is proven and which one is accepted, and both are whole',
  'burn-after-proof': 'the old root goes only once an image under the new one is confirmed',
  completes: 'the update succeeds, on the next start at the latest, and its job says so',
  'blocks-once': 'for each fault, at most one window of blocks is sent again',
  'erase-before-write': 'flash is erased before it is written, and written in whole words',
  'ram-returned': 'all RAM is given back when the agent ends',
  'no-surprise': 'nothing is thrown that nobody expects',
} as const;

export type InvariantName = keyof typeof INVARIANTS;

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: InvariantName;

  constructor(invariant: InvariantName, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}

function expectThat(invariant: InvariantName, holds: boolean, detail: () => string): void {
  if (!holds) throw new Violation(invariant, detail());
}

/** At each start. @param isVouchedFor whether all signatures of the new release have been verified */
export function checkStart(parts: BoardParts, slot: SlotNumber, isVouchedFor: boolean): void {
  const inSlot = (image: Uint8Array): boolean => {
    const found = new Uint8Array(image.length);
    parts.boot.slots[slot].read(0, found);
    return equalBytes(found, image);
  };
  if (inSlot(IMAGES.old)) return;
  const what = inSlot(IMAGES.evil) ? 'the attacker’s image' : 'neither the old image nor the new one';
  expectThat('verified-image', inSlot(IMAGES.new), () => `slot ${slot} started, and holds ${what}`);
  expectThat('verified-image', isVouchedFor, () => 'the new image started before its signatures were verified');
}

/** What only goes forward. */
export interface Standing {
  readonly sequence: number;
  readonly newestRoot: number;
  readonly provenRoot: number;
}

export const AT_FACTORY: Standing = { sequence: SEQUENCE.old, newestRoot: 1, provenRoot: 1 };

/** Whenever the device is off. */
export function checkStanding(parts: BoardParts, before: Standing): Standing {
  const now = { sequence: Number(readBootRecord(parts.boot.record).confirmed.sequenceNumber), ...rootsOf(parts) };
  const moved = (key: keyof Standing) => (): string => `${key} was ${before[key]}, and is ${now[key]}`;
  expectThat('sequence-forward', now.sequence >= before.sequence, moved('sequence'));
  expectThat('root-forward', now.newestRoot >= before.newestRoot, moved('newestRoot'));
  expectThat('root-forward', now.provenRoot >= before.provenRoot, moved('provenRoot'));
  const isBurned = now.provenRoot > AT_FACTORY.provenRoot;
  const detail = (): string => `root ${now.provenRoot} is proven, and sequence ${now.sequence} installed`;
  expectThat('burn-after-proof', !isBurned || now.sequence === SEQUENCE.new, detail);
  return now;
}

function rootsOf(parts: BoardParts): Pick<Standing, 'newestRoot' | 'provenRoot'> {
  try {
    const store = new TrustStore({ ...parts, ram: new RamBudget(2 ** 20, 'sweep') });
    using open = store.open();
    const { current, next } = open.state;
    const { newest, proven } = store.versions;
    const inFlash = [current.root.version, (next ?? current).root.version];
    const isOne = inFlash[0] === proven && inFlash[1] === newest;
    expectThat(
      'one-trust-state',
      isOne,
      () => `the record names ${proven} and ${newest}, flash holds ${inFlash.join()}`,
    );
    return { newestRoot: newest, provenRoot: proven };
  } catch (error) {
    if (error instanceof Rejection) throw new Violation('one-trust-state', error.message);
    throw error;
  }
}

export interface End {
  readonly parts: BoardParts;
  readonly standing: Standing;
  readonly lastRoot: number;
  readonly jobStatus: string;
}

/** When no job is open any more. */
export function checkEnd({ parts, standing, lastRoot, jobStatus }: End): void {
  const { confirmed, trial } = readBootRecord(parts.boot.record);
  const image = new Uint8Array(confirmed.imageBytes);
  parts.boot.slots[confirmed.slot].read(0, image);
  expectThat('completes', jobStatus === 'SUCCEEDED', () => `the job ended ${jobStatus}`);
  const isInstalled = standing.sequence === SEQUENCE.new && trial === undefined && equalBytes(image, IMAGES.new);
  expectThat('completes', isInstalled, () => `sequence ${standing.sequence} is installed, expected ${SEQUENCE.new}`);
  const { newestRoot, provenRoot } = standing;
  const isRooted = newestRoot === lastRoot && provenRoot === lastRoot;
  expectThat('completes', isRooted, () => `root ${provenRoot} is proven, ${newestRoot} accepted, expected ${lastRoot}`);
}

export const checkBlocks = (extraBlocks: number, boundBlocks: number): void =>
  expectThat('blocks-once', extraBlocks <= boundBlocks, () => `${extraBlocks} sent again, expected ${boundBlocks}`);

export const checkRam = (usedBytes: number): void =>
  expectThat('ram-returned', usedBytes === 0, () => `${usedBytes} bytes are still held`);

/** Whatever a run throws says that something does not hold. */
export function violationOf(error: unknown): Violation {
  if (error instanceof Violation) return error;
  if (error instanceof FlashMisuse) return new Violation('erase-before-write', error.message);
  if (error instanceof BootFailure) return new Violation('always-starts', error.message);
  return new Violation('no-surprise', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
