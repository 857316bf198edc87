import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { registerFaults } from '../../../device-sim/cli/device-faults.ts';
import { INVARIANTS } from '../../../device-sim/faults/invariants.ts';
import { runCli } from '../../support/cli.ts';

const register = (program: Command): void => registerFaults(program.command('device'));
const cli = (...args: readonly string[]) => runCli([register], 'device', 'faults', ...args);

const ONE = ['--algorithm', 'ES256', '--layout', 'a/b', '--trust', 'no-root'];

describe('device faults', () => {
  it('sweeps over threads, and gives all that it counted as JSON', { timeout: 60_000 }, async () => {
    const { stdout, exitCode } = await cli('--double', '20', ...ONE, '--threads', '2', '--json');
    expect(exitCode).toBe(0);
    const { cases, scenarios, failures, isWhole, invariants } = JSON.parse(stdout);
    expect({ cases, failures, isWhole, invariants }).toEqual({
      cases: 20,
      failures: [],
      isWhole: true,
      invariants: INVARIANTS,
    });
    expect(scenarios).toEqual([expect.objectContaining({ algorithm: 'ES256', layout: 'a/b', trust: 'no-root' })]);
    expect(scenarios[0].double.cases).toBe(20);
    expect(scenarios[0].double.faults).toBeGreaterThan(30);
  });

  it('draws pairs of faults, and sums them up by algorithm and layout', { timeout: 60_000 }, async () => {
    const { stdout, exitCode } = await cli('--double', '30', '--seed', '7', ...ONE.slice(0, 4), '--threads', '1');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ES256 +a\/b +6 +0 +30 /);
    expect(stdout).toMatch(/30 cases in [\d.]+ s, \d+ a second\nevery invariant held after every fault/);
  });

  it('replays one case step by step', async () => {
    const { stdout, exitCode } = await cli('--trace', '7 ES256 a/b two-roots flash:12:torn down:4:lost');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('!! flash 12: torn');
    expect(stdout).toContain('!! down 4: lost');
    expect(stdout.trimEnd()).toMatch(/every invariant held$/);
  });

  it.each([
    [['--algorithm', 'RSA'], '--algorithm: expected one of ES256'],
    [['--layout', 'a/b,b'], '--layout: expected one of a/b'],
    [['--trust', 'none'], '--trust: expected one of no-root'],
    [['--double', 'many'], '--double: expected a whole number'],
    [['--trace', '7 ES256'], '--trace: expected one of a/b'],
  ])('%j is a mistake of the caller', async (args, message) => {
    const { stderr, exitCode } = await cli(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
