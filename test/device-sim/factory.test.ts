import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DeviceSpec, manufacture, openDevice } from '../../device-sim/factory.ts';
import { boardNamed, dividedAs, layoutsOf } from '../../device-sim/profiles/boards.ts';
import { digestOfImage } from '../../protocol/suit/digest.ts';
import { firstRoot, rootRole } from '../support/device-roots.ts';
import { OLD_IMAGE, ROOT } from '../support/device-world.ts';
import { classId, vendorId } from '../support/suit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { signers } from '../support/trust.ts';

/** 22 keys of 2,592 bytes. */
const HUGE_ROOT = firstRoot(signers('ML-DSA-87', 14, 100), {}, rootRole(signers('ML-DSA-87', 8, 120)));

const spec = (change: Partial<DeviceSpec> = {}): DeviceSpec => ({
  stateFolder: join(temporaryFolder(), 'thing-1'),
  board: boardNamed('nrf52840')!,
  thing: 'thing-1',
  vendorId,
  classId,
  root: ROOT,
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
    });
    expect(device.installed).toEqual({
      slot: 0,
      imageBytes: OLD_IMAGE.length,
      digest: digestOfImage(OLD_IMAGE),
      epoch: 0,
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

  it('keeps how its flash is divided, without which nothing in it is found', () => {
    const made = spec({ board: dividedAs(boardNamed('nrf52840')!, 'swap') });
    manufacture(made);
    using device = openDevice(made.stateFolder);
    expect([layoutsOf(device.board)[0], device.parts.boot.swap !== undefined]).toEqual(['swap', true]);
    expect(device.identity.thing).toBe('thing-1');
  });

  it('of an earlier factory is divided as its board usually is; of none, it is not opened', () => {
    const made = spec();
    manufacture(made);
    writeFileSync(join(made.stateFolder, 'board.txt'), 'nrf52840\n');
    using device = openDevice(made.stateFolder);
    expect(layoutsOf(device.board)[0]).toBe('a/b');
    writeFileSync(join(made.stateFolder, 'board.txt'), 'nrf52840 external\n');
    expect(() => openDevice(made.stateFolder)).toThrow('cannot be divided as external');
  });

  it.each<[name: string, change: Partial<DeviceSpec>]>([
    ['no image', { image: new Uint8Array() }],
    ['an image larger than a slot', { image: new Uint8Array(500_000) }],
    ['a root larger than its area', { root: HUGE_ROOT }],
    ['a claim larger than its area', { claim: new Uint8Array(20_000) }],
  ])('cannot be made with %s', (_name, change) => {
    const made = spec(change);
    expect(() => manufacture(made)).toThrow(RangeError);
    expect(() => openDevice(made.stateFolder)).toThrow('there is no device');
  });
});
