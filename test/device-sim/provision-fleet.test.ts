import { describe, expect, it } from 'vitest';
import { Unavailable } from '../../device-sim/ports.ts';
import type { ProvisionOutcome } from '../../device-sim/provision-device.ts';
import { type FleetOptions, type FleetProgress, provisionFleet } from '../../device-sim/provision-fleet.ts';

const folders = Array.from({ length: 50 }, (_, index) => `device-${index}`);

const outcomeOf = (device: string, outcome: Partial<ProvisionOutcome> = {}): ProvisionOutcome => ({
  ...{ device, result: 'provisioned', code: 'ok', detail: '', thing: device, costs: [] },
  ...outcome,
});

function fleet(options: Partial<FleetOptions> & Pick<FleetOptions, 'provisionOne'>) {
  const seen: FleetProgress[] = [];
  const result = provisionFleet({
    folders,
    concurrency: 8,
    signal: new AbortController().signal,
    costs: { run: 'fleet' },
    onDone: (progress) => seen.push(progress),
    ...options,
  });
  return { result, seen };
}

/** Until others have had their turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a fleet', () => {
  it('is provisioned so many at a time, each device once', async () => {
    const begun: string[] = [];
    let running = 0;
    let most = 0;
    const { result, seen } = fleet({
      provisionOne: async (folder) => {
        begun.push(folder);
        most = Math.max(most, ++running);
        await turn();
        running -= 1;
        return outcomeOf(folder);
      },
    });
    expect(await result).toMatchObject({ total: 50, provisioned: 50, unchanged: 0, failures: [], left: 0 });
    expect(most).toBe(8);
    expect(begun.toSorted()).toEqual(folders.toSorted());
    expect(seen.map(({ provisioned }) => provisioned)).toEqual(folders.map((_, index) => index + 1));
  });

  it('counts failures by what they are, the most frequent first, with an example of each', async () => {
    const refused = { result: 'refused', code: 'service-refused', errorCode: 'AccessDenied', detail: 'no' } as const;
    const { result } = fleet({
      concurrency: 1,
      provisionOne: async (folder) => {
        if (folder === 'device-3') return outcomeOf(folder, { result: 'offline', code: 'offline' });
        if (folder === 'device-4') throw new Unavailable('another process runs it');
        if (folder === 'device-6') throw new RangeError('made by an earlier version');
        if (folder === 'device-5') return outcomeOf(folder, { ...refused, errorCode: 'ResourceConflicts' });
        if (folder.endsWith('9')) return outcomeOf(folder, refused);
        return outcomeOf(folder, folder.endsWith('8') ? { result: 'unchanged' } : {});
      },
    });
    const { failures, ...counts } = await result;
    expect(counts).toMatchObject({ total: 50, provisioned: 36, unchanged: 5, left: 0 });
    expect(
      failures.map(({ code, errorCode, devices, example }) => [errorCode ?? code, devices, example.folder]),
    ).toEqual([
      ['AccessDenied', 5, 'device-9'],
      ['offline', 1, 'device-3'],
      ['busy', 1, 'device-4'],
      ['ResourceConflicts', 1, 'device-5'],
      ['unreadable', 1, 'device-6'],
    ]);
  });

  it('begins no other device once it is interrupted, and says how many are left', async () => {
    const abort = new AbortController();
    let begun = 0;
    const { result } = fleet({
      signal: abort.signal,
      concurrency: 4,
      provisionOne: async (folder) => {
        begun += 1;
        await turn();
        if (begun >= 12) abort.abort(new Error('Ctrl-C'));
        abort.signal.throwIfAborted();
        return outcomeOf(folder);
      },
    });
    const { provisioned, left, failures } = await result;
    expect(begun).toBeLessThan(17);
    expect({ sum: provisioned + left, failures }).toEqual({ sum: 50, failures: [] });
    expect(provisioned).toBeGreaterThan(0);
  });

  it('ends at a mistake of ours', async () => {
    const { result } = fleet({ provisionOne: async () => Promise.reject(new TypeError('a bug')) });
    await expect(result).rejects.toThrow(TypeError);
  });

  it('sums its bytes up: MQTT, and what TLS adds to it', async () => {
    const base = { run: '', seed: '', commit: '', profile: '', link: '', algorithm: '', blockBytes: 0 };
    const costs = [
      { ...base, phase: 'connect', quantity: 'sent', unit: 'B', value: 100, how: 'measured', n: 1 },
      { ...base, phase: 'provision', quantity: 'sent', unit: 'B', value: 23, how: 'measured', n: 1 },
      { ...base, phase: 'connect', quantity: 'tls-handshake-received', unit: 'B', value: 7, how: 'measured', n: 1 },
    ] as const;
    const { result } = fleet({ provisionOne: async (folder) => outcomeOf(folder, { costs }) });
    expect((await result).bytes).toEqual({
      mqtt: { sent: 123, received: 0 },
      handshakes: { sent: 0, received: 7 },
      records: { sent: 0, received: 0 },
    });
  });
});
