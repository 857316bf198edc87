import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import { openParameters } from '../../../cloud/parameters/parameters.ts';
import { startTestParameters } from '../../support/embedded-parameters.ts';
import { clientFor } from '../../support/embedded-kms.ts';

const surroundings = {
  account: { region: 'us-east-1', accountId: '000000000000' },
  nowMs: () => 1,
  newId: () => crypto.randomUUID(),
};

describe('openParameters', () => {
  it('lets one server have a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bristlecone-parameters-'));
    const first = await openParameters(folder, surroundings);
    await expect(openParameters(folder, surroundings)).rejects.toMatchObject({ code: 'folder-in-use' });
    first.close();
    (await openParameters(folder, surroundings)).close();
    await rm(folder, { recursive: true });
  });

  it('answers beside the KMS, on one port', async () => {
    await using world = await startTestParameters();
    await world.ssm.send(new PutParameterCommand({ Name: 'a', Value: 'b', Type: 'String' }));
    const kms = clientFor(world.url);
    expect((await kms.send(new ListKeysCommand())).Keys).toEqual([]);
    kms.destroy();
  });

  it('keeps its files from other users', async () => {
    await using world = await startTestParameters();
    await world.secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'b' }));
    const folder = join(world.folder, 'parameters', 'secrets');
    // SHA-256 of "a".
    const file = join(folder, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.json');
    expect(await readFile(file, 'utf8')).toContain('This is no safe');
    if (process.platform === 'win32') return;
    expect([(await stat(folder)).mode & 0o777, (await stat(file)).mode & 0o777]).toEqual([0o700, 0o600]);
  });
});
