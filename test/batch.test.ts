import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.ts';

const ENTRY = join(import.meta.dirname, '../bristlecone.ts');

function start(...options: readonly string[]) {
  const child = spawn(process.execPath, [ENTRY, 'batch', ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function batchOf(input: string, ...options: readonly string[]) {
  const { child } = start(...options);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = stdout.trim().split('\n');
  return {
    lines: options.includes('--json') ? lines.map((line) => JSON.parse(line)) : lines,
    stderr,
    exitCode: child.exitCode,
  };
}

describe('a batch of commands', { timeout: 30_000 }, () => {
  it('has the answer of each, and with which code it ended', async () => {
    const input = '["device", "links"]\n["device", "no-such"]\n["device", "boards"]\n';
    const { lines, exitCode } = await batchOf(input, '--keep-going', '--json');

    expect(lines).toEqual([
      expect.arrayContaining([expect.objectContaining({ name: 'nb-iot' })]),
      { exitCode: 0 },
      { error: expect.objectContaining({ code: 'usage' }) },
      { exitCode: 2 },
      expect.arrayContaining([expect.objectContaining({ name: 'rp2040' })]),
      { exitCode: 0 },
      { commands: 3, failed: 1 },
    ]);
    expect(exitCode).toBe(1);
  });

  it('ends with the first that fails, and at a line that is no command', async () => {
    const failing = await batchOf('["device", "no-such"]\n["device", "boards"]\n');
    expect(failing.lines.at(-1)).toBe('1 commands, 1 failed');

    const strange = await batchOf('["batch"]\n', '--json');
    expect(strange.lines).toEqual([
      { error: { code: 'usage', message: expect.stringContaining('expected a JSON array') } },
    ]);
    expect(strange.exitCode).toBe(2);
  });

  it('stops a server when its input ends, as it does when its owner is killed', async () => {
    const { child, lines } = start('--stop-with-input');
    const ports = ['--kms-port', '0', '--mqtt-port', '0', '--mqtts-port', '0'];
    child.stdin.write(`${JSON.stringify(['up', '--data', join(temporaryFolder(), 'cloud'), ...ports])}\n`);
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ ready: true });
    const closed = once(child, 'close');

    child.stdin.destroy();

    await closed;
    expect(child.signalCode).toBeNull();
  });
});
