/** One order as several, for the worker processes of a host: ranges that differ by one device at the most. */
import type { WorkerOrder } from '../devices/worker-protocol.ts';

/** @param parts at least 1; never more of them come than there are devices */
export function splitOrder(order: WorkerOrder, parts: number): readonly WorkerOrder[] {
  const { first, count } = order.things;
  const number = Math.min(parts, count);
  const startOf = (index: number): number => Math.floor((count * index) / number);
  return Array.from({ length: number }, (_, index) => {
    const devices = startOf(index + 1) - startOf(index);
    return {
      ...order,
      things: { ...order.things, first: first + startOf(index), count: devices },
      arrivalsPerSecond: (order.arrivalsPerSecond * devices) / count,
    };
  });
}
