/** Starts kms-child.ts: an embedded KMS that can be killed, or that should not share this process's thread. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./kms-child.ts', import.meta.url));

/** @param runner a command to run it with, such as `taskset -c 0` */
export async function startKmsProcess(
  folder: string,
  runner: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const [command = process.execPath, ...before] = runner;
  const node = runner.length > 0 ? [process.execPath] : [];
  const child = spawn(command, [...before, ...node, CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url };
}
