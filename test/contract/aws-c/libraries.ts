/** AWS's C libraries are not ours to keep: tests with them run where AWS_C_LIBRARIES names a folder with checkouts. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';

/** With all that it takes, `define` is run; without, it is one skipped line that says what is missing. */
export function describeWithLibraries(name: string, libraries: readonly string[], define: () => void): void {
  const suite = describe;
  const missing = whatIsMissing(libraries);
  if (missing === undefined) return void suite(name, define);
  // oxlint-disable-next-line vitest/no-disabled-tests -- nobody is made to have AWS's sources or a C compiler
  it.skip(`${name} (${missing})`);
}

function whatIsMissing(libraries: readonly string[]): string | undefined {
  const folder = process.env['AWS_C_LIBRARIES'];
  if (!folder) return 'set AWS_C_LIBRARIES to a folder with their sources: test/contract/aws-c';
  const absent = libraries.filter((it) => !existsSync(join(folder, it)));
  if (absent.length > 0) return `not in AWS_C_LIBRARIES: ${absent.join(', ')}`;
  try {
    execFileSync(process.env['CC'] ?? 'cc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no C compiler: install cc, or set CC';
  }
}

/** @param script of this folder */
export async function build(script: string, program: string): Promise<void> {
  await promisify(execFile)('sh', [join(import.meta.dirname, script), program]);
}
