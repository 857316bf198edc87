import { expect, it } from 'vitest';
import { parseQueueAddress } from '../../../../device-sim/fleet/distributed/queue-address.ts';

it.each([
  ['redis://queue.example:6379', 'redis', 'redis://queue.example:6379'],
  ['rediss://:secret@queue.example:6380/2', 'redis', 'rediss://queue.example:6380/2'],
  ['redis://name:secret@[::1]:6379', 'redis', 'redis://[::1]:6379'],
  ['postgres://name:secret@db.example/fleet', 'postgres', 'postgres://db.example/fleet'],
  ['postgresql://name:secret@db.example:5433/fleet?sslmode=require', 'postgres', 'postgresql://db.example:5433/fleet'],
])('%s is a queue, and is shown without its password', (url, engine, shown) => {
  expect(parseQueueAddress(url)).toEqual({ engine, url, shown });
});

it.each([
  ['no URL', 'queue.example:secret'],
  ['nothing', ''],
  ['another service', 'amqp://name:secret@queue.example'],
  ['no host', 'redis://'],
])('%s is refused, without its password', (_name, text) => {
  let error: unknown;
  try {
    parseQueueAddress(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'QueueError', code: 'invalid-url' });
  expect(String(error)).not.toContain('secret');
});
