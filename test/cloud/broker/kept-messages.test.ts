import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../cloud/broker/broker.ts';
import { MAX_KEPT } from '../../../cloud/broker/kept-messages.ts';
import { createTestLog } from '../../support/test-cloud.ts';

const NOTIFY = '$aws/things/dev/jobs/notify';
const LASTING = { clientId: 'dev', protocolVersion: 5, reconnectPeriod: 0 } as const;

let broker: Broker;
beforeEach(async () => {
  broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
});
afterEach(() => broker.close());

const open = (clean: boolean, sessionExpiryInterval = 600) =>
  connectAsync(`mqtt://127.0.0.1:${broker.port}`, { ...LASTING, clean, properties: { sessionExpiryInterval } });
const say = (n: number) => broker.bus.publish(NOTIFY, Buffer.from(String(n)), { qos: 1 });

describe('a session that outlives its connection', () => {
  it('gets the first so many messages that came meanwhile, and the rest is counted', async () => {
    const before = await open(true);
    await before.subscribeAsync(NOTIFY, { qos: 1 });
    await before.endAsync();
    for (let n = 0; n < MAX_KEPT + 5; n++) await say(n);
    expect(broker.denials.overflow).toBe(5);

    const heard: string[] = [];
    const after = await open(false);
    after.on('message', (_topic, payload) => heard.push(String(payload)));
    await expect.poll(() => heard.at(-1), { timeout: 4_000 }).toBe(String(MAX_KEPT - 1));
    // What was acknowledged made room.
    await say(-1);
    await expect.poll(() => heard.at(-1)).toBe('-1');
    await after.endAsync();
    await say(-2);
    expect(broker.denials.overflow).toBe(5);
  });

  it('is not kept for one that comes back without it', async () => {
    const before = await open(true);
    await before.subscribeAsync(NOTIFY, { qos: 1 });
    await before.endAsync();
    await say(1);
    const after = await open(true, 0);
    const heard: string[] = [];
    after.on('message', (_topic, payload) => heard.push(String(payload)));
    await after.subscribeAsync(NOTIFY, { qos: 1 });
    await say(2);
    await expect.poll(() => heard).toEqual(['2']);
    await after.endAsync();
    await say(3);
    expect(broker.denials.overflow).toBe(0);
  });
});
