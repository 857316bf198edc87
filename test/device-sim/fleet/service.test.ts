import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Service } from '../../../device-sim/fleet/service.ts';

/** Says `ready` and then does what the script says; it is killed at the end of the test at the latest. */
const serviceOf = (script: string): Service =>
  new Service({
    name: 'the cloud',
    diedCode: 'cloud-died',
    spawn: () =>
      spawn(process.execPath, ['-e', `console.log('ready');${script}`], { stdio: ['ignore', 'pipe', 'pipe'] }),
    isReady: async (child) => void (await once(child.stdout!, 'data')),
  });

const FOREVER = 'setInterval(() => undefined, 1000)';

describe('a server of a fleet run', () => {
  it('ends the run where it dies, and says what it said last, without the stack', async () => {
    await using service = serviceOf(`setTimeout(() => { throw new Error('out of everything') }, 20)`);
    await service.start();
    const death = await service.died.catch((error: unknown) => error);
    expect(death).toMatchObject({ code: 'cloud-died', message: expect.stringContaining('out of everything') });
    expect(String(death)).toContain('exit code 1');
    expect(String(death)).not.toMatch(/\n\s+at /);
  });

  it('cannot be started where its program is not there', async () => {
    const service = new Service({
      name: 'mosquitto',
      diedCode: 'broker-died',
      spawn: () => spawn(join(import.meta.dirname, 'no-such-program')),
      isReady: () => Promise.withResolvers<void>().promise,
    });
    await expect(service.start()).rejects.toMatchObject({
      code: 'broker-died',
      message: expect.stringContaining('ENOENT'),
    });
  });

  it('may be killed by a fault and started again, without ending the run, and is metered throughout', async () => {
    let isDead = false;
    await using service = serviceOf(`for (let n = 0; n < 3e8; n++);${FOREVER}`);
    service.died.catch(() => (isDead = true));
    await service.start();
    service.markIdle();
    expect(service.cost.rssBytes).toBeGreaterThan(10_000_000);
    await service.kill();
    await service.start();
    service.read();
    const { cpuMs, rssBytes } = service.cost;
    await service.kill();
    // What was used before a death is not forgotten.
    expect(service.cost.cpuMs).toBeGreaterThanOrEqual(cpuMs);
    expect([isDead, rssBytes > 10_000_000]).toEqual([false, true]);
  });

  it('is stopped at the end, whether it runs or not', async () => {
    let isDead = false;
    const service = serviceOf(FOREVER);
    service.died.catch(() => (isDead = true));
    await service.start();
    await service[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    await serviceOf(FOREVER)[Symbol.asyncDispose]();
    expect(isDead).toBe(false);
  });
});
