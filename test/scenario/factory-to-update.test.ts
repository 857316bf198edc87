/**
 * From factory to first update, command by command as README.md has it: a trust root by two of three holders, devices
 * with a claim, certificates of their own, and an update over TLS that only the trust root's keys could have signed.
 */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageOf } from '../support/device-world.ts';
import { Shell } from '../support/run-command.ts';

const shell = new Shell();
const TIMEOUT_MS = 120_000;

/** As a line of a shell: no argument has a space in it. */
async function bristlecone(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await shell.run(...line.split(' '));
  expect(`${exitCode} ${line}\n${exitCode === 0 ? '' : stderr}`).toBe(`0 ${line}\n`);
  return stdout;
}

beforeAll(async () => {
  writeFileSync(shell.file('fw.bin'), imageOf(20_000, 5));
  await shell.up('--kms-port', '0', '--mqtts-port', '0', '--require-tls');
}, TIMEOUT_MS);

describe('from factory to first update', { timeout: TIMEOUT_MS }, () => {
  it('works as the README says', async () => {
    await bristlecone('key create --spec ML_DSA_65 --alias release');
    for (const holder of ['a', 'b', 'c']) await bristlecone(`key create --spec ML_DSA_87 --alias root-${holder}`);
    await bristlecone(
      'root init ceremony --by Alice --root-key kms:root-a kms:root-b kms:root-c --release-key kms:release',
    );
    await bristlecone('root sign ceremony --by Alice --key kms:root-a --yes');
    await bristlecone('root sign ceremony --by Bob --key kms:root-b --yes');
    await bristlecone('root finalize ceremony --by Alice');
    await bristlecone('root publish ceremony/root-1.cose');

    await bristlecone('provisioning template put hubs');
    await bristlecone('provisioning claim create --template hubs --out claim');
    await bristlecone(
      'factory make --count 3 --root ceremony/root-1.cose --vendor example.com --class hub --claim claim/claim.pem claim/claim-key.pem',
    );

    expect(await bristlecone('device provision --template hubs')).toMatch(/^Provisioned 3 of 3 devices/);
    const certificates = await bristlecone('provisioning certificates');
    expect(certificates.match(/device +ACTIVE +hub-000[123]/g)).toHaveLength(3);

    await bristlecone(
      'release create --image fw.bin --version 2.0.0 --sequence 2 --vendor example.com --class hub --key release',
    );
    const [release] = await shell.json('release', 'list');
    const campaign = await bristlecone(`campaign create --release ${release.id} --all`);
    const [campaignId = ''] = /c-\S+(?=:)/.exec(campaign) ?? [];

    for (const thing of ['hub-0001', 'hub-0002', 'hub-0003']) {
      const text = await bristlecone(`device run --thing ${thing}`);
      expect(text).toContain(`${thing}: succeeded`);
      expect(text).toMatch(/runs sequence 2 from slot 1, trusts root 1;/);
    }
    expect(await shell.json('campaign', 'status', campaignId)).toMatchObject({ ended: 3, counts: { SUCCEEDED: 3 } });
    expect(await bristlecone('device provision --template hubs')).toContain('3 had what they need');
  });
});
