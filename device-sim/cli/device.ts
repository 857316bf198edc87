/** `bristlecone device`: make simulated devices, and run them. */
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';
import { isMade } from '../factory.ts';
import { dataFolder, deviceFolder } from './data-folder.ts';
import { registerLists } from './device-lists.ts';
import { registerProvision } from './device-provision.ts';
import { registerRun } from './device-run.ts';
import {
  describeMade,
  expectThing,
  makeDevice,
  type MakeOptions,
  summaryOfMade,
  withMakeOptions,
} from './make-device.ts';
import { registerFaults } from './device-faults.ts';

export function registerDeviceCommands(program: Command): void {
  const device = program.command('device').description('simulated constrained devices');
  registerMake(device);
  registerRun(device);
  registerProvision(device);
  registerFaults(device);
  registerLists(device);
}

function registerMake(parent: Command): void {
  const command = withMakeOptions(
    subcommand(parent, {
      name: 'make',
      summary: 'what a factory does: flash identity, trust and a first image',
      examples: [
        'device make --thing hub-1 --vendor example.com --class hub --root root-1.cose --image old.bin',
        'device make --thing hub-1 --vendor example.com --class hub --anchor release.cose    # for trying out',
        'device make --thing hub-2 … --board nrf52840 --layout swap    # the boot loader swaps its two slots',
      ],
    }),
  );
  run<MakeOptions>(command, async ({ options, io }) => {
    const folder = deviceFolder(dataFolder(options.data), expectThing(options.thing));
    if (isMade(folder)) throw new UsageError(`--thing: there is a device ${options.thing} already, in ${folder}`);
    const made = makeDevice(options, { stateFolder: folder, nowMs: io.nowMs() });
    return { json: summaryOfMade(made), text: describeMade(made) };
  });
}
