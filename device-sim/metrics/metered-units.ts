/**
 * What AWS IoT Core bills: message units of 5 KB, by its metering details (aws.amazon.com/iot-core/pricing/additional-details).
 *
 *     CONNECT, PUBLISH both ways, SUBSCRIBE, and PUBACK from the device count; what is in them rounds up to whole units.
 *     CONNACK, SUBACK, PINGREQ, PINGRESP, DISCONNECT, UNSUBSCRIBE and PUBACK from the service are free.
 *
 * AWS also bills answers of the Jobs service that nobody has subscribed to; no meter on the device's wire sees those.
 */
import type { IPublishPacket, Packet, UserProperties } from 'mqtt-packet';

/** bytes. "5 KB" in AWS's words. */
export const METERED_UNIT_BYTES = 5_120;

export function meteredUnits(direction: 'sent' | 'received', packet: Packet): number {
  switch (packet.cmd) {
    case 'publish':
      return unitsOf(publishBytes(packet));
    case 'connect':
      return direction === 'sent' ? unitsOf(packet.length ?? 0) : 0;
    case 'subscribe':
      if (direction === 'received') return 0;
      return unitsOf(
        packet.subscriptions.reduce((sum, { topic }) => sum + textBytes(topic), 0) +
          userPropertyBytes(packet.properties?.userProperties),
      );
    case 'puback':
      return direction === 'sent' ? 1 : 0;
    default:
      return 0;
  }
}

/** An empty message is one unit too. */
const unitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / METERED_UNIT_BYTES));

function publishBytes({ topic, payload, properties }: IPublishPacket): number {
  const carried = typeof payload === 'string' ? textBytes(payload) : payload.length;
  return (
    carried +
    textBytes(topic) +
    textBytes(properties?.responseTopic ?? '') +
    textBytes(properties?.contentType ?? '') +
    (properties?.correlationData?.length ?? 0) +
    userPropertyBytes(properties?.userProperties)
  );
}

const userPropertyBytes = (properties: UserProperties | undefined): number =>
  Object.entries(properties ?? {}).reduce(
    (sum, [name, values]) =>
      sum + [values].flat().reduce((bytes, value) => bytes + textBytes(name) + textBytes(value), 0),
    0,
  );

const textBytes = (text: string): number => Buffer.byteLength(text);
