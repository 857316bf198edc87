import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { registerRootCommands } from '../../../../cloud/cli/root.ts';
import { toHex } from '../../../../protocol/bytes.ts';
import { type CliRun, runCli } from '../../../support/cli.ts';
import {
  FIRST,
  firstBytes,
  HOLDERS,
  RELEASE_KEYS,
  signRoot,
  successor,
  verifiedFirst,
} from '../../../support/trust.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-rehearse-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const one = file('root-1.cose', firstBytes);
const two = file('root-2.cose', signRoot(successor(verifiedFirst(FIRST, HOLDERS)), HOLDERS));
const releaseKey = toHex(RELEASE_KEYS[0]!.anchor.keyId);

const rehearse = (...args: readonly string[]): Promise<CliRun> =>
  runCli([registerRootCommands], 'root', 'rehearse', ...args, '--data', join(folder, 'data'));

describe('root rehearse', () => {
  it('plays roots from files, in whatever order, and says that they are safe', async () => {
    const run = await rehearse(two, one, '--fleet', '200', '--made-with', '1=75%,2=25%');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain(
      "Safe: rehearsed on 200 simulated devices: 0 bricked, 0 took something of an attacker's, 200 reach version 2",
    );
  });

  it('says the same as JSON', async () => {
    const run = await rehearse(one, two, '--fleet', '200', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      devices: 200,
      fromVersion: 1,
      toVersion: 2,
      safe: true,
      bricked: 0,
    });
  });

  it('ends with 1 where somebody would be harmed', async () => {
    const run = await rehearse(one, two, '--fleet', '200', '--stolen', `${releaseKey}@1`);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/NOT SAFE: .* 200 took something of an attacker's/);
  });

  it('brings a chain of its own', async () => {
    const run = await rehearse('--scenario', 'migration', '--fleet', '50', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({ devices: 50, toVersion: 15, safe: true, reachedNewest: 50 });
  });

  const refused: readonly (readonly [string, readonly string[], number, string])[] = [
    ['no roots at all', [], 1, 'no-root'],
    ['a fleet of nobody', [one, '--fleet', '0'], 2, 'usage'],
    ['a share of more than all', [one, '--offline', '120%'], 2, 'usage'],
    ['a share that is none', [one, '--offline', ''], 2, 'usage'],
    ['a scenario that is none', ['--scenario', 'chaos'], 2, 'usage'],
    ['a scenario and files', [one, '--scenario', 'migration'], 2, 'usage'],
    ['a stolen key without a version', [one, '--stolen', releaseKey], 2, 'usage'],
    ['a stolen key of nobody', [one, '--stolen', 'ffffffff@1'], 1, 'unknown-key'],
    ['an algorithm that is none', [one, '--broken', 'ROT13@1'], 2, 'usage'],
    ['devices made with a root that is not there', [one, '--made-with', '9=1'], 1, 'invalid-fleet'],
  ];

  it.each(refused)('refuses %s', async (_, args, exitCode, code) => {
    const run = await rehearse(...args, '--json');
    expect(run.exitCode).toBe(exitCode);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code } });
  });
});
