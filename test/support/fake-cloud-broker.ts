/** A FakeCloud behind the embedded broker: real sockets, and still every answer in the hands of the test. */
import { startBroker } from '../../cloud/broker/broker.ts';
import { JOB_REQUEST_FILTERS, STREAM_REQUEST_FILTERS } from '../../protocol/aws-iot/topics.ts';
import type { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

export interface CloudBroker extends AsyncDisposable {
  readonly url: string;
}

export async function serveFakeCloud(cloud: FakeCloud): Promise<CloudBroker> {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log: silent });
  cloud.onSend = ({ topic, payload }) => void broker.bus.publish(topic, payload, { qos: 1 });
  for (const filter of [...JOB_REQUEST_FILTERS, ...STREAM_REQUEST_FILTERS]) {
    await broker.bus.subscribe(filter, (topic, payload) => cloud.handle({ topic, payload }));
  }
  return { url: `mqtt://127.0.0.1:${broker.port}`, [Symbol.asyncDispose]: () => broker.close() };
}
