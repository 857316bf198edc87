import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis-server.ts';
import { refusalOf, Shell } from '../../support/run-command.ts';

const shell = new Shell();

describeWithRedis('a fleet on two hosts', () => {
  it('updates real devices over a queue with a password, and reports a row of each host', async () => {
    await using redis = await startRedis({ password: 'a-secret' });
    const workers = [1, 2].map(() => shell.start(['fleet', 'worker', '--queue', redis.url, '--workers', '1']));
    const outputs = workers.map(async (worker) => (await text(worker.stdout!)) + (await text(worker.stderr!)));

    const fleet = await shell.run(
      ...['fleet', '--hosts', '2', '--queue', redis.url, '--devices', '21', '--image-bytes', '8192'],
      ...['--rogue', '5%', '--no-ceiling', '--out', 'results'],
    );

    expect(fleet.stderr).toMatch(/2 of 2 hosts are ready: .+\/\d+, .+\/\d+/);
    expect(fleet.stdout).toContain('20 of 21 devices updated');
    expect(fleet.exitCode).toBe(0);
    const result = JSON.parse(readFileSync(shell.file('results/fleet.json'), 'utf8'));
    expect(result).toMatchObject({ devices: 21, counts: { done: 20, refused: { 'signature-invalid': 1 }, lost: 0 } });
    expect(result.hosts.map(({ devices }: { devices: number }) => devices)).toEqual([10, 11]);
    expect(new Set(result.hosts.map(({ name }: { name: string }) => name)).size).toBe(2);
    expect(result.machines.length).toBe(3);
    expect(result.latencies.updateMs.n).toBe(20);

    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => once(worker, 'close')));
    const said = await Promise.all(outputs);
    expect(said).toEqual([expect.stringContaining('Ran 1 share'), expect.stringContaining('Ran 1 share')]);
    expect([fleet.stdout, fleet.stderr, JSON.stringify(result), ...said].join('')).not.toContain('a-secret');
  });
});

describe('a fleet on hosts is refused', () => {
  it.each([
    ['without a queue', ['fleet', '--hosts', '2'], 'usage'],
    ['without a number of hosts', ['fleet', '--queue', 'redis://127.0.0.1:1'], 'usage'],
    ['with no hosts', ['fleet', '--queue', 'redis://127.0.0.1:1', '--hosts', '0'], 'usage'],
    [
      'with more hosts than devices',
      ['fleet', '--queue', 'redis://127.0.0.1:1', '--hosts', '3', '--devices', '2'],
      'usage',
    ],
    [
      'with devices that connect first',
      ['fleet', '--queue', 'redis://127.0.0.1:1', '--hosts', '2', '--connect-first'],
      'usage',
    ],
    ['with a queue of another kind', ['fleet', 'worker', '--queue', 'amqp://127.0.0.1'], 'invalid-url'],
    ['by a worker without a queue', ['fleet', 'worker'], 'usage'],
    ['by a worker without processes', ['fleet', 'worker', '--queue', 'redis://127.0.0.1:1', '--workers', '0'], 'usage'],
  ])('%s', async (_name, args, code) => {
    expect(await refusalOf(shell.run(...args, '--json'))).toEqual({ exitCode: 2, code });
  });
});
