/** The AWS CLI of this machine, if it has one. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** Debian's where it is installed, else the first on the PATH. */
const installed = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
  .map((folder) => join(folder, 'aws'))
  .find((path) => existsSync(path));

/** A `describe` that runs the CLI; without one it is one skipped line. `aws` is its path. */
export function describeWithAwsCli(name: string, define: (aws: string) => void): void {
  const suite = describe;
  // A start of the CLI takes a second, on a busy machine several.
  if (installed !== undefined)
    return void suite(`${name} (${installed})`, { timeout: 120_000 }, () => define(installed));
  // oxlint-disable-next-line vitest/no-disabled-tests -- CI installs it
  it.skip(`${name} (no \`aws\` on the PATH: apt-get install awscli)`);
}
