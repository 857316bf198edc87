/** MQTT 5 by aws-iot-device-sdk-v2. A message at QoS 1 is acknowledged when it is told to. */
import { mqtt5 } from 'aws-iot-device-sdk-v2';
import { expectGranted, type SdkConnection, type SdkListener, type SdkOptions } from './aws-sdk-connection.ts';

/** The library would always come back; the agent decides when it does, with a connection of its own. */
const NEVER_MS = 86_400_000;

export function openSdkMqtt5(options: SdkOptions, { onMessage, onLost }: SdkListener): SdkConnection {
  const { port, clientId, keepAliveSeconds, timeoutMs, receiveBytes } = options;
  const client = new mqtt5.Mqtt5Client({
    hostName: '127.0.0.1',
    port,
    sessionBehavior: mqtt5.ClientSessionBehavior.Clean,
    minReconnectDelayMs: NEVER_MS,
    maxReconnectDelayMs: NEVER_MS,
    connackTimeoutMs: timeoutMs,
    connectProperties: {
      clientId,
      keepAliveIntervalSeconds: keepAliveSeconds,
      maximumPacketSizeBytes: receiveBytes,
    },
  });
  client.on('error', (error) => onLost(nameOf(error)));
  client.on('connectionFailure', ({ error }) => onLost(nameOf(error)));
  client.on('disconnection', ({ error }) => onLost(nameOf(error)));
  client.on('messageReceived', ({ message: { topicName, payload }, acknowledgementControl }) => {
    const handle = acknowledgementControl?.acquireHandle();
    onMessage(
      { topic: topicName, payload: bytesOf(payload) },
      handle ? () => handle.invokeAcknowledgement() : undefined,
    );
  });
  return {
    connect: async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      client.once('connectionSuccess', () => resolve());
      client.once('connectionFailure', ({ error }) => reject(error));
      client.start();
      await promise;
    },
    subscribe: async (filters, qos) => {
      const { reasonCodes } = await client.subscribe({
        subscriptions: filters.map((topicFilter) => ({ topicFilter, qos })),
      });
      expectGranted(reasonCodes);
    },
    publish: ({ topic, payload }, qos) => client.publish({ topicName: topic, payload, qos }),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.once('stopped', () => resolve());
      client.stop({ reasonCode: mqtt5.DisconnectReasonCode.NormalDisconnection });
      await promise;
    },
  };
}

function bytesOf(payload: unknown): Uint8Array {
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  if (ArrayBuffer.isView(payload)) return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  return new TextEncoder().encode(typeof payload === 'string' ? payload : '');
}

const nameOf = ({ error_name: name }: { readonly error_name?: string }): string => name ?? 'for a reason unknown';
