/** What `up` offers a fleet run: how busy it is, the ceiling, and a broker of somebody else's. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { runLoad } from '../../bench/fleet-load.ts';
import { queueFleet } from '../../support/bare-fleet.ts';
import { hasMosquitto, startMosquitto } from '../../support/mosquitto.ts';
import { Shell } from '../../support/run-command.ts';

const shell = new Shell();
const DEVICES = 20;

/** `up` with its stats, under a small fleet and under the same one at the bare stream. */
async function underFleet(data: string, mqtt: readonly string[], portOf: (ready: { mqtt: string }) => number) {
  const fleet = await queueFleet(shell.file(data), DEVICES);
  const meters = ['--stats-every', '50', '--bare-stream', '4096'];
  const child = shell.start(['up', '--json', '--data', data, '--kms-port', '0', ...mqtt, ...meters]);
  const lines = createInterface({ input: child.stdout! });
  const [ready] = await once(lines, 'line');
  const loads: Record<string, number>[] = [];
  lines.on('line', (line) => loads.push(JSON.parse(line)));
  const load = { ...fleet, port: portOf(JSON.parse(String(ready))), atOnce: DEVICES };
  const real = await runLoad(load);
  const bare = await runLoad({ ...load, stream: 'bare' });
  await expect.poll(() => loads.at(-1)?.['messagesIn']).toBe(DEVICES * (2 + 5 + 5));
  const last = loads.at(-1)!;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
  expect(child.exitCode).toBe(0);
  return { real, bare, last };
}

describe('up', () => {
  it('says how busy it is, and answers the bare stream', { timeout: 30_000 }, async () => {
    const ports = ['--mqtt-port', '0', '--mqtts-port', '0'];
    const { real, bare, last } = await underFleet('a', ports, ({ mqtt }) => Number(new URL(mqtt).port));
    expect(bare.blocks).toBe(real.blocks);
    for (const name of ['eventLoopP99Ms', 'rssBytes', 'cpuMs', 'connections', 'streamsWaiting', 'writes', 'atMs'])
      expect(last[name]).toBeTypeOf('number');
    expect(last['denials']).toBe(0);
  });

  it.skipIf(!hasMosquitto)('serves devices at another broker', { timeout: 30_000 }, async () => {
    await using mosquitto = await startMosquitto((port) => ({
      'mosquitto.conf': `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n`,
      'mosquitto.acl': '',
    }));
    const broker = ['--broker', `mqtt://127.0.0.1:${mosquitto.port}`];
    const { real, bare, last } = await underFleet('b', broker, ({ mqtt }) => Number(new URL(mqtt).port));
    expect([real.retries, bare.retries]).toEqual([0, 0]);
    expect([last['handling'], last['publishing']]).toEqual([0, 0]);
  });
});
