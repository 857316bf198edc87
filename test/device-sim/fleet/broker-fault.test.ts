import { describe, expect, it } from 'vitest';
import { BrokerFault } from '../../../device-sim/fleet/broker-fault.ts';
import type { FaultEvent } from '../../../device-sim/fleet/result.ts';
import { Service } from '../../../device-sim/fleet/service.ts';
import { SETTINGS } from '../../support/fleet-findings.ts';

/** A broker that only writes down what is done to it. */
class NotedBroker extends Service {
  readonly done: string[] = [];

  constructor() {
    super({
      name: 'broker',
      diedCode: 'broker-died',
      spawn: () => expect.unreachable(),
      isReady: async () => undefined,
    });
  }

  override async kill(): Promise<void> {
    this.done.push('kill');
  }

  override async start(): Promise<void> {
    this.done.push('start');
  }
}

async function play(settings: object, seconds: readonly number[]) {
  const broker = new NotedBroker();
  const seen: FaultEvent[] = [];
  const fault = new BrokerFault({ ...SETTINGS, ...settings }, { broker, onEvent: (event) => seen.push(event) });
  for (const at of seconds) {
    fault.at(at);
    await fault.settle();
  }
  expect(fault.events).toEqual(seen);
  return { done: broker.done, events: seen.map(({ atSeconds, fault: what }) => [atSeconds, what]) };
}

describe('the death of the broker', () => {
  it('comes once, at its time, and ends when it has been away for long enough', async () => {
    const { done, events } = await play(
      { killBrokerAtSeconds: 3, brokerDownSeconds: 2 },
      [0, 2.9, 3.1, 3.2, 5, 5.2, 9],
    );
    expect(done).toEqual(['kill', 'start']);
    expect(events).toEqual([
      [3.1, 'broker-killed'],
      [5.2, 'broker-back'],
    ]);
  });

  it('comes so long after a campaign that began later', () => {
    const broker = new NotedBroker();
    const fault = new BrokerFault({ ...SETTINGS, killBrokerAtSeconds: 3 }, { broker, onEvent: () => undefined });
    fault.at(9, 2.9);
    expect(broker.done).toEqual([]);
    fault.at(9.2, 3.1);
    expect(broker.done).toEqual(['kill']);
  });

  it('does not come where nobody ordered it', async () => {
    expect((await play({}, [0, 10, 1_000])).done).toEqual([]);
  });
});
