import { expect, it } from 'vitest';
import { type WireOptions, wireOf } from '../../../device-sim/cli/wire-options.ts';
import { awsSdkConnect } from '../../../device-sim/transports/aws-sdk.ts';
import { mqttConnect } from '../../../device-sim/transports/mqtt.ts';

const USUAL: WireOptions = { streamFormat: 'cbor', qos: '1', mqttVersion: '5', transport: 'mqttjs' };

it('says what a device speaks', () => {
  expect(wireOf(USUAL)).toEqual({
    settings: { streamFormat: 'cbor' },
    qos: 1,
    mqttVersion: 5,
    openTransport: mqttConnect,
  });
  const other = { streamFormat: 'json', qos: '0', mqttVersion: '3.1.1', transport: 'aws-sdk' };
  expect(wireOf(other)).toEqual({
    settings: { streamFormat: 'json' },
    qos: 0,
    mqttVersion: 4,
    openTransport: awsSdkConnect,
  });
});

it.each([
  ['--stream-format', { streamFormat: 'xml' }, 'expected cbor, json, got "xml"'],
  ['--qos', { qos: '2' }, 'expected 0, 1, got "2"'],
  ['--mqtt-version', { mqttVersion: '4' }, 'expected 5, 3.1.1, got "4"'],
  ['--transport', { transport: 'paho' }, 'expected mqttjs, aws-sdk, got "paho"'],
])('%s %j: %s', (option, changes, message) => {
  expect(() => wireOf({ ...USUAL, ...changes })).toThrow(`${option}: ${message}`);
});
