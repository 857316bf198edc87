/** A subcommand as a user calls it, in this process: what it printed, and with which code it would have ended. */
import { setMaxListeners } from 'node:events';
import { Command } from 'commander';
import { vi } from 'vitest';
import { main } from '../../command-line.ts';

export interface CliRun {
  readonly exitCode: number;
  /** As bytes where the command printed bytes. */
  readonly bytes: Uint8Array;
  readonly stdout: string;
  readonly stderr: string;
}

export type Register = (program: Command) => void;

/** One call at a time: it listens to the process's own standard output. */
export async function runCli(registers: readonly Register[], ...args: readonly string[]): Promise<CliRun> {
  // Each call listens for Ctrl-C until the process ends, which in a test is late.
  setMaxListeners(0, process);
  const [out, err] = [capture(process.stdout), capture(process.stderr)];
  const program = new Command('bristlecone').enablePositionalOptions().helpCommand(false);
  for (const register of registers) register(program);
  try {
    await main(program, ['node', 'bristlecone', ...args]);
    const [bytes, errors] = [out.bytes(), err.bytes()];
    return { exitCode: Number(process.exitCode ?? 0), bytes, stdout: decode(bytes), stderr: decode(errors) };
  } finally {
    out.restore();
    err.restore();
    process.exitCode = 0;
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function capture(stream: NodeJS.WriteStream): { bytes: () => Uint8Array; restore: () => void } {
  const pieces: Uint8Array[] = [];
  const spy = vi.spyOn(stream, 'write').mockImplementation((piece: Uint8Array | string) => {
    pieces.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
    return true;
  });
  return { bytes: () => new Uint8Array(Buffer.concat(pieces)), restore: () => spy.mockRestore() };
}
