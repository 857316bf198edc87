import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { devicesIn, type WorkerProgress } from '../../../../device-sim/fleet/devices/worker-protocol.ts';
import { Hosts, type HostsOptions } from '../../../../device-sim/fleet/distributed/hosts.ts';
import { parseQueueAddress } from '../../../../device-sim/fleet/distributed/queue-address.ts';
import { mergeHistograms, percentile } from '../../../../device-sim/fleet/histogram.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../../support/redis-server.ts';
import { QUICK, standInMs, standInOrder } from '../../../support/stand-in-fleet.ts';

const HOST = fileURLToPath(new URL('../../../support/stand-in-host.ts', import.meta.url));

describeWithRedis('hosts that meet at a Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => redis[Symbol.asyncDispose]());

  /** Processes that serve the queue until the test is over. */
  function startHosts(count: number, version = '1.0.0'): readonly ChildProcess[] {
    const hosts = Array.from({ length: count }, () => fork(HOST, [redis.url, version], { stdio: 'ignore' }));
    onTestFinished(async () => {
      for (const host of hosts.filter((it) => it.exitCode === null && it.signalCode === null)) {
        host.kill('SIGKILL');
        await once(host, 'exit');
      }
    });
    return hosts;
  }

  const options = (more: Partial<HostsOptions> = {}): HostsOptions => ({
    queue: parseQueueAddress(redis.url),
    run: `run-${Math.random().toString(36).slice(2)}`,
    bristlecone: '1.0.0',
    waitMs: 10_000,
    takeOver: false,
    onReady: () => undefined,
    note: () => undefined,
    liveness: QUICK,
    ...more,
  });

  const orders = [
    standInOrder({ first: 1, count: 60 }),
    standInOrder({ first: 61, count: 60 }),
    standInOrder({ first: 121, count: 60 }),
  ];

  /** The code and the words of why they do not get ready. */
  const refusalOf = async (hosts: Hosts): Promise<{ code?: string; message?: string }> =>
    hosts.ready().then(
      () => ({}),
      (error: { code?: string; message?: string }) => error,
    );

  it('run their shares together, and every device is counted', async () => {
    startHosts(3);
    const seen: (readonly WorkerProgress[])[] = [];
    await using hosts = new Hosts(orders, (latest) => seen.push(latest), options());

    await hosts.ready();
    const results = await hosts.run();

    expect(results.map(({ done }) => done)).toEqual([60, 60, 60]);
    expect(new Set(hosts.shares.map(({ host }) => host?.name)).size).toBe(3);
    expect(hosts.shares.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(Math.max(...hosts.shares.map(({ clockOffsetMs }) => Math.abs(clockOffsetMs ?? 9e9)))).toBeLessThan(5_000);
    expect(seen.length).toBeGreaterThan(3);

    const pooled = Array.from({ length: 180 }, (_, index) => standInMs(index + 1)).toSorted((a, b) => a - b);
    const merged = mergeHistograms(results.map(({ updateMs }) => updateMs));
    expect(merged.n).toBe(180);
    for (const share of [0.5, 0.9, 0.99, 1]) {
      const exact = pooled[Math.ceil(share * 180) - 1] ?? 0;
      expect(percentile(merged, share)).toBeGreaterThanOrEqual(exact * 0.9999);
      expect(percentile(merged, share)).toBeLessThan(exact * 1.023);
    }
  });

  it('lose what a host that dies had not finished, and nothing else', async () => {
    const [first] = startHosts(3);
    const notes: string[] = [];
    const onProgress = (latest: readonly WorkerProgress[]): void => {
      // All have begun, and none is near its end.
      if (latest.length === 3) first?.kill('SIGKILL');
    };
    await using hosts = new Hosts(orders, onProgress, options({ note: (line) => notes.push(line) }));

    await hosts.ready();
    const results = await hosts.run();

    const silent = hosts.shares.filter(({ state }) => state === 'silent');
    expect(silent.map(({ host }) => host?.name.endsWith(`/${first?.pid}`))).toEqual([true]);
    expect(notes).toContainEqual(expect.stringMatching(/died, or lost its way to the queue/));
    expect(results.map(devicesIn)).toEqual([60, 60, 60]);
    expect(
      results
        .map(({ done }) => done)
        .toSorted((a, b) => a - b)
        .slice(1),
    ).toEqual([60, 60]);
    const lost = results.map((it) => it.lost['host silent'] ?? 0);
    expect(Math.max(...lost)).toBeGreaterThan(0);
    expect(results.reduce((sum, { done }) => sum + done, 0) + Math.max(...lost)).toBe(180);
  });

  it('hand in what they have when the run is stopped', async () => {
    startHosts(2);
    const hosts: Hosts = new Hosts(
      [standInOrder({ first: 1, count: 3_000 }), standInOrder({ first: 3_001, count: 3_000 })],
      () => hosts.stop(),
      options(),
    );
    await using stack = new AsyncDisposableStack();
    stack.use(hosts);

    await hosts.ready();
    const results = await hosts.run();

    expect(hosts.shares.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(results.map(devicesIn)).toEqual([3_000, 3_000]);
    expect(results.every(({ done }) => done < 3_000)).toBe(true);
  });

  it('are refused where one of them runs another version, before any device begins', async () => {
    startHosts(1, '1.0.0');
    startHosts(1, '0.9.0');
    await using hosts = new Hosts(orders.slice(0, 2), () => expect.unreachable('a device began'), options());

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'version-mismatch',
      message: expect.stringMatching(/bristlecone 0\.9\.0.*bristlecone 1\.0\.0/),
    });
  });

  it('are refused where one of them cannot do its share', async () => {
    startHosts(2);
    const broken = standInOrder({ prefix: 'broken-' });
    await using hosts = new Hosts([standInOrder(), broken], () => undefined, options());

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'host-failed',
      message: expect.stringContaining('too few ports'),
    });
  });

  it('are waited for, and named when they are too few', async () => {
    startHosts(1);
    await using hosts = new Hosts(orders, () => undefined, options({ waitMs: 1_500 }));

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'too-few-hosts',
      message: expect.stringMatching(/expected 3 hosts .* got 1 \(.+\/\d+\)/),
    });
  });

  it('serve one run after the other, but not two at a time unless one takes over', async () => {
    startHosts(1);
    const order = [standInOrder({ count: 2_000 })];
    await using long = new Hosts(order, () => undefined, options({ run: 'the-long-one' }));
    await long.ready();
    const longEnd = long.run();

    await using other = new Hosts(order, () => undefined, options());
    expect(await refusalOf(other)).toMatchObject({
      code: 'queue-busy',
      message: expect.stringContaining('the-long-one'),
    });

    await using short = new Hosts([standInOrder({ count: 5 })], () => undefined, options({ takeOver: true }));
    await short.ready();
    expect((await short.run()).map(({ done }) => done)).toEqual([5]);

    long.stop();
    await longEnd;
  });
});
