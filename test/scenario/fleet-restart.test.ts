/** kill -9 of the cloud, or of the broker beside it, in the middle of a fleet: everybody goes on and nothing is lost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mosquittoFiles } from '../../cloud/broker/mosquitto-conf.ts';
import { campaignCounts } from '../../cloud/store/campaigns.ts';
import { openStore } from '../../cloud/store/store.ts';
import { type LoadResult, runLoad } from '../bench/fleet-load.ts';
import { FLEET_JOB, queueFleet } from '../support/bare-fleet.ts';
import { hasMosquitto, SERVICES, startMosquitto } from '../support/mosquitto.ts';
import { Shell } from '../support/run-command.ts';

const shell = new Shell();
const TIMEOUT_MS = 60_000;
const DEVICES = 200;
/** How many are done when it happens. */
const KILL_AFTER = 40;
const PATIENCE_MS = 1_500;

/** Runs the fleet, and `strike` once when some of it is through. */
async function runStruck(data: string, port: number, strike: () => Promise<void>): Promise<LoadResult> {
  const fleet = await queueFleet(data, DEVICES);
  let done = 0;
  let struck: Promise<void> | undefined;
  const note = (): void => {
    done += 1;
    if (done === KILL_AFTER) struck = strike();
  };
  const result = await runLoad({ ...fleet, port, atOnce: 100, patienceMs: PATIENCE_MS, done: note });
  await struck;
  return result;
}

async function expectAllSucceeded(data: string, { tookMs, retries }: LoadResult): Promise<void> {
  expect(tookMs).toHaveLength(DEVICES);
  // It did happen to some of them.
  expect(retries).toBeGreaterThan(0);
  const store = await openStore(join(data, 'cloud.sqlite'));
  expect(await campaignCounts(store, FLEET_JOB)).toEqual({ SUCCEEDED: DEVICES });
  await store.close();
}

describe('a fleet of 200', () => {
  it('goes on after the cloud was killed and started again', { timeout: TIMEOUT_MS }, async () => {
    const data = shell.file('embedded');
    const first = await shell.up('--data', data, '--kms-port', '0', '--mqtt-port', '0');
    const port = Number(new URL(first.endpoints.mqtt).port);
    let second = first;
    const result = await runStruck(data, port, async () => {
      await first.end('SIGKILL');
      second = await shell.up('--data', data, ...first.ports);
    });
    await expectAllSucceeded(data, result);
    await second.end('SIGINT');
  });

  it.skipIf(!hasMosquitto)('goes on after mosquitto was killed', { timeout: TIMEOUT_MS }, async () => {
    const data = shell.file('beside-mosquitto');
    const { username, password } = SERVICES;
    await using mosquitto = await startMosquitto((port, folder) =>
      mosquittoFiles({ host: '127.0.0.1', user: username, port, folder }),
    );
    writeFileSync(shell.file('password'), `${password}\n`);
    const broker = ['--broker', `mqtt://127.0.0.1:${mosquitto.port}`, '--broker-password-file', 'password'];
    const cloud = await shell.up('--data', data, '--kms-port', '0', ...broker);
    const result = await runStruck(data, mosquitto.port, async () => {
      await mosquitto.kill();
      await mosquitto.start();
    });
    await expectAllSucceeded(data, result);
    await cloud.end('SIGINT');
  });
});
