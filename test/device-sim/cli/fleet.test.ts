/** Real fleets through the real command: its own cloud, its own workers, sockets between them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { FleetResult } from '../../../device-sim/fleet/result.ts';
import { hasMosquitto } from '../../support/mosquitto.ts';
import { Shell } from '../../support/run-command.ts';

const shell = new Shell();
const SMALL = ['--workers', '2', '--image-bytes', '16384'];
const TIMEOUT = { timeout: 60_000 };

const fleet = (...args: readonly string[]) => shell.run('fleet', ...SMALL, ...args);
const readResult = (out: string): FleetResult => JSON.parse(readFileSync(shell.file(`${out}/fleet.json`), 'utf8'));

const brokenChecks = ({ checks }: FleetResult) => checks.filter(({ isHeld }) => !isHeld);

describe('bristlecone fleet', () => {
  it('updates every device, and says what it took beside the ceiling', TIMEOUT, async () => {
    const { exitCode, stdout, stderr } = await fleet('--devices', '40', '--out', 'plain');
    expect([stderr, exitCode]).toEqual([expect.stringContaining('ceiling after'), 0]);
    expect(stdout).toMatch(/^40 of 40 devices updated in [\d.]+ s; lost: 0\.\n/);
    const result = readResult('plain');
    expect(brokenChecks(result)).toEqual([]);
    // A device takes an envelope of one block and an image of four, and verifies it twice: before, and after its boot.
    expect(result.traffic).toMatchObject({ blocks: 40 * 5, verifications: 80, reconnects: 0 });
    expect(result.latencies.updateMs.n).toBe(40);
    expect(result.latencies.blockMs.n).toBe(40 * 5);
    expect(result.ceiling).toMatchObject({ before: { connections: 40, blocks: 40 * 4 }, after: { blocks: 40 * 4 } });
    expect(result.ceiling?.deliveryRatio).toBeGreaterThan(0);
    expect(result.cloud?.cpuMs).toBeGreaterThan(0);
    expect(readFileSync(shell.file('plain/fleet.csv'), 'utf8')).toContain('devices,done,1,40,1\r\n');
  });

  it(
    'brings good devices through every fault, and has every rogue refused, while a page shows it',
    TIMEOUT,
    async () => {
      const faults = ['--rogue', '10%', '--drop-rate', '5%', '--slow-devices', '40%', '--slow-speed', '8192'];
      const kill = ['--kill-broker-at', '500ms', '--broker-down', '300ms', '--live', '--out', 'faulty'];
      const child = shell.start(['fleet', ...SMALL, '--devices', '40', '--no-ceiling', ...faults, ...kill]);
      const ended = once(child, 'close');
      let shown: Promise<string> | undefined;
      for await (const line of createInterface({ input: child.stderr! })) {
        const url = /^Watch it at (\S+)$/.exec(line)?.[1];
        if (url !== undefined) shown = fetch(`${url}/events`).then((response) => response.text());
      }
      await ended;
      const result = readResult('faulty');
      expect(brokenChecks(result)).toEqual([]);
      expect([child.exitCode, result.counts]).toEqual([
        0,
        { done: 36, refused: { 'signature-invalid': 4 }, failed: {}, lost: 0, unfinished: 0 },
      ]);
      expect(result.faults.map(({ fault }) => fault)).toEqual(['broker-killed', 'broker-back']);
      expect(result.checks.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'the cloud has every rogue as refused',
          'the broker was killed',
          'connections were cut',
        ]),
      );
      const messages = (await shown)
        ?.split('\n\n')
        .filter((it) => it !== '')
        .map((it) => JSON.parse(it.replace('data: ', '')));
      expect(new Set(messages?.map(({ kind }) => kind))).toEqual(new Set(['state', 'phase', 'sample', 'fault', 'end']));
      expect(messages?.at(-1)).toMatchObject({ kind: 'end', end: { isGood: true } });
    },
  );

  it('has all devices connected before its campaign begins, where they connect first', TIMEOUT, async () => {
    const faults = ['--rogue', '10%', '--drop-rate', '5%'];
    const { exitCode, stdout, stderr } = await fleet(
      ...['--devices', '40', '--connect-first', '--no-ceiling', ...faults, '--out', 'first'],
    );
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/connecting: .*\n[^]*updating: all devices are connected/),
    ]);
    expect(stdout).toContain('Connected at once  40 at most; 40 when the campaign began');
    const result = readResult('first');
    expect(brokenChecks(result)).toEqual([]);
    expect(result.checks[0]).toMatchObject({ name: 'all were connected when the campaign began', got: '40' });
    expect(result).toMatchObject({ peakConnected: 40, options: { connectFirst: true }, counts: { done: 36, lost: 0 } });
    // Nobody's update began before the campaign did.
    const { seconds, latencies, atCampaign, startedAtMs, endedAtMs } = result;
    expect(atCampaign).toMatchObject({ connected: 40, afterSeconds: (atCampaign!.atMs - startedAtMs) / 1_000 });
    expect(seconds).toBe((endedAtMs - atCampaign!.atMs) / 1_000);
    // Two clocks.
    expect(latencies.updateMs.max).toBeLessThan(seconds * 1_000 + 50);
  });

  it('creates no campaign where devices do not all come', TIMEOUT, async () => {
    const { exitCode, stdout } = await fleet(
      ...['--devices', '40', '--connect-first', '--arrivals', '10', '--time-limit', '1s', '--no-ceiling', '--json'],
    );
    const { error } = JSON.parse(stdout);
    expect([exitCode, error.code]).toEqual([1, 'not-all-connected']);
    expect(error.message).toMatch(
      /^expected all 40 devices to be connected and without a job, got \d+ connected after/,
    );
  });

  it('keeps what was measured where it is interrupted', TIMEOUT, async () => {
    const slowly = ['--devices', '40', '--no-ceiling', '--arrivals', '10', '--out', 'half'];
    const child = shell.start(['fleet', ...SMALL, ...slowly]);
    const ended = once(child, 'close');
    const printed = text(child.stdout!);
    for await (const line of createInterface({ input: child.stderr! }))
      if (line.includes(' of 40 done')) child.kill('SIGINT');
    await ended;
    expect(await printed).toContain('Interrupted: what follows was measured until then.');
    expect(child.exitCode).toBe(1);
    const { isWhole, counts, checks } = readResult('half');
    expect([isWhole, counts.unfinished > 0, counts.done + counts.unfinished]).toEqual([false, true, 40]);
    expect(checks.length).toBe(3);
    expect(brokenChecks(readResult('half'))).toEqual([]);
  });

  it.skipIf(!hasMosquitto)('meets its cloud at a mosquitto that it starts, and meters that too', TIMEOUT, async () => {
    const { exitCode } = await fleet('--devices', '40', '--broker', 'mosquitto', '--no-ceiling', '--out', 'mosquitto');
    const result = readResult('mosquitto');
    expect([exitCode, brokenChecks(result), result.counts.done]).toEqual([0, [], 40]);
    expect(result.machines[0]?.broker).toMatch(/^mosquitto \d/);
    expect(result.broker?.rssBytes).toBeGreaterThan(1_000_000);
  });

  it('says why its cloud cannot be started', TIMEOUT, async () => {
    // Port 1 is nobody's.
    const { exitCode, stdout } = await fleet('--devices', '2', '--broker', 'mqtt://127.0.0.1:1', '--json');
    const { error } = JSON.parse(stdout);
    expect([exitCode, error.code]).toEqual([1, 'cloud-died']);
    expect(error.message).toMatch(/^the cloud cannot be started: .*127\.0\.0\.1:1/);
  });

  it('does not start what has no room here, and says so under a code', TIMEOUT, async () => {
    const { exitCode, stdout } = await fleet('--devices', '99000', '--json');
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, expect.stringMatching(/^too-few-|^not-enough-/)]);
  });
});
