import { expect, it } from 'vitest';
import { DeliveryQueue } from '../../../device-sim/links/delivery-queue.ts';

it('delivers in order, and nothing before its time', async () => {
  const queue = new DeliveryQueue();
  const startMs = performance.now();
  const delivered: { index: number; afterMs: number }[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const count = 200;
  for (let index = 0; index < count; index++) {
    // Fractions of a millisecond, which timers of their own would round in different ways.
    queue.at(startMs + index * 0.37, () => {
      delivered.push({ index, afterMs: performance.now() - startMs });
      if (index === count - 1) resolve();
    });
  }
  await promise;
  expect(delivered.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, index) => index));
  expect(delivered.filter(({ index, afterMs }) => afterMs < index * 0.37)).toEqual([]);
});

it('delivers nothing after its end', async () => {
  const queue = new DeliveryQueue();
  queue.at(performance.now() + 5, () => expect.unreachable('it is closed'));
  queue.close();
  await new Promise((resolve) => setTimeout(resolve, 15));
  expect.assertions(0);
});
