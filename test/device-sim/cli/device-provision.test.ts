/** `bristlecone device provision` as a user calls it, against a cloud in this process. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerProvision } from '../../../device-sim/cli/device-provision.ts';
import { makeClaimedDevice } from '../../support/claimed-device.ts';
import { runCli } from '../../support/cli.ts';
import { type SecureCloud, startSecureCloud } from '../../support/secure-cloud.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let cloud: SecureCloud;

beforeAll(async () => {
  cloud = await startSecureCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());

const register = (program: Command): void => registerProvision(program.command('device'));
const cli = (...args: readonly string[]) => runCli([register], 'device', 'provision', ...args);

/** A data folder as an embedded cloud leaves it, with devices. */
async function dataWith(...things: readonly string[]): Promise<string> {
  const data = temporaryFolder();
  mkdirSync(join(data, 'identity'));
  writeFileSync(join(data, 'identity', 'server-ca.pem'), cloud.serverCa);
  writeFileSync(join(data, 'endpoints.json'), JSON.stringify({ mqtts: cloud.url }));
  const claim = await cloud.createClaim();
  for (const thing of things) makeClaimedDevice(join(data, 'devices', thing), thing, claim);
  return data;
}

describe('device provision', () => {
  it('finds the cloud and the devices of a data folder, and counts what it cost each', async () => {
    const data = await dataWith('a-1', 'a-2', 'a-3');
    const costs = join(data, 'costs.csv');
    const { exitCode, stdout } = await cli('--data', data, '--template', 'hubs', '--costs', costs);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Provisioned 3 of 3 devices in [\d.]+ s \([\d.]+ a second\); 0 had what they need\./);
    expect(stdout).toMatch(/TLS handshakes +\d,\d{3} +\d,\d{3} +\d,\d{3}/);
    const rows = readFileSync(costs, 'utf8').split('\r\n');
    expect(rows.filter((row) => row.includes(',provision,sent,B,'))).toHaveLength(1);
    expect(rows.find((row) => row.includes(',tls-handshakes,'))).toMatch(/,connect,tls-handshakes,1,2,measured,3$/);
    expect(rows.find((row) => row.includes(',fleet-rate,'))).toMatch(/,all,fleet-rate,devices\/s,[\d.]+,measured,3$/);

    const again = await cli('--data', data, '--template', 'hubs', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ total: 3, provisioned: 0, unchanged: 3, left: 0, costs: [] });
  });

  it('replaces certificates of any age on demand, with the algorithm that is asked for', async () => {
    const data = await dataWith('b-1');
    await cli('--data', data, '--template', 'hubs');
    const renew = ['--renew-after', '0', '--algorithm', 'ML-DSA-44', '--payload', 'json', '--json'];
    const { stdout } = await cli(
      '--device',
      join(data, 'devices', 'b-1'),
      '--data',
      data,
      '--template',
      'hubs',
      ...renew,
    );
    expect(JSON.parse(stdout)).toMatchObject({ total: 1, provisioned: 1, failures: [] });
    expect(stdout).toContain('tls-device-certificate ML-DSA-44');
  });

  it('says who failed and why, and that it can be run again', async () => {
    const data = await dataWith('c-1', 'c-2');
    const { exitCode, stdout } = await cli(
      '--data',
      data,
      '--template',
      'hubs',
      '--parameter',
      'SerialNumber=not a name',
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain('2 failed: service-refused (InvalidParameters), such as ');
    expect(stdout).toContain('Run the same command again');
  });

  it.each([
    [['--template', 'no/template'], '--template'],
    [['--template', 'hubs', '--device', 'x', '--devices', 'y'], 'got both'],
    [['--template', 'hubs', '--device', '/nowhere'], '--device: there is no device'],
    [['--template', 'hubs', '--devices', '/nowhere'], '--devices: there are no devices'],
    [['--template', 'hubs', '--algorithm', 'RSA'], '--algorithm: expected P-256'],
    [['--template', 'hubs', '--payload', 'xml'], '--payload'],
    [['--template', 'hubs', '--keys-from', 'mars'], '--keys-from'],
    [['--template', 'hubs', '--key-exchange', 'maybe'], '--key-exchange'],
    [['--template', 'hubs', '--parameter', 'Serial'], '--parameter: expected NAME=VALUE'],
    [['--template', 'hubs', '--concurrency', '0'], '--concurrency'],
    [['--template', 'hubs', '--renew-after', '101'], '--renew-after'],
    [['--template', 'hubs', '--mqtts', 'mqtt://127.0.0.1'], '--mqtts'],
    [[], '--template'],
  ])('refuses %j', async (args, message) => {
    const data = await dataWith('d-1');
    const { exitCode, stderr } = await cli('--data', data, ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('[usage]');
  });

  it('refuses without a broker that it could know', async () => {
    const data = temporaryFolder();
    makeClaimedDevice(join(data, 'devices', 'e-1'), 'e-1', await cloud.createClaim());
    const { exitCode, stderr } = await cli('--data', data, '--template', 'hubs');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('`bristlecone up`');
    const withoutCa = await cli('--data', data, '--template', 'hubs', '--mqtts', cloud.url);
    expect(withoutCa).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--ca') });
  });
});
