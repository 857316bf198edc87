/**
 * How long MQTT packets are, where there is no wire to count them on: those of our device by the encoder that it uses,
 * those of the cloud as our embedded broker sends them.
 */
import { generate, type Packet } from 'mqtt-packet';
import type { MqttVersion } from '../metrics/connection-meter.ts';

/** Which id it is makes no difference to the length. */
const MESSAGE_ID = 1;

/** bytes, as counted on connections to the embedded broker (aedes): MQTT 5 has reason codes and properties. */
const BROKER_BYTES = {
  4: { connack: 4, puback: 4, subackHead: 4 },
  5: { connack: 15, puback: 6, subackHead: 5 },
} as const;

export interface MqttBytes {
  readonly connect: (options: { readonly clientId: string; readonly receiveBytes: number }) => number;
  readonly connack: number;
  readonly subscribe: (filters: readonly string[]) => number;
  readonly suback: (filters: readonly string[]) => number;
  readonly publish: (message: { readonly topic: string; readonly payload: Uint8Array }) => number;
  /** The device's, of a message that it has received. */
  readonly acknowledge: number;
  readonly puback: number;
  readonly disconnect: number;
}

export function mqttBytes(protocolVersion: MqttVersion, qos: 0 | 1 = 1): MqttBytes {
  const lengthOf = (packet: Packet): number => generate(packet, { protocolVersion }).length;
  const broker = BROKER_BYTES[protocolVersion];
  return {
    connect: ({ clientId, receiveBytes }) =>
      lengthOf({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion,
        clientId,
        clean: true,
        keepalive: 60,
        ...(protocolVersion === 5 && { properties: { maximumPacketSize: receiveBytes } }),
      }),
    connack: broker.connack,
    subscribe: (filters) =>
      lengthOf({
        cmd: 'subscribe',
        messageId: MESSAGE_ID,
        subscriptions: filters.map((topic) => ({ topic, qos })),
      }),
    suback: (filters) => broker.subackHead + filters.length,
    publish: ({ topic, payload }) =>
      lengthOf({
        cmd: 'publish',
        messageId: MESSAGE_ID,
        qos,
        dup: false,
        retain: false,
        topic,
        payload: Buffer.from(payload),
      }),
    acknowledge: lengthOf({ cmd: 'puback', messageId: MESSAGE_ID, reasonCode: 0 }),
    puback: broker.puback,
    disconnect: lengthOf({ cmd: 'disconnect', reasonCode: 0 }),
  };
}
