import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registerMeasureCommands } from '../../../device-sim/cli/measure.ts';
import { runCli } from '../../support/cli.ts';
import { hasMosquitto } from '../../support/mosquitto.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

if (!hasMosquitto) console.log('measure-mosquitto.test.ts: skipped, for want of mosquitto');

describe.runIf(hasMosquitto || process.env['CI'] === 'true')('measure --broker mosquitto', () => {
  it('starts one that holds devices to their topics and lets the services in', async () => {
    const out = join(temporaryFolder(), 'results');
    const flags = ['--algorithm', 'ES256', '--broker', 'mosquitto', '--cross', '--no-handshakes', '--repetitions', '1'];
    const { exitCode } = await runCli([registerMeasureCommands], 'measure', ...flags, '--link', 'nb-iot', '--out', out);
    const { runs, failed } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    expect(failed).toEqual([]);
    expect(runs).toHaveLength(1);
    expect(exitCode).toBe(0);
  });
});
