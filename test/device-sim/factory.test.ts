import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DeviceSpec, manufacture, openDevice } from '../../device-sim/factory.ts';
import { boardNamed } from '../../device-sim/profiles/boards.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { OLD_IMAGE } from '../support/device-world.ts';
import { ALL_ANCHORS, classId, vendorId } from '../support/suit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const spec = (change: Partial<DeviceSpec> = {}): DeviceSpec => ({
  stateFolder: join(temporaryFolder(), 'thing-1'),
  board: boardNamed('nrf52840')!,
  thing: 'thing-1',
  vendorId,
  classId,
  anchors: ALL_ANCHORS,
  requiredAlgorithms: ['ES256', 'ML-DSA-65'],
  image: OLD_IMAGE,
  sequenceNumber: 2n ** 40n,
  ...change,
});

describe('a manufactured device', () => {
  it('is who it was made to be, and starts its first image', () => {
    const made = spec();
    manufacture(made);
    using device = openDevice(made.stateFolder);
    expect(device.board.name).toBe('nrf52840');
    expect(device.identity).toEqual({
      thing: 'thing-1',
      vendorId,
      classId,
      anchors: ALL_ANCHORS,
      requiredAlgorithms: ['ES256', 'ML-DSA-65'],
    });
    expect(device.installed).toEqual({
      slot: 0,
      imageBytes: OLD_IMAGE.length,
      digest: digestOfImage(OLD_IMAGE),
      sequenceNumber: 2 ** 40,
    });
  });

  it('is not made over', () => {
    const made = spec();
    manufacture(made);
    expect(() => manufacture(made)).toThrow('there is a device already');
  });

  it('is made anew where a factory did not come to its end', () => {
    const made = spec();
    manufacture({ ...made, thing: 'half-made' });
    rmSync(join(made.stateFolder, 'board.txt'));
    expect(() => openDevice(made.stateFolder)).toThrow('there is no device');
    manufacture(made);
    using device = openDevice(made.stateFolder);
    expect(device.identity.thing).toBe('thing-1');
  });

  it('is not opened where its board is not known', () => {
    const made = spec();
    manufacture(made);
    writeFileSync(join(made.stateFolder, 'board.txt'), 'abacus\n');
    expect(() => openDevice(made.stateFolder)).toThrow('board abacus is not known');
  });

  it.each<[name: string, change: Partial<DeviceSpec>]>([
    ['no image', { image: new Uint8Array() }],
    ['an image larger than a slot', { image: new Uint8Array(500_000) }],
    ['nobody to trust', { anchors: [] }],
    ['more anchors than it can hold', { anchors: Array.from({ length: 8 }, () => ALL_ANCHORS[3]!) }],
  ])('cannot be made with %s', (_name, change) => {
    const made = spec(change);
    expect(() => manufacture(made)).toThrow(RangeError);
    expect(() => openDevice(made.stateFolder)).toThrow('there is no device');
  });
});
