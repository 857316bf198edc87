/** Every command that `--help` leads to: with its examples, and with --json. */
import { describe, expect, it } from 'vitest';
import { mapParallel } from '../../device-sim/measure/subcommands.ts';
import { Shell } from '../support/run-command.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;

const subcommandsIn = (help: string): string[] =>
  [...(help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}(\w[\w-]*)/gm)].map(([, name]) => name!);

async function helpOf(path: readonly string[]): Promise<{ path: string; help: string }[]> {
  const { exitCode, stdout, stderr } = await shell.run(...path, '--help');
  expect({ path, exitCode, stderr }).toEqual({ path, exitCode: 0, stderr: '' });
  const below = await mapParallel(subcommandsIn(stdout), (name) => helpOf([...path, name]));
  return below.length > 0 ? below.flat() : [{ path: path.join(' '), help: stdout }];
}

describe('bristlecone --help', { timeout: TIMEOUT_MS }, () => {
  it('leads to every command, each with examples of itself and --json', async () => {
    const leaves = await helpOf([]);
    expect(leaves.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        ...['up', 'key create', 'key list', 'key public', 'release create', 'release add', 'release list'],
        ...['campaign create', 'campaign status', 'device make', 'device run', 'suit check', 'explain', 'demo'],
      ]),
    );
    for (const { path, help } of leaves) {
      expect(help).toContain(`Examples:\n  $ bristlecone ${path}`);
      expect(help).toContain('--json ');
    }
  });

  it('is what a bare call shows, as a wrong call', async () => {
    const [all, group] = await Promise.all([shell.run(), shell.run('key')]);
    expect([all.exitCode, group.exitCode]).toEqual([2, 2]);
    expect(all.stderr).toContain('Start here:');
    expect(group.stderr).toContain('$ bristlecone key create');
  });
});
