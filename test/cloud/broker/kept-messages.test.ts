import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../cloud/broker/broker.ts';
import { MAX_KEPT, MAX_KEPT_BYTES } from '../../../cloud/broker/kept-messages.ts';
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

  it('has so many bytes kept for it and no more, and is served nevertheless while it is there', async () => {
    const large = Buffer.alloc(128 * 1024);
    const sayMuch = (): Promise<void> => broker.bus.publish(NOTIFY, large, { qos: 1 });
    const before = await open(true);
    await before.subscribeAsync(NOTIFY, { qos: 1 });
    await before.endAsync();
    const fits = MAX_KEPT_BYTES / large.length;
    for (let n = 0; n < fits + 3; n++) await sayMuch();
    expect(broker.denials.overflow).toBe(3);

    const after = await open(false);
    let heard = 0;
    // None of them is acknowledged, so none of them makes room.
    after.handleMessage = () => void (heard += 1);
    await expect.poll(() => heard).toBe(1);
    await sayMuch();
    expect(broker.denials.overflow).toBe(4);
    expect(after.connected).toBe(true);
    await after.endAsync(true);
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
