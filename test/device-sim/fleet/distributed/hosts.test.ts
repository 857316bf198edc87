import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { devicesIn, type WorkerProgress } from '../../../../device-sim/fleet/devices/worker-protocol.ts';
import { Hosts, type HostsOptions } from '../../../../device-sim/fleet/distributed/hosts.ts';
import { parseQueueAddress } from '../../../../device-sim/fleet/distributed/queue-address.ts';
import { mergeHistograms, percentile } from '../../../../device-sim/fleet/histogram.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../../support/redis-server.ts';
import { QUICK, standInMs, standInOrder } from '../../../support/stand-in-fleet.ts';

const HOST = fileURLToPath(new URL('../../../support/stand-in-host.ts', import.meta.url));

/** The code and the words of why they do not get ready. */
const refusalOf = async (hosts: Hosts): Promise<{ code?: string; message?: string }> =>
  hosts.ready().then(
    () => ({}),
    (error: { code?: string; message?: string }) => error,
  );

const end = async (host: ChildProcess): Promise<void> => {
  if (host.exitCode !== null || host.signalCode !== null) return;
  host.kill('SIGKILL');
  await once(host, 'exit');
};

/** Who wants to know nothing of the progress. */
const UNSEEN = { signal: new AbortController().signal, onProgress: (): void => undefined };

/** Three shares of 60 devices, which take their hosts more than half a second. */
const ORDERS = [1, 61, 121].map((first) => standInOrder({ first, count: 60 }));

