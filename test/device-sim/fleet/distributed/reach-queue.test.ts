import { expect, it } from 'vitest';
import { parseQueueAddress } from '../../../../device-sim/fleet/distributed/queue-address.ts';
import { expectQueue } from '../../../../device-sim/fleet/distributed/reach-queue.ts';
import { describeWithRedis, freePort, startRedis } from '../../../support/redis-server.ts';

/** The error and everything that hangs on it, as a log would show it. */
async function refusalOf(url: string): Promise<{ code: unknown; shown: string }> {
  try {
    await expectQueue(parseQueueAddress(url));
    return { code: undefined, shown: '' };
  } catch (error) {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    return { code, shown: `${String(error)} ${JSON.stringify(error)} ${JSON.stringify(cause)}` };
  }
}

describeWithRedis('a queue', () => {
  it('is taken with its password', async () => {
    await using redis = await startRedis({ password: 'a-secret' });
    expect(await refusalOf(redis.url)).toEqual({ code: undefined, shown: '' });
  });

  it.each([
    ['none', ''],
    ['a wrong one', ':b-secret@'],
    ['a wrong one and a name', 'somebody:b-secret@'],
  ])('refuses a password: %s, and nobody reads it', async (_name, who) => {
    await using redis = await startRedis({ password: 'a-secret' });
    const { code, shown } = await refusalOf(`redis://${who}127.0.0.1:${redis.port}`);
    expect(code).toBe('queue-refused');
    expect(shown).not.toContain('b-secret');
  });

  it('that nobody listens at is named', async () => {
    const port = await freePort();
    const { code, shown } = await refusalOf(`redis://:b-secret@127.0.0.1:${port}`);
    expect(code).toBe('queue-unreachable');
    expect(shown).toContain(`redis://127.0.0.1:${port}, got ECONNREFUSED`);
    expect(shown).not.toContain('b-secret');
  });

  it('on PostgreSQL asks for its driver where that is missing', async () => {
    const { code, shown } = await refusalOf('postgres://name:b-secret@127.0.0.1:1/fleet');
    expect(code).toBe('queue-unsuitable');
    expect(shown).toContain('npm install pg');
    expect(shown).not.toContain('b-secret');
  });
});
