import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WORKER_FLAGS } from '../../../../device-sim/fleet/devices/worker-flags.ts';
import type { FromWorker, ToWorker } from '../../../../device-sim/fleet/devices/worker-protocol.ts';
import { fleetOrder, startCampaign } from '../../../support/fleet-world.ts';

const ENTRY = new URL('../../../../device-sim/fleet/devices/fleet-worker.ts', import.meta.url);

interface Process {
  readonly child: ChildProcess;
  tell(message: ToWorker): void;
  /** The next of this kind. */
  hear<K extends FromWorker['kind']>(kind: K): Promise<Extract<FromWorker, { kind: K }>>;
}

function startWorker(): Process {
  const child = fork(ENTRY, [], { execArgv: ['--disable-warning=ExperimentalWarning', ...WORKER_FLAGS] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    tell: (message) => void child.send(message),
    hear: async (kind) => {
      for (;;) {
        const [message] = (await once(child, 'message')) as [FromWorker];
        if (message.kind === kind) return message as never;
      }
    },
  };
}

describe('a worker as a process', () => {
  it('makes its devices, waits, runs them and says what came of them', async () => {
    await using campaign = await startCampaign(3);
    const worker = startWorker();
    worker.tell({ kind: 'order', order: campaign.order() });
    await worker.hear('ready');
    worker.tell({ kind: 'go' });
    expect((await worker.hear('result')).result).toMatchObject({ done: 3, lost: {}, unexplained: [] });
  });

  it('says why it cannot do what it is told', async () => {
    const worker = startWorker();
    worker.tell({ kind: 'order', order: fleetOrder(1, 'http://127.0.0.1:1') });
    expect((await worker.hear('failed')).detail).toMatch('expected mqtt://host:port');
  });

  it('counts its devices as lost where it is stopped, and ends with whom it works for', async () => {
    const worker = startWorker();
    worker.tell({ kind: 'order', order: fleetOrder(2, 'mqtt://127.0.0.1:1') });
    worker.tell({ kind: 'stop', reason: 'interrupted' });
    worker.tell({ kind: 'go' });
    expect((await worker.hear('result')).result.lost).toEqual({ 'interrupted while idle': 2 });
    const ended = once(worker.child, 'exit');
    worker.child.disconnect();
    expect(await ended).toEqual([1, null]);
  });
});
