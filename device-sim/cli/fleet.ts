/** `bristlecone fleet`: many devices at once, over real connections, until each is updated. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type CommandResult, type Io, run, subcommand } from '../../command-line.ts';
import { writeFleetFiles } from '../fleet/fleet-files.ts';
import { expectRoomOnThisMachine } from '../fleet/machine-facts.ts';
import type { FleetResult } from '../fleet/result.ts';
import { runFleets } from '../fleet/run-growth.ts';
import { terminalView } from '../fleet/terminal-view.ts';
import { generateHere } from '../fleet/workers.ts';
import { type FleetView, viewTogether } from '../fleet/view.ts';
import { startLivePage } from '../fleet/live/live-page.ts';
import { parseCount } from './files.ts';
import { type FleetModelOptions, withModelOptions } from './fleet-model-options.ts';
import { distributionOf, hostsText, type QueueOptions, withQueueOptions } from './fleet-distributed.ts';
import { registerFleetWorker } from './fleet-distributed-worker.ts';
import { fleetText } from './fleet-text.ts';
import { type FleetOptions, growthOf, settingsOf, withFleetOptions } from './fleet-options.ts';

const WHAT_IT_DOES =
  'Each device is the whole agent with its own connection (MQTT 5, QoS 1): it verifies a signed envelope, takes its image in\n' +
  'blocks, hashes it, reboots into it and reports. The cloud is `bristlecone up` in a process of its own.\n' +
  'Without --connect-first the campaign is there before the devices, and each leaves when it is done: fewer are connected at\n' +
  'once than there are. With it all wait for the campaign, and times count from its begin.\n' +
  'Exit code 1 where one device is lost, failed or was refused without being rogue, and after Ctrl-C, which keeps what was\n' +
  'measured until then.';

export function registerFleetCommand(program: Command): void {
  const command = withFleetOptions(
    subcommand(program, {
      name: 'fleet',
      summary: 'update thousands of simulated devices over real connections, and see where time and memory go',
      examples: [
        'fleet                                             # 1,000 devices, under a minute',
        'fleet --devices 10000 --live                      # and watch it in a browser',
        'fleet --devices 10000 --connect-first             # all of them connected and idle when it begins',
        'fleet --devices 2000 --broker mosquitto --out results/mosquitto',
        'fleet --growth 100,1000,10000                     # where is the knee?',
        'fleet --model --devices 10000000 --link nb-iot        # simulate it, with the quotas of AWS IoT',
        'fleet --rogue 1% --slow-devices 5% --drop-rate 0.1% --kill-broker-at 3s',
        'fleet --hosts 10 --queue redis://queue.example --broker mqtt://broker.example:1883 --devices 100000',
      ],
    }).addHelpText('after', `\n${WHAT_IT_DOES}`),
  );
  withQueueOptions(command);
  withModelOptions(command);
  registerFleetWorker(command);
  run<FleetOptions & QueueOptions & FleetModelOptions>(command, async ({ options, io }) => {
    if (options.model || options.calibrate) return (await import('./fleet-model.ts')).runFleetModel(options, io);
    const here = settingsOf(options);
    const distribution = distributionOf(options, { io, ...here });
    const settings = { ...here, workers: distribution?.hosts ?? here.workers };
    const sizes = growthOf(options) ?? [settings.devices];
    if (!distribution) for (const devices of sizes) expectRoomOnThisMachine({ ...settings, devices });
    const folder = mkdtempSync(join(tmpdir(), 'bristlecone-fleet-'));
    try {
      const result = await watched(options, io, (view) =>
        runFleets(sizes, {
          settings,
          folder,
          view,
          withCeiling: options.ceiling,
          generate: distribution?.generate ?? generateHere,
          signal: io.signal,
        }),
      );
      const whole = distribution?.complete(result) ?? result;
      return resultOf(whole, writeFleetFiles(options.out, whole));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** With those who watch: nobody where only JSON is wanted, unless they asked for the page. */
async function watched(
  { live }: FleetOptions,
  io: Io,
  work: (view: FleetView) => Promise<FleetResult>,
): Promise<FleetResult> {
  const terminal = io.json ? [] : [terminalView(process.stderr)];
  if (live === undefined) return work(viewTogether(terminal));
  await using page = await startLivePage(portOf(live));
  io.note(`Watch it at ${page.url}`);
  // Awaited here: the page goes with this function.
  return await work(viewTogether([...terminal, page.view]));
}

function portOf(live: string | true): number {
  return live === true ? 0 : (parseCount(live, '--live') ?? 0);
}

function resultOf(result: FleetResult, files: readonly string[]): CommandResult {
  const { checks, isWhole, hosts } = result;
  return {
    json: { ...result, samples: undefined, files },
    text: `${fleetText(result)}${hosts ? `\n\n${hostsText(hosts)}` : ''}\n\nResults: ${files.join(', ')}`,
    exit: isWhole && checks.every(({ isHeld }) => isHeld) ? 'done' : 'refused',
  };
}
