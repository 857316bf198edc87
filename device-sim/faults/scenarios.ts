/**
 * What a sweep runs: for each algorithm, each layout of the flash and each state of the trust root, a device fresh from
 * its factory and the jobs that wait for it. Small images and a small board, so that a whole update takes a millisecond or
 * two; nothing is left out: real roots, real envelopes, real signatures.
 */
import type { LayoutKind } from '../../protocol/suit/layouts.ts';
import { flashDevice } from '../factory.ts';
import { boardParts } from '../hardware/board-parts.ts';
import { Flash } from '../hardware/flash.ts';
import type { AgentSettings } from '../ports.ts';
import { type Board, dividedAs } from '../profiles/boards.ts';
import type { FakeRelease, FakeRoot } from './fake-cloud.ts';
import { describeScenario, type Scenario } from './fault.ts';
import {
  chainOf,
  CLASS_ID,
  createRelease,
  DAY,
  evilRelease,
  fleetKeys,
  IMAGES,
  ISSUED,
  SEQUENCE,
  VENDOR_ID,
  YEAR,
} from './fleet.ts';

export const THING = 'thing-1';
/** Blocks of a quarter of the sector that they go to, and a window of one such sector. */
const settingsFor = ({ sectorBytes, external }: Board): AgentSettings => ({
  blockBytes: (external ?? { sectorBytes }).sectorBytes / 4,
  requestBytes: (external ?? { sectorBytes }).sectorBytes,
  answerTimeoutMs: 5_000,
  attempts: 4,
  connections: 6,
  backoffMs: { first: 500, longest: 30_000 },
  idleTimeoutMs: 60_000,
});

const MADE_UP = {
  ramBytes: 131_072,
  agentRamBytes: 98_304,
  enduranceCycles: 10_000,
  bootLoaderBytes: 2_048,
  source: 'made up for the fault sweep',
} as const;
const BOARD: Board = {
  ...MADE_UP,
  name: 'sweep',
  flashBytes: 307_200,
  sectorBytes: 2_048,
  writeBytes: 4,
  layouts: ['a/b', 'swap'],
};
/** Smaller sectors inside than outside, which is what makes a swap between the two harder. */
const BOARD_AND_FLASH: Board = {
  ...MADE_UP,
  name: 'sweep, with a second flash',
  flashBytes: 57_344,
  sectorBytes: 2_048,
  writeBytes: 8,
  external: { flashBytes: 286_720, sectorBytes: 4_096, writeBytes: 4, enduranceCycles: 100_000 },
  layouts: ['external'],
};

const boardFor = (layout: LayoutKind): Board => dividedAs(layout === 'external' ? BOARD_AND_FLASH : BOARD, layout);

export interface ScenarioJob {
  readonly release: FakeRelease;
  readonly roots: readonly FakeRoot[];
  /** Whether the device may install it. */
  readonly isGood: boolean;
}

/** Everything that stays the same in all cases of a scenario. */
export interface Fixture {
  readonly scenario: Scenario;
  readonly board: Board;
  readonly settings: AgentSettings;
  /** As its factory left it: copied for each case. */
  readonly flash: Flash;
  readonly jobs: readonly ScenarioJob[];
  /** Version of the root that counts at the end. */
  readonly lastRoot: number;
  /** Signatures that must have been verified before the new image may start. */
  readonly releaseSignatures: readonly Uint8Array[];
  /** Seconds since 1970, at power-on. */
  readonly nowSeconds: number;
}

const fixtures = new Map<string, Fixture>();

/** Made once for each scenario. */
export function fixtureOf(scenario: Scenario): Fixture {
  const name = describeScenario(scenario);
  const known = fixtures.get(name);
  if (known) return known;
  const made = createFixture(scenario);
  fixtures.set(name, made);
  return made;
}

function createFixture(scenario: Scenario): Fixture {
  const { algorithm, layout, trust } = scenario;
  const keys = fleetKeys(algorithm);
  const board = boardFor(layout);
  const roots = chainOf(trust, keys);
  const flash = new Flash(board);
  flashDevice(boardParts(flash, board), {
    thing: THING,
    vendorId: VENDOR_ID,
    classId: CLASS_ID,
    root: roots[0]!,
    image: IMAGES.old,
    sequenceNumber: SEQUENCE.old,
  });
  const signers = roots.length > 1 ? keys.newRelease : keys.release;
  const good = createRelease({ image: IMAGES.new, sequenceNumber: SEQUENCE.new, signers, layout, form: keys.form });
  const evil = evilRelease(scenario, keys);
  const newer = roots.slice(1).map(({ root, bytes }) => ({ version: root.version, bytes }));
  return {
    scenario,
    board,
    settings: settingsFor(board),
    flash,
    jobs: [
      ...(evil ? [{ release: evil, roots: newer, isGood: false }] : []),
      { release: good, roots: newer, isGood: true },
    ],
    lastRoot: roots.length,
    releaseSignatures: good.signatures,
    nowSeconds: trust === 'expired-root' ? ISSUED + 10 * YEAR + 2 * DAY : ISSUED + YEAR,
  };
}
