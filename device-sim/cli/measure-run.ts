/** `bristlecone measure`: run an experiment. */
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../command-line.ts';

/** @returns the command itself, which others register theirs below */
export function registerMeasureRun(program: Command): Command {
  const command = subcommand(program, {
    name: 'measure',
    summary: 'measure what signatures cost over MQTT: algorithms, block sizes, images, links and boards',
    examples: ['measure', 'measure standard --out results', 'measure my-product.yaml --plan'],
  }).argument('[experiment]', 'quick, standard, full, or a file of your own (YAML or JSON)', 'quick');
  run(command, async ({ args }) => {
    throw new UsageError(`experiment ${args[0] ?? 'quick'}: cannot be run yet`);
  });
  return command;
}
