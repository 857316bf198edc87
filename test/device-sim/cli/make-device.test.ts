import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerDeviceCommands } from '../../../device-sim/cli/device.ts';
import { encodeCoseKey } from '../../../protocol/cose/key.ts';
import { runCli } from '../../support/cli.ts';
import { firstRoot } from '../../support/device-roots.ts';
import { imageOf } from '../../support/device-world.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { signer } from '../../support/trust.ts';

const keys = [signer('ES256', 41), signer('ML-DSA-65', 42)];
const ROOT = firstRoot(keys);

function newFolder() {
  const data = temporaryFolder();
  const file = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(data, name), content);
    return join(data, name);
  };
  const anchors = keys.map(({ anchor }) => file(`${anchor.algorithm.name}.cose`, encodeCoseKey(anchor)));
  const make = (...more: readonly string[]) =>
    runCli([registerDeviceCommands], 'device', 'make', '--thing', 'hub-1', '--data', data, '--json', ...more);
  return { data, file, anchors, make, root: file('root-1.cose', ROOT.bytes) };
}

const NAMED = ['--vendor', 'example.com', '--class', 'hub'];

describe('device make', () => {
  it('flashes the root of a file', async () => {
    const { make, root } = newFolder();
    const { exitCode, stdout } = await make(...NAMED, '--root', root);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).root).toMatchObject({
      version: 1,
      bytes: ROOT.bytes.length,
      development: false,
      releaseKeys: [{ algorithm: 'ES256' }, { algorithm: 'ML-DSA-65' }],
    });
  });

  it('flashes a development root for keys that are named, which demands what is required', async () => {
    const { make, anchors } = newFolder();
    const { stdout } = await make(...NAMED, '--anchor', ...anchors, '--require', 'ML-DSA-65');
    expect(JSON.parse(stdout).root).toMatchObject({
      development: true,
      releasePolicy: [{ algorithm: 'ML-DSA-65', threshold: 1 }],
    });
  });

  it('divides flash as it is told, where the board can be', async () => {
    const { make, root } = newFolder();
    const refused = await make(...NAMED, '--root', root, '--layout', 'external');
    expect(JSON.parse(refused.stdout).error.message).toBe(
      '--layout: on nrf52840 expected one of a/b, swap, got "external"',
    );
    const made = await make(...NAMED, '--root', root, '--layout', 'swap');
    expect(JSON.parse(made.stdout)).toMatchObject({ board: 'nrf52840', layout: 'swap' });
  });

  it('flashes what the operator ordered', async () => {
    const { data, make, root } = newFolder();
    mkdirSync(join(data, 'factory'));
    writeFileSync(join(data, 'factory/device.json'), JSON.stringify({ vendor: 'example.com', class: 'hub' }));
    expect((await make()).exitCode).toBe(2);
    writeFileSync(join(data, 'factory/root.cose'), ROOT.bytes);
    expect(JSON.parse((await make()).stdout).root).toMatchObject({ version: 1 });
    const twice = await make('--root', root);
    expect(JSON.parse(twice.stdout).error.message).toContain('there is a device hub-1 already');
  });

  it.each<[name: string, more: (made: ReturnType<typeof newFolder>) => readonly string[], message: RegExp]>([
    ['nobody to trust', () => NAMED, /expected --vendor, --class and --root \(or --anchor\)/],
    ['two roots', ({ root, anchors }) => [...NAMED, '--root', root, '--anchor', ...anchors], /got both/],
    ['more than the root says', ({ root }) => [...NAMED, '--root', root, '--require', 'ES256'], /^--require: the root/],
    [
      'a requirement that nobody meets',
      ({ anchors }) => [...NAMED, '--anchor', ...anchors, '--require', 'ML-DSA-87'],
      /0$/,
    ],
    ['a key for a root', ({ anchors }) => [...NAMED, '--root', anchors[0]!], /^root: expected/],
    [
      'an image that does not fit',
      ({ root, file }) => [...NAMED, '--root', root, '--image', file('big.bin', imageOf(500_000, 1))],
      /^image: expected 1 to \d+ bytes in a slot of this board, got 500000$/,
    ],
  ])('refuses %s', async (_name, more, message) => {
    const made = newFolder();
    const { exitCode, stdout } = await made.make(...more(made));
    expect([exitCode, JSON.parse(stdout).error.message]).toEqual([2, expect.stringMatching(message)]);
  });
});
