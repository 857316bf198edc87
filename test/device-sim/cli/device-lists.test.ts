import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { registerLists } from '../../../device-sim/cli/device-lists.ts';
import { BOARDS } from '../../../device-sim/profiles/boards.ts';
import { LINKS } from '../../../device-sim/profiles/links.ts';
import { runCli } from '../../support/cli.ts';

const register = (program: Command): void => registerLists(program.command('device'));
const cli = (...args: readonly string[]) => runCli([register], 'device', ...args);

describe('device boards', () => {
  it('lists each with its flash, what it can hold, and who says so', async () => {
    const { stdout, exitCode } = await cli('boards');
    expect(exitCode).toBe(0);
    const missing = BOARDS.flatMap(({ name, source }) => [`${name}: `, source]).filter(
      (text) => !stdout.includes(text),
    );
    expect(missing).toEqual([]);
    expect(stdout).toMatch(/stm32h743 +Cortex-M7 +480 +2 MB \+ 8 MB +128 KB \+ 4 KB +32 \+ 4/);
    expect(stdout).toContain('power: left out: no figure whose document we could read');
  });

  it('gives the same as JSON', async () => {
    const boards = JSON.parse((await cli('boards', '--json')).stdout);
    expect(boards.map((board: { name: string }) => board.name)).toEqual(BOARDS.map(({ name }) => name));
    expect(boards[0]).toMatchObject({ layouts: ['a/b', 'swap'], facts: { core: 'Cortex-M4', clockMhz: 64 } });
  });
});

describe('device links', () => {
  it('lists each with its rates and who says so', async () => {
    const { stdout } = await cli('links');
    for (const { name, title, sources } of LINKS) {
      expect(stdout).toContain(`${name}: ${title}`);
      expect(stdout).toContain(sources.rate);
    }
    expect(stdout).toMatch(/nb-iot +IP, 1358 B +62 kbit\/s +26 kbit\/s/);
  });

  it('gives the same as JSON', async () => {
    expect(JSON.parse((await cli('links', '--json')).stdout)).toEqual(JSON.parse(JSON.stringify(LINKS)));
  });
});

describe('device algorithms', () => {
  it('lists the implementation that each board would take, with the error of what is carried over', async () => {
    const { stdout } = await cli('algorithms');
    expect(stdout).toMatch(/nrf52840 +ML-DSA-65 +m4f +37\.7 +9,888 +yes +\[\d+\]/);
    expect(stdout).toMatch(/stm32f070rb +ML-DSA-87 +clean +329\.1 +9\.0 % +97,288 +no/);
    expect(stdout).toContain('cycles Cortex-M4 to Cortex-M0+: × 2.843 ± 0.3 %');
    expect(stdout).toContain('mupq/pqm4@cc2c1b992b60');
  });

  it('lists every implementation for one board', async () => {
    const { verify } = JSON.parse((await cli('algorithms', '--board', 'nrf52840', '--json')).stdout);
    const variants = verify
      .filter((cost: { algorithm: string }) => cost.algorithm === 'ML-DSA-87')
      .map((cost: { variant: string; fits: string }) => `${cost.variant} ${cost.fits}`);
    expect(variants).toEqual(['m4f yes', 'm4fstack yes', 'clean no']);
  });

  it('asks for a board that is known', async () => {
    const { exitCode, stderr } = await cli('algorithms', '--board', 'abacus');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--board: expected one of nrf52840, stm32f070rb');
  });
});
