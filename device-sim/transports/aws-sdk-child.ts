/**
 * The process that has aws-iot-device-sdk-v2 in it, for one connection: its native part keeps a process from ending, also
 * when all that it gave out is closed. Whoever started this ends it (aws-sdk-process.ts).
 */
import type { SdkConnection, SdkEvent, SdkListener, SdkRequest } from './aws-sdk-connection.ts';
import { openSdkMqtt311 } from './aws-sdk-mqtt311.ts';
import { openSdkMqtt5 } from './aws-sdk-mqtt5.ts';

const tell = (event: SdkEvent): void => void process.send?.(event);

const acknowledgements = new Map<number, () => void>();
let deliveries = 0;
let connection: SdkConnection | undefined;

const listener: SdkListener = {
  onMessage: (message, acknowledge) => {
    if (!acknowledge) return tell({ is: 'message', message });
    deliveries += 1;
    acknowledgements.set(deliveries, acknowledge);
    tell({ is: 'message', message, delivery: deliveries });
  },
  onLost: (why) => tell({ is: 'lost', why }),
};

async function carryOut(request: SdkRequest): Promise<void> {
  switch (request.ask) {
    case 'connect': {
      const open = request.options.protocolVersion === 5 ? openSdkMqtt5 : openSdkMqtt311;
      connection = open(request.options, listener);
      return connection.connect();
    }
    case 'subscribe':
      return connection?.subscribe(request.filters, request.qos);
    case 'publish':
      return void (await connection?.publish(request.message, request.qos));
    case 'acknowledge':
      acknowledgements.get(request.delivery)?.();
      return void acknowledgements.delete(request.delivery);
    case 'close':
      return connection?.close();
  }
}

process.on('message', (request: SdkRequest) => {
  const answer = (failure?: string): void => {
    if ('id' in request) tell({ is: 'answer', id: request.id, ...(failure !== undefined && { failure }) });
  };
  carryOut(request).then(
    () => answer(),
    (error: unknown) => answer(error instanceof Error ? error.message : String(error)),
  );
});
process.on('disconnect', () => process.exit());
tell({ is: 'ready' });
