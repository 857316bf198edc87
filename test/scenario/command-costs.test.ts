/** What an update would cost on a board and over a link, asked for at the command line; and boards that must not begin. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, Shell } from '../support/run-command.ts';

const shell = new Shell();

/** Children take a second each, and other tests run beside this one. */
const TIMEOUT_MS = 120_000;

beforeAll(async () => {
  writeFileSync(
    shell.file('fw.bin'),
    new Uint8Array(30_000).map((_, i) => i * 7),
  );
  await shell.up('--kms-port', '0', '--mqtt-port', '0', '--mqtts-port', '0');
  await shell.json('key', 'create', '--spec', 'ML_DSA_87', '--alias', 'release');
  const { id } = await shell.json(
    ...['release', 'create', '--vendor', 'example.com', '--class', 'hub', '--image', 'fw.bin'],
    ...['--version', '1.2.3', '--sequence', '7', '--key', 'release'],
  );
  await shell.json('campaign', 'create', '--release', id, '--thing', 'hub-1', 'hub-2', 'hub-3');
}, TIMEOUT_MS);

const run = (...more: readonly string[]) => shell.run('device', 'run', '--thing', 'hub-1', ...more);

describe('device run', { timeout: TIMEOUT_MS }, () => {
  it('asks for nothing where the board cannot verify as it was told to, and says how it could', async () => {
    const { stdout, stderr } = await run('--board', 'nrf52840', '--variant', 'clean');
    expect(stderr).toContain(
      'needs 92948 bytes of stack, and there are 65536; --variant m4f would fit [cannot-verify]',
    );
    expect(`${stdout}${stderr}`).not.toContain('fetching');
    expect(await refusalOf(run('--variant', 'clean', '--json'))).toEqual({ exitCode: 1, code: 'cannot-verify' });
  });

  it('asks for nothing on a board that cannot verify at all', async () => {
    const hub2 = ['device', 'run', '--thing', 'hub-2', '--board', 'stm32f070rb', '--json'];
    expect(await refusalOf(shell.run(...hub2))).toEqual({ exitCode: 1, code: 'cannot-verify' });
  });

  it('refuses another board than the device is made of, before it connects', async () => {
    expect(await refusalOf(run('--board', 'rp2040', '--json'))).toEqual({ exitCode: 2, code: 'usage' });
  });

  it('says what it cost there, and where each number is from', async () => {
    const { exitCode, stdout } = await run('--link', 'nb-iot', '--variant', 'm4f', '--json');
    const { result, sheet } = JSON.parse(stdout);
    expect([exitCode, result, sheet.board, sheet.link]).toEqual([0, 'succeeded', 'nrf52840', 'nb-iot']);
    const { values } = sheet as { values: readonly { quantity: string; value: number }[] };
    const valueOf = (quantity: string) => values.find((value) => value.quantity === quantity)?.value;
    expect(valueOf('mqtt-bytes')).toBe(valueOf('sent')! + valueOf('received')!);
    expect(valueOf('frame-bytes')).toBeGreaterThan(valueOf('mqtt-bytes')!);
    const phases = sheet.phases as { phase: string; totalBytes: number }[];
    expect(phases.map(({ phase }) => phase)).toEqual(['connect', 'job', 'envelope', 'image', 'report']);
    expect(phases.reduce((sum, { totalBytes }) => sum + totalBytes, 0)).toBe(valueOf('frame-bytes'));
    // pqm4 m4f, twice: before the download and after the reboot.
    expect(valueOf('verify-time ML-DSA-87')).toBeCloseTo((2 * valueOf('verify-cycles ML-DSA-87')!) / 64_000, 6);
  });

  it('explains one of them, though no job is left', async () => {
    const { exitCode, stdout } = await run('--explain-cost', 'endurance', '--timeout', '1');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('endurance = 10,000 erases (modelled)\n    Nordic Semiconductor, nRF52840');
  });

  it('runs over a link that shapes the real connection, and says what went through', async () => {
    const hub3 = ['device', 'run', '--thing', 'hub-3', '--link', 'wi-fi', '--link-level', '2', '--json'];
    const { exitCode, stdout } = await shell.run(...hub3);
    const { result, link, costs } = JSON.parse(stdout);
    expect([exitCode, result]).toEqual([0, 'succeeded']);
    const received = (costs as { quantity: string; phase: string; value: number }[])
      .filter(({ quantity }) => quantity === 'received')
      .reduce((sum, { value }) => sum + value, 0);
    expect(link.payloadBytes.down).toBe(received);
    expect(link.traffic.down.frameBytes).toBeGreaterThan(received);
  });

  it('wants a link for a level of it', async () => {
    expect(await refusalOf(run('--link-level', '2', '--json'))).toEqual({ exitCode: 2, code: 'usage' });
    expect(await refusalOf(run('--link', 'nb-iot', '--link-level', '4', '--json'))).toEqual({
      exitCode: 2,
      code: 'usage',
    });
  });

  it('makes an update for the occasion where only algorithms are named', async () => {
    const { exitCode, stdout } = await shell.run(
      'device',
      'run',
      '--link',
      'ble',
      '--algorithm',
      'ES256,ML-DSA-44',
      '--json',
    );
    const { result, sheet } = JSON.parse(stdout);
    expect([exitCode, result, sheet.link]).toEqual([0, 'succeeded', 'ble']);
    expect(sheet.algorithms).toEqual(['ES256', 'ML-DSA-44']);
  });

  it('takes as much of the image as the board has room for', async () => {
    const hub = ['--board', 'stm32f070rb', '--variant', 'tinycrypt', '--algorithm', 'ES256'];
    const { exitCode, stdout } = await shell.run('device', 'run', ...hub, '--json');
    const { result, sheet } = JSON.parse(stdout);
    expect([exitCode, result, sheet.board]).toEqual([0, 'succeeded', 'stm32f070rb']);
  });

  it.each([
    ['an algorithm that is none', ['--algorithm', 'ROT13']],
    ['an update of its own for a device that is named', ['--algorithm', 'ES256', '--thing', 'hub-1']],
  ])('refuses %s', async (_, args) => {
    expect(await refusalOf(shell.run('device', 'run', ...args, '--json'))).toEqual({ exitCode: 2, code: 'usage' });
  });
});
