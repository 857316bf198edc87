import { describe, expect, it } from 'vitest';
import { digestInFlash, RunningDigest } from '../../../device-sim/agent/running-digest.ts';
import { Flash } from '../../../device-sim/hardware/flash.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import type { FlashArea } from '../../../device-sim/ports.ts';
import { DIGEST_ALGORITHMS, digestOfImage } from '../../../protocol/suit/digest.ts';
import { imageOf } from '../../support/device-world.ts';

const FILE = imageOf(3_000, 4);

function bench() {
  const flash = new Flash({ flashBytes: 4_096, sectorBytes: 1_024, writeBytes: 4 });
  const area = flash.area({ firstSector: 0, sectors: 4 });
  let reads = 0;
  const counted: FlashArea = {
    areaBytes: area.areaBytes,
    sectorBytes: area.sectorBytes,
    writeBytes: area.writeBytes,
    read: (offset, target) => ((reads += 1), area.read(offset, target)),
    write: (offset, bytes) => area.write(offset, bytes),
    eraseSector: (sector) => area.eraseSector(sector),
  };
  const file = { area: counted, ram: new RamBudget(1_024, 'image'), fileBytes: FILE.length, algorithmId: -16 };
  return { area, file, reads: () => reads };
}

describe('a running digest', () => {
  it('of pieces that come in order reads nothing back', () => {
    const { file, reads } = bench();
    const digest = new RunningDigest(file);
    for (let offset = 0; offset < FILE.length; offset += 700) digest.offer(offset, FILE.subarray(offset, offset + 700));
    expect(digest.digest()).toEqual(digestOfImage(FILE));
    expect(reads()).toBe(0);
  });

  it('reads back what came out of order', () => {
    const { area, file, reads } = bench();
    area.write(0, FILE);
    const digest = new RunningDigest(file);
    digest.offer(0, FILE.subarray(0, 1_000));
    digest.offer(2_000, FILE.subarray(2_000));
    digest.offer(1_000, FILE.subarray(1_000, 2_000));
    expect(digest.digest()).toEqual(digestOfImage(FILE));
    expect(reads()).toBe(2);
  });

  it('forgets what was lost again', () => {
    const { area, file } = bench();
    area.write(0, FILE);
    const digest = new RunningDigest(file);
    digest.offer(0, new Uint8Array(1_000));
    digest.restart();
    expect(digest.digest()).toEqual(digestOfImage(FILE));
  });

  it.each(DIGEST_ALGORITHMS)('knows $name', ({ algorithmId }) => {
    const { area, file } = bench();
    area.write(0, FILE);
    expect(digestInFlash({ ...file, algorithmId })).toEqual(digestOfImage(FILE, algorithmId));
  });
});
