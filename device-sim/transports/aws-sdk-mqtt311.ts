/** MQTT 3.1.1 by aws-iot-device-sdk-v2. It acknowledges by itself, and as soon as a message is there. */
import { Unavailable } from '../ports.ts';
import { type AwsSdk, expectGranted, type SdkConnection, type SdkOptions } from './aws-sdk-connection.ts';

/** The library always comes back, and is sent away (loopback-tap.ts). Until then it does not let itself be closed: soon. */
const RECONNECT_SECONDS = 1;

export function openSdkMqtt311({ io, mqtt }: AwsSdk, options: SdkOptions): SdkConnection {
  const { port, clientId, keepAliveSeconds, timeoutMs, mailbox } = options;
  const connection = new mqtt.MqttClient().new_connection({
    client_id: clientId,
    host_name: '127.0.0.1',
    port,
    clean_session: true,
    keep_alive: keepAliveSeconds,
    protocol_operation_timeout: timeoutMs,
    reconnect_min_sec: RECONNECT_SECONDS,
    reconnect_max_sec: RECONNECT_SECONDS,
    socket_options: new io.SocketOptions(),
  });
  const lost = (what: string, error: Error): void =>
    mailbox.fail(new Unavailable(`${what}: ${error.message}`, { cause: error }));
  connection.on('error', (error) => lost('connection failed', error));
  connection.on('interrupt', (error) => lost('connection closed', error));
  connection.on('message', (topic, payload) => mailbox.put({ topic, payload: new Uint8Array(payload) }, () => {}));
  return {
    connect: async () => void (await connection.connect()),
    subscribe: async (filters, qos) => {
      const granted = await Promise.all(filters.map((filter) => connection.subscribe(filter, qos)));
      expectGranted(granted.map((answer) => answer.qos));
    },
    publish: ({ topic, payload }, qos) => connection.publish(topic, payload, qos),
    // What never was connected it refuses to leave.
    close: () => connection.disconnect().catch(() => {}),
  };
}
