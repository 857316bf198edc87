/** Options that say how a device speaks MQTT: what for, and in which version, quality and encoding. */
import type { Command } from 'commander';
import type { RunDeviceOptions } from '../device.ts';
import { awsSdkConnect } from '../transports/aws-sdk.ts';
import { mqttConnect } from '../transports/mqtt.ts';
import { oneOf } from './device-provision.ts';

export interface WireOptions {
  readonly streamFormat: string;
  readonly qos: string;
  readonly mqttVersion: string;
  readonly transport: string;
}

export const withWireOptions = (command: Command): Command =>
  command
    .option('--stream-format <name>', 'of blocks: cbor, or json, which carries them in base64', 'cbor')
    .option('--qos <n>', 'of MQTT, 1 or 0: at 0 what is lost is asked for again after a time-out', '1')
    .option('--mqtt-version <n>', '5 or 3.1.1', '5')
    .option('--transport <name>', 'mqttjs, or aws-sdk: the AWS IoT Device SDK v2, without TLS', 'mqttjs');

const VERSIONS = { '5': 5, '3.1.1': 4 } as const;
const TRANSPORTS = { mqttjs: mqttConnect, 'aws-sdk': awsSdkConnect } as const;

/** @throws {UsageError} where one is not one of its values */
export function wireOf(
  options: WireOptions,
): Pick<RunDeviceOptions, 'settings' | 'qos' | 'mqttVersion' | 'openTransport'> {
  return {
    settings: { streamFormat: oneOf(['cbor', 'json'], options.streamFormat, '--stream-format') },
    qos: oneOf(['0', '1'], options.qos, '--qos') === '0' ? 0 : 1,
    mqttVersion: VERSIONS[oneOf(['5', '3.1.1'], options.mqttVersion, '--mqtt-version')],
    openTransport: TRANSPORTS[oneOf(['mqttjs', 'aws-sdk'], options.transport, '--transport')],
  };
}
