import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKeyFile } from '../../../device-sim/hardware/key-file.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a key file', () => {
  it('keeps each slot for itself, also from one start to the next', () => {
    const path = join(temporaryFolder(), 'keys');
    expect(openKeyFile(path).read(0)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    openKeyFile(path).write(1, Uint8Array.of(1));
    openKeyFile(path).write(0, Uint8Array.of(2, 3));
    const keys = openKeyFile(path);
    expect([keys.read(0), keys.read(1)]).toEqual([Uint8Array.of(2, 3), Uint8Array.of(1)]);
    keys.write(1, undefined);
    expect(keys.read(1)).toBeUndefined();
    expect(openKeyFile(path).read(0)).toEqual(Uint8Array.of(2, 3));
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('is whole after a kill in the middle of a change', () => {
    const path = join(temporaryFolder(), 'keys');
    openKeyFile(path).write(0, Uint8Array.of(7));
    writeFileSync(`${path}.new`, Uint8Array.of(0x82, 0x41));
    expect(openKeyFile(path).read(0)).toEqual(Uint8Array.of(7));
  });

  it.each([
    ['other CBOR', Uint8Array.of(0x81, 0x40), 'wrong-shape'],
    ['no CBOR', Uint8Array.of(0xff), 'malformed'],
  ] as const)('refuses %s', (_name, bytes, code) => {
    const path = join(temporaryFolder(), 'keys');
    writeFileSync(path, bytes);
    expectRejection(() => openKeyFile(path), code, 'keys');
  });
});
