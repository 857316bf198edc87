import { describe, expect, it } from 'vitest';
import { mqttBytes } from '../../../device-sim/links/mqtt-bytes.ts';
import { updateOverLink } from '../../support/link-update.ts';

describe('lengths of MQTT packets', () => {
  it.each([4, 5] as const)('are those of our device and our broker on the wire: version %i', async (mqttVersion) => {
    const { trace } = await updateOverLink({ imageBytes: 2_000, mqttVersion });
    const lengthsOf = (name: string): readonly number[] => [
      ...new Set(
        trace.flat().flatMap(({ packet, direction, bytes }) => (`${direction} ${packet}` === name ? [bytes] : [])),
      ),
    ];
    const bytes = mqttBytes(mqttVersion);
    // 4096 is the device's receive buffer here, and has the length of every other.
    expect(lengthsOf('up connect')).toEqual([bytes.connect({ clientId: 'thing-1', receiveBytes: 4_096 })]);
    expect(lengthsOf('down connack')).toEqual([bytes.connack]);
    expect(lengthsOf('up puback')).toEqual([bytes.acknowledge]);
    expect(lengthsOf('down puback')).toEqual([bytes.puback]);
    expect(lengthsOf('up disconnect')).toEqual([bytes.disconnect]);
    expect(lengthsOf('down suback')).toEqual(
      expect.arrayContaining([bytes.suback(['a', 'b']), bytes.suback(['a', 'b', 'c'])]),
    );
    const filters = [
      '$aws/things/thing-1/streams/stream-job-1/data/cbor',
      '$aws/things/thing-1/streams/stream-job-1/rejected/cbor',
    ];
    expect(lengthsOf('up subscribe')).toContain(bytes.subscribe(filters));
  });

  it('are those of any message', () => {
    const message = { topic: 'a/b', payload: new Uint8Array(200) };
    // Head 1, length 2, topic 2 + 3, id 2, payload 200; MQTT 5 has properties, whose length is 1 byte here.
    expect(mqttBytes(4).publish(message)).toBe(210);
    expect(mqttBytes(5).publish(message)).toBe(211);
  });
});
