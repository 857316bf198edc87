/** MQTT 3.1.1 by aws-iot-device-sdk-v2. It acknowledges by itself, and as soon as a message is there. */
import { io, mqtt } from 'aws-iot-device-sdk-v2';
import { expectGranted, type SdkConnection, type SdkListener, type SdkOptions } from './aws-sdk-connection.ts';

/** The library always comes back, and is sent away (loopback-tap.ts). Until then it does not let itself be closed: soon. */
const RECONNECT_SECONDS = 1;

export function openSdkMqtt311(options: SdkOptions, { onMessage, onLost }: SdkListener): SdkConnection {
  const { port, clientId, keepAliveSeconds, timeoutMs } = options;
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
  connection.on('error', (error) => onLost(error.message));
  connection.on('interrupt', (error) => onLost(error.message));
  connection.on('message', (topic, payload) => onMessage({ topic, payload: new Uint8Array(payload) }, undefined));
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