// Hosts take long to start, so three of them serve all of these tests; the last ones kill them.
describeWithRedis('hosts that meet at a Redis', () => {
  let redis: RedisServer;
  const processes: ChildProcess[] = [];
  const startHost = (version: string): ChildProcess => {
    const host = fork(HOST, [redis.url, version], { stdio: 'ignore' });
    processes.push(host);
    return host;
  };

  beforeAll(async () => {
    redis = await startRedis();
    for (let n = 0; n < 3; n++) startHost('1.0.0');
  });
  afterAll(async () => {
    await Promise.all(processes.map(end));
    await redis[Symbol.asyncDispose]();
  });

  let runs = 0;
  const options = (more: Partial<HostsOptions> = {}): HostsOptions => ({
    queue: parseQueueAddress(redis.url),
    run: `run-${(runs += 1)}`,
    bristlecone: '1.0.0',
    waitMs: 15_000,
    takeOver: false,
    onReady: () => undefined,
    note: () => undefined,
    liveness: QUICK,
    ...more,
  });

  it('run their shares together: every device is counted, and percentiles are those of all', async () => {
    const seen: (readonly WorkerProgress[])[] = [];
    await using hosts = new Hosts(ORDERS, { ...UNSEEN, onProgress: (latest) => seen.push(latest) }, options());

    await hosts.ready();
    const results = await hosts.run();

    expect(results.map(({ done }) => done)).toEqual([60, 60, 60]);
    expect(hosts.shares.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(new Set(hosts.shares.map(({ host }) => host?.name)).size).toBe(3);
    expect(Math.max(...hosts.shares.map(({ clockOffsetMs }) => Math.abs(clockOffsetMs ?? 9e9)))).toBeLessThan(5_000);
    expect(seen.map((latest) => latest.reduce((sum, part) => sum + devicesIn(part), 0))).toEqual(seen.map(() => 180));
    expect(seen.length).toBeGreaterThan(2);

    // One fleet's percentiles, as if all had run on one host.
    const merged = mergeHistograms(results.map(({ updateMs }) => updateMs));
    const pooled = Array.from({ length: 180 }, (_, index) => standInMs(index + 1)).toSorted((a, b) => a - b);
    expect(merged.n).toBe(180);
    for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
      const exact = pooled[Math.ceil(share * 180) - 1] ?? 0;
      expect(percentile(merged, share)).toBeGreaterThanOrEqual(exact * 0.9999);
      expect(percentile(merged, share)).toBeLessThan(exact * 1.023);
    }
  });

  it('hand in what they have when the run is interrupted', async () => {
    const interrupted = new AbortController();
    const work = { signal: interrupted.signal, onProgress: () => interrupted.abort() };
    const long = [standInOrder({ first: 1, count: 3_000 }), standInOrder({ first: 3_001, count: 3_000 })];
    await using hosts = new Hosts(long, work, options());

    await hosts.ready();
    const results = await hosts.run();

    expect(hosts.shares.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(results.map(devicesIn)).toEqual([3_000, 3_000]);
    expect(results.every(({ done }) => done < 3_000)).toBe(true);
  });

  it('are refused where one of them cannot do its share', async () => {
    const broken = standInOrder({ prefix: 'broken-' });
    await using hosts = new Hosts([standInOrder(), broken], UNSEEN, options());

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'host-failed',
      message: expect.stringContaining('too few ports'),
    });
  });

  it('are waited for, and named when they are too few', async () => {
    await using hosts = new Hosts([...ORDERS, standInOrder()], UNSEEN, options({ waitMs: 2_000 }));

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'too-few-hosts',
      message: expect.stringMatching(/expected 4 hosts .* got 3 \(.+\/\d+, .+\/\d+, .+\/\d+\)/),
    });
  });

  it('serve one run after the other, and two at a time only where one takes over', async () => {
    const order = [standInOrder({ count: 5_000 })];
    await using long = new Hosts(order, UNSEEN, options({ run: 'the-long-one' }));
    await long.ready();
    const longEnd = long.run();

    await using other = new Hosts(order, UNSEEN, options());
    expect(await refusalOf(other)).toMatchObject({
      code: 'queue-busy',
      message: expect.stringContaining('the-long-one'),
    });

    await using short = new Hosts([standInOrder({ count: 5 })], UNSEEN, options({ takeOver: true }));
    await short.ready();
    expect((await short.run()).map(({ done }) => done)).toEqual([5]);

    // Its host hands in what it has, or comes too late with it.
    const [ended] = await longEnd;
    expect(ended && devicesIn(ended)).toBe(5_000);
    expect(ended?.done).toBeLessThan(5_000);
  });

  it('are missed where the queue has forgotten them', async () => {
    const work = { ...UNSEEN, onProgress: () => void connect(redis.port).end('FLUSHALL\r\n') };
    await using hosts = new Hosts([standInOrder({ count: 5_000 })], work, options());

    await hosts.ready();
    const results = await hosts.run();

    expect(hosts.shares).toMatchObject([{ state: 'silent', reason: expect.stringContaining('the queue has lost') }]);
    expect(results.map(devicesIn)).toEqual([5_000]);

    // The host that had it has stopped, and serves again.
    const one = standInOrder({ count: 1 });
    await using next = new Hosts([one, one, one], UNSEEN, options());
    await next.ready();
    expect((await next.run()).map(({ done }) => done)).toEqual([1, 1, 1]);
  });

  it('are refused where one of them runs another version, before any device begins', async () => {
    const other = startHost('0.9.0');
    await using hosts = new Hosts([...ORDERS, standInOrder()], UNSEEN, options());

    expect(await refusalOf(hosts)).toMatchObject({
      code: 'version-mismatch',
      message: expect.stringMatching(/bristlecone 0\.9\.0.*bristlecone 1\.0\.0/),
    });
    expect(hosts.shares.flatMap(({ parts }) => parts.filter(({ startedAtMs }) => startedAtMs > 0))).toEqual([]);
    await end(other);
  });

  it('lose what a host that dies had not finished, and nothing else', async () => {
    const [first] = processes;
    const notes: string[] = [];
    const work = {
      ...UNSEEN,
      // All have begun, and none is near its end.
      onProgress: (latest: readonly WorkerProgress[]) => {
        if (latest.every(({ done }) => done > 0)) first?.kill('SIGKILL');
      },
    };
    await using hosts = new Hosts(ORDERS, work, options({ note: (line) => notes.push(line) }));

    await hosts.ready();
    const results = await hosts.run();

    const silent = hosts.shares.filter(({ state }) => state === 'silent');
    expect(silent.map(({ host }) => host?.name.endsWith(`/${first?.pid}`))).toEqual([true]);
    expect(notes).toContainEqual(expect.stringMatching(/died, or lost its way to the queue/));
    expect(results.map(devicesIn)).toEqual([60, 60, 60]);
    const lost = results.reduce((sum, it) => sum + (it.lost['host silent'] ?? 0), 0);
    expect(lost).toBeGreaterThan(0);
    expect(results.filter(({ done }) => done === 60).length).toBe(2);
    expect(results.reduce((sum, { done }) => sum + done, lost)).toBe(180);
  });

  it('are missed even where all of them have died', async () => {
    const work = { ...UNSEEN, onProgress: () => void processes.map((host) => host.kill('SIGKILL')) };
    await using hosts = new Hosts(ORDERS.slice(0, 2), work, options());

    await hosts.ready();
    const results = await hosts.run();

    expect(hosts.shares.map(({ state }) => state)).toEqual(['silent', 'silent']);
    expect(results.reduce((sum, part) => sum + devicesIn(part), 0)).toBe(120);
    expect(results.every((part) => (part.lost['host silent'] ?? 0) > 0)).toBe(true);
  });

  it('are missed where the queue itself has died', async () => {
    const host = startHost('1.0.0');
    const work = { ...UNSEEN, onProgress: () => redis.kill() };
    const liveness = { lockMs: 300, checkMs: 100 };
    await using hosts = new Hosts([standInOrder({ count: 5_000 })], work, options({ liveness }));

    await hosts.ready();
    const results = await hosts.run();

    expect(hosts.shares).toMatchObject([{ state: 'silent', reason: expect.stringContaining('nor is the queue') }]);
    expect(results.map(devicesIn)).toEqual([5_000]);
    await end(host);
  });
});
