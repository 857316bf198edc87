import type { Command } from 'commander';
import { createCommand } from 'commander';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../command-line.ts';
import { type FleetOptions, growthOf, settingsOf, withFleetOptions } from '../../../device-sim/cli/fleet-options.ts';

function optionsOf(...args: readonly string[]): FleetOptions {
  const command: Command = withFleetOptions(createCommand('fleet'));
  command.parse([...args], { from: 'user' });
  return command.opts<FleetOptions>();
}

describe('the settings of a fleet', () => {
  it('are 1,000 devices with 64 KiB and ML-DSA-65 where nobody says otherwise', () => {
    expect(settingsOf(optionsOf())).toMatchObject({
      ...{ devices: 1_000, imageBytes: 65_536, algorithm: 'ML-DSA-65', blockBytes: 4_096, broker: 'embedded', seed: 1 },
      ...{ dropRate: 0, slowShare: 0, rogueShare: 0, arrivalsPerSecond: 0, timeLimitSeconds: 600 },
    });
    expect(settingsOf(optionsOf())).not.toHaveProperty('killBrokerAtSeconds');
    expect(settingsOf(optionsOf())).not.toHaveProperty('connectFirst');
    expect(settingsOf(optionsOf('--connect-first'))).toMatchObject({ connectFirst: true });
    expect(optionsOf().ceiling).toBe(true);
  });

  it('take shares and times as people write them', () => {
    const args = ['--rogue', '1%', '--slow-devices', '0.05', '--kill-broker-at', '1.5s', '--broker-down', '500ms'];
    expect(settingsOf(optionsOf(...args, '--time-limit', '2m'))).toMatchObject({
      ...{ rogueShare: 0.01, slowShare: 0.05, killBrokerAtSeconds: 1.5, brokerDownSeconds: 0.5, timeLimitSeconds: 120 },
    });
  });

  it('have no more workers than devices', () => {
    expect(settingsOf(optionsOf('--devices', '2', '--workers', '8')).workers).toBe(2);
  });

  it.each([
    [['--devices', '0'], '--devices: expected 1 to'],
    [['--devices', 'many'], '--devices: expected a whole number'],
    [['--image-bytes', '9999999'], '--image-bytes: expected what a slot'],
    [['--algorithm', 'ES256+RSA'], '--algorithm: expected some of ES256'],
    [['--block-bytes', '128'], '--block-bytes: expected 256'],
    [['--block-bytes', '1022'], '--block-bytes: expected a multiple of 4'],
    [['--broker', 'http://broker.example'], '--broker: expected embedded, mosquitto or mqtt://host:port'],
    [['--rogue', '101%'], '--rogue: expected a share'],
    [['--drop-rate', 'often'], '--drop-rate: expected a share'],
    [['--kill-broker-at', '3'], '--kill-broker-at: expected a time'],
    [['--kill-broker-at', '3s', '--broker', 'mqtt://broker.example:1883'], 'a broker that this command starts'],
  ])('%j are a mistake of the caller', (args, message) => {
    const parse = (): unknown => settingsOf(optionsOf(...args));
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});

describe('the sizes of a growth', () => {
  it('are ascending and each once', () => {
    expect(growthOf(optionsOf('--growth', '1000, 100,1000'))).toEqual([100, 1_000]);
    expect(growthOf(optionsOf())).toBeUndefined();
  });

  it.each(['100', '100,none', '0,100'])('%s are a mistake of the caller', (sizes) => {
    expect(() => growthOf(optionsOf('--growth', sizes))).toThrow(UsageError);
  });
});
