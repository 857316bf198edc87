import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  type CreateSecretCommandInput,
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsRefusal, startTestParameters, START_MS, type TestParameters } from '../../support/embedded-parameters.ts';

let world: TestParameters;
beforeAll(async () => {
  world = await startTestParameters();
});
afterAll(() => world[Symbol.asyncDispose]());

const TOKEN = 'a'.repeat(32);
const create = (input: Partial<CreateSecretCommandInput>) =>
  world.secrets.send(new CreateSecretCommand({ Name: 'x', SecretString: 'one', ...input }));
const put = (SecretId: string, SecretString: string, ClientRequestToken?: string) =>
  world.secrets.send(new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken }));
const get = (SecretId: string, which: Partial<GetSecretValueCommandInput> = {}) =>
  world.secrets.send(new GetSecretValueCommand({ SecretId, ...which }));

describe('the embedded Secrets Manager', () => {
  it('keeps a secret, found by name and by ARN', async () => {
    const { ARN, Name, VersionId } = await create({ Name: 'app/signing' });
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/signing-[0-9a-f]{6}$/);
    for (const id of ['app/signing', ARN!]) {
      expect(await get(id)).toMatchObject({
        ARN,
        Name,
        VersionId,
        SecretString: 'one',
        VersionStages: ['AWSCURRENT'],
        CreatedDate: new Date(START_MS),
      });
    }
  });

  it('makes a new version current, and the one before it previous', async () => {
    const first = await create({ Name: 'moved' });
    const second = await put('moved', 'two');
    await put('moved', 'three');
    expect(await get('moved')).toMatchObject({ SecretString: 'three' });
    expect(await get('moved', { VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'two' });
    expect(await get('moved', { VersionId: second.VersionId })).toMatchObject({ VersionStages: ['AWSPREVIOUS'] });
    const gone = await awsRefusal(get('moved', { VersionId: first.VersionId }));
    expect(gone.message).toBe(
      `Secrets Manager can't find the specified secret value for VersionId: ${first.VersionId}`,
    );
    const both = get('moved', { VersionId: second.VersionId, VersionStage: 'AWSCURRENT' });
    expect((await awsRefusal(both)).name).toBe('ResourceNotFoundException');
  });

  it('does a call once that is sent twice', async () => {
    const first = await create({ Name: 'twice', ClientRequestToken: TOKEN });
    expect(await create({ Name: 'twice', ClientRequestToken: TOKEN })).toMatchObject({ ARN: first.ARN });
    const otherText = awsRefusal(create({ Name: 'twice', ClientRequestToken: TOKEN, SecretString: 'two' }));
    expect((await otherText).name).toBe('ResourceExistsException');
    expect((await awsRefusal(put('twice', 'two', TOKEN))).name).toBe('ResourceExistsException');
    await put('twice', 'one', TOKEN);
    expect((await awsRefusal(get('twice', { VersionStage: 'AWSPREVIOUS' }))).name).toBe('ResourceNotFoundException');
  });

  it('refuses a second secret of a name, and any of a name that is not there', async () => {
    await create({ Name: 'one-only' });
    expect(await awsRefusal(create({ Name: 'one-only' }))).toEqual({
      name: 'ResourceExistsException',
      message: 'The operation failed because the secret one-only already exists.',
    });
    for (const call of [get('missing'), put('missing', 'x')]) {
      expect(await awsRefusal(call)).toEqual({
        name: 'ResourceNotFoundException',
        message: "Secrets Manager can't find the specified secret.",
      });
    }
  });

  it.each<[name: string, input: Partial<CreateSecretCommandInput>, message: string]>([
    ['bytes', { SecretBinary: new Uint8Array(3) }, 'SecretBinary is not implemented'],
    ['a key to encrypt with', { KmsKeyId: 'alias/x' }, 'KmsKeyId is not implemented'],
    ['a name with a space', { Name: 'a b' }, 'regular expression pattern'],
    ['no text', { SecretString: undefined }, 'Member must not be null'],
    ['more text than AWS keeps', { SecretString: 'x'.repeat(65_537) }, 'length less than or equal to 65536'],
  ])('refuses %s', async (_name, input, message) => {
    expect((await awsRefusal(create({ Name: 'refused', ...input }))).message).toContain(message);
    expect((await awsRefusal(get('refused'))).name).toBe('ResourceNotFoundException');
  });

  it('holds what it acknowledged after a restart; a damaged one is neither hidden nor overwritten', async () => {
    await create({ Name: 'durable', SecretString: 'kept' });
    await create({ Name: 'damaged', SecretString: 'precious' });
    const folder = join(world.folder, 'parameters', 'secrets');
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8');
      if (text.includes('precious')) await writeFile(join(folder, file), 'x');
    }
    world = await world.restart();
    expect(await get('durable')).toMatchObject({ SecretString: 'kept' });
    for (const call of [get('damaged'), put('damaged', 'x'), create({ Name: 'damaged' })]) {
      expect((await awsRefusal(call)).message).toContain('The secret damaged is unavailable: ');
    }
  });

  it('checks signatures scoped to its own name', async () => {
    const known = { accessKeyId: 'AKIDKNOWN', secretAccessKey: 'right' };
    await using checked = await startTestParameters({ credentials: [known] }, known);
    const made = await checked.secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'b' }));
    expect(made.Name).toBe('a');
  });
});
