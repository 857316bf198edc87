import { expect, it } from 'vitest';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';
import { mqttConnect } from '../../../device-sim/transports/mqtt.ts';
import { describeTransport } from '../../support/transport-contract.ts';

describeTransport({ name: 'MQTT.js', connect: mqttConnect, holdsBack: () => true });

it.each(['http://127.0.0.1', 'mqtts://127.0.0.1:8883'])('refuses %s', (url) => {
  const meter = new WireMeter();
  const openTap = meter.openConnection.bind(meter);
  expect(() => mqttConnect({ url, clientId: 'thing-1', openTap })).toThrow(RangeError);
});
