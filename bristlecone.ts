#!/usr/bin/env node
/**
 * The one command. Each side registers its own subcommands; this is the only place where both meet. A subcommand's code
 * is loaded only when it is called: a simulated device should not pay for the AWS SDK.
 *
 * `npm start`, `npx bristlecone` and `npm test` bring their own Node; a bare `node bristlecone.ts` may be an older one.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Command } from 'commander';
import manifest from './package.json' with { type: 'json' };

// What was compiled is kept, and the next start takes a third of the time; so nothing of ours is imported before. It is
// kept beside the code and not in the folder for temporary files, where others might write.
enableCompileCache(join(import.meta.dirname, 'node_modules/.cache/bristlecone'));
const { createCommand } = await import('commander');
const { main } = await import('./command-line.ts');

type Register = (program: Command) => void;

const SUBCOMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  up: async () => (await import('./cloud/cli/up.ts')).registerUpCommand,
  key: async () => (await import('./cloud/cli/key.ts')).registerKeyCommands,
  mu: async () => (await import('./cloud/cli/mu.ts')).registerMuCommand,
  sign: async () => (await import('./cloud/cli/sign.ts')).registerSignCommand,
  verify: async () => (await import('./cloud/cli/verify.ts')).registerVerifyCommand,
  cert: async () => (await import('./cloud/cli/cert.ts')).registerCertCommands,
  profile: async () => (await import('./cloud/cli/profile.ts')).registerProfileCommands,
  root: async () => (await import('./cloud/cli/root.ts')).registerRootCommands,
  release: async () => (await import('./cloud/cli/release.ts')).registerReleaseCommands,
  campaign: async () => (await import('./cloud/cli/campaign.ts')).registerCampaignCommands,
  provisioning: async () => (await import('./cloud/cli/provisioning.ts')).registerProvisioningCommands,
  posture: async () => (await import('./cloud/cli/posture.ts')).registerPostureCommands,
  factory: async () => (await import('./device-sim/cli/factory.ts')).registerFactoryCommands,
  device: async () => (await import('./device-sim/cli/device.ts')).registerDeviceCommands,
  link: async () => (await import('./device-sim/cli/link.ts')).registerLinkCommands,
  measure: async () => (await import('./device-sim/cli/measure.ts')).registerMeasureCommands,
  fleet: async () => (await import('./device-sim/cli/fleet.ts')).registerFleetCommand,
  suit: async () => (await import('./device-sim/cli/suit.ts')).registerSuitCommands,
  explain: async () => (await import('./device-sim/cli/explain.ts')).registerExplainCommand,
  demo: async () => (await import('./device-sim/cli/demo.ts')).registerDemoCommand,
  batch: async () =>
    (await import('./batch.ts')).registerBatchWith(async (args) =>
      main(await createProgram(args[0]), [...process.argv.slice(0, 2), ...args]),
    ),
};

/** Of all subcommands, unless `name` is that of one. */
async function createProgram(name: string | undefined): Promise<Command> {
  const program = createCommand('bristlecone')
    .description('Post-quantum firmware updates and long-lived roots of trust for IoT fleets')
    .version(manifest.version)
    // `release create --version 1.2.3` is the release's, not ours.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nStart here:\n  $ bristlecone demo\n  $ bristlecone up\n\nEvery subcommand has --help with examples, and --json.',
    );
  const named = SUBCOMMANDS[name ?? ''];
  for (const load of named ? [named] : Object.values(SUBCOMMANDS)) (await load())(program);
  return program;
}

await main(await createProgram(process.argv[2]), process.argv);
