/** kill -9 instead of a power cut: the flash of a device is in a file, and whatever was written is there. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { manufacture, openDevice } from '../../device-sim/factory.ts';
import { boardNamed } from '../../device-sim/profiles/boards.ts';
import { imageOf, OLD_IMAGE, releaseOf, ROOT } from '../support/device-world.ts';
import { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';
import { serveFakeCloud } from '../support/fake-cloud-broker.ts';
import { classId, vendorId } from '../support/suit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SCRIPT = resolve(import.meta.dirname, '../support/device-process.ts');
const IMAGE = imageOf(60_000, 8);
const BLOCK_BYTES = 1_024;
const WINDOW_BLOCKS = 8;

interface Line {
  readonly kind: string;
  readonly state?: string;
  readonly storedBytes?: number;
  readonly result?: string;
}

/** Runs a device until `isEnough` of what it printed, then kills it; the last line that it printed. */
async function runDeviceProcess(args: readonly string[], isEnough: (line: Line) => boolean): Promise<Line | undefined> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last: Line | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    last = JSON.parse(text) as Line;
    if (isEnough(last)) child.kill('SIGKILL');
  }
  return last;
}

describe('a device process', () => {
  it('that is killed in each state continues where it was', async () => {
    const cloud = new FakeCloud('thing-1');
    await using broker = await serveFakeCloud(cloud);
    const stateFolder = temporaryFolder();
    manufacture({
      stateFolder,
      board: boardNamed('nrf52840')!,
      thing: 'thing-1',
      vendorId,
      classId,
      root: ROOT,
      image: OLD_IMAGE,
      sequenceNumber: 1,
    });
    cloud.addJob('job-1', releaseOf({ image: IMAGE }));
    const args = [stateFolder, broker.url, String(BLOCK_BYTES)];

    const kills: ((line: Line) => boolean)[] = [
      ({ state }) => state === 'fetching-envelope',
      ({ state }) => state === 'authenticating',
      ({ storedBytes = 0 }) => storedBytes > 20_000,
      ({ storedBytes = 0 }) => storedBytes > 40_000,
      ({ state }) => state === 'installing',
      ({ state }) => state === 'rebooting',
      ({ state }) => state === 'confirming',
      ({ state }) => state === 'reporting',
    ];
    for (const isEnough of kills) {
      const last = await runDeviceProcess(args, isEnough);
      expect(last?.result, 'it was killed before its end').toBeUndefined();
    }
    const outcome = await runDeviceProcess(args, () => false);

    expect(outcome).toMatchObject({ kind: 'outcome', result: 'succeeded', sequenceNumber: 2 });
    expect(cloud.jobs[0]).toMatchObject({ status: 'SUCCEEDED' });
    // Two of the kills came while blocks were on their way.
    expect(cloud.repeatsOf(1)).toBeLessThanOrEqual(2 * WINDOW_BLOCKS);
    using device = openDevice(stateFolder);
    expect(device.installed).toMatchObject({ sequenceNumber: 2, imageBytes: IMAGE.length, slot: 1 });
  });
});
