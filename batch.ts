/**
 * `bristlecone batch`: many commands in one process, because starting one costs more than most of them do.
 *
 *     → ["key", "create", "--spec", "ML_DSA_65", "--alias", "release"]
 *     ← {"keyId": …}
 *     ← {"exitCode": 0}
 */
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { run, subcommand, UsageError } from './command-line.ts';

/** Run one command of ours as if it had been started by itself; its exit code is the process's. */
export type RunCommand = (args: readonly string[]) => Promise<void>;

export const registerBatchWith =
  (runCommand: RunCommand) =>
  (program: Command): void => {
    const command = subcommand(program, {
      name: 'batch',
      summary: 'run commands from standard input, one JSON array of arguments a line, each with --json',
      examples: [
        `batch <<< '["device", "boards"]'    # its answer, and then {"exitCode":0}`,
        'batch --keep-going < commands.jsonl > answers.jsonl',
      ],
    })
      .option('--keep-going', 'after a command that failed; without it, it is the last')
      .option(
        '--stop-with-input',
        'when the input ends, stop what runs, as SIGTERM would: for servers, whose owner may die',
      );
    run<{ keepGoing?: true; stopWithInput?: true }>(command, async ({ options, io }) => {
      if (options.stopWithInput) process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));
      let commands = 0;
      let failed = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        await runCommand([...parseLine(line), '--json']);
        const exitCode = Number(process.exitCode ?? 0);
        process.stdout.write(`${JSON.stringify({ exitCode })}\n`);
        commands += 1;
        if (exitCode !== 0) failed += 1;
        if (io.signal.aborted || (failed > 0 && !options.keepGoing)) break;
      }
      process.stdin.destroy();
      const exit = failed === 0 ? ('done' as const) : ('refused' as const);
      return { json: { commands, failed }, text: `${commands} commands, ${failed} failed`, exit };
    });
  };

function parseLine(line: string): readonly string[] {
  const args: unknown = parseJson(line);
  const isArguments = Array.isArray(args) && args.every((it) => typeof it === 'string') && args[0] !== 'batch';
  if (isArguments) return args;
  throw new UsageError(`expected a JSON array of arguments, got ${JSON.stringify(line.slice(0, 100))}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
