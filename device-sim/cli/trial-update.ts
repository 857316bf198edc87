/**
 * `device run --algorithm`: an update made for the occasion, for who wants to know what it would cost. A cloud of its own, a
 * key for each algorithm, a release of real firmware (the LEGO move hub's), a campaign; gone when the run is over.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { type Board, layoutOf } from '../profiles/boards.ts';
import { Bench, FACTORY_SEQUENCE, type Making, signatureName } from '../measure/bench.ts';
import { mapParallel } from '../measure/subcommands.ts';

const THING = 'hub-1';

export interface TrialUpdate extends AsyncDisposable {
  readonly making: Making;
}

export interface TrialOptions {
  /** All of them sign, and the device requires them all. */
  readonly algorithms: readonly AlgorithmName[];
  readonly board: Board;
  readonly note: (line: string) => void;
}

export async function openTrialUpdate({ algorithms, board, note }: TrialOptions): Promise<TrialUpdate> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-trial-'));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const bench = new Bench(folder);
  const { from, to, imageBytes } = bench.unpackFirmware(layoutOf(board).slots[0].sectors * board.sectorBytes);
  opened.use(await bench.startCloud());
  await mapParallel(algorithms, (algorithm) => bench.createKey(algorithm));
  const release = await bench.createRelease(algorithms, FACTORY_SEQUENCE + 1);
  await bench.createCampaign(release.id, [THING]);
  note(
    `An update of ${imageBytes} bytes, ${from} to ${to}, signed with ${signatureName(algorithms)}, in a cloud of its own`,
  );
  const open = opened.move();
  return { making: bench.making(THING, algorithms), [Symbol.asyncDispose]: () => open.disposeAsync() };
}
