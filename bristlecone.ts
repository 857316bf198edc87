#!/usr/bin/env node
/**
 * The one command. Each side registers its own subcommands; this is the only place where both meet.
 * `npm start`, `npx bristlecone` and `npm test` bring their own Node; a bare `node bristlecone.ts` may be an older one.
 */
import { Command } from 'commander';
import { registerKeyCommands } from './cloud/cli/key.ts';
import { main } from './command-line.ts';

const program = new Command('bristlecone').description(
  'Post-quantum firmware updates and long-lived roots of trust for IoT fleets',
);
registerKeyCommands(program);

await main(program, process.argv);
