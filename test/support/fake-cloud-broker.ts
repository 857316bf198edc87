/** A FakeCloud behind the embedded broker: real sockets, and still every answer in the hands of the test. */
import { type Broker, startBroker } from '../../cloud/broker/broker.ts';
import { JOB_REQUEST_FILTERS, STREAM_REQUEST_FILTERS } from '../../protocol/aws-iot/topics.ts';
import type { FakeCloud } from '../../device-sim/faults/fake-cloud.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

export interface CloudBroker extends AsyncDisposable {
  readonly url: string;
}

/** Whatever arrives at the broker is answered by the cloud. */
export async function answerFrom(cloud: FakeCloud, { bus }: Pick<Broker, 'bus'>): Promise<void> {
  cloud.onSend = ({ topic, payload }) => void bus.publish(topic, payload, { qos: 1 });
  for (const filter of [...JOB_REQUEST_FILTERS, ...STREAM_REQUEST_FILTERS]) {
    await bus.subscribe(filter, (topic, payload) => cloud.handle({ topic, payload }));
  }
}

export async function serveFakeCloud(cloud: FakeCloud): Promise<CloudBroker> {
  const broker = await startBroker({ port: 0, host: '127.0.0.1', log: silent });
  await answerFrom(cloud, broker);
  return { url: `mqtt://127.0.0.1:${broker.port}`, [Symbol.asyncDispose]: () => broker.close() };
}
