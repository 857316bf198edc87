import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DescribeParametersCommand,
  GetParameterCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsRefusal, startTestParameters, START_MS, type TestParameters } from '../../support/embedded-parameters.ts';

let world: TestParameters;
beforeAll(async () => {
  world = await startTestParameters();
});
afterAll(() => world[Symbol.asyncDispose]());

const put = (input: Partial<PutParameterCommandInput>) =>
  world.ssm.send(new PutParameterCommand({ Name: '/a/b', Value: 'one', Type: 'String', ...input }));
const get = (Name: string) => world.ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));

describe('the embedded Parameter Store', () => {
  it('keeps what it was given, for the unmodified SDK', async () => {
    expect(await put({ Name: '/app/signing' })).toMatchObject({ Version: 1, Tier: 'Standard' });
    expect((await get('/app/signing')).Parameter).toEqual({
      Name: '/app/signing',
      Type: 'String',
      Value: 'one',
      Version: 1,
      LastModifiedDate: new Date(START_MS),
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/app/signing',
      DataType: 'text',
    });
  });

  it('replaces only where it is told to, and counts', async () => {
    await put({ Name: 'flat' });
    expect(await awsRefusal(put({ Name: 'flat', Value: 'two' }))).toEqual({
      name: 'ParameterAlreadyExists',
      message:
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    });
    expect((await get('flat')).Parameter?.Value).toBe('one');
    const { Type: _, ...again } = { Name: 'flat', Value: 'two', Overwrite: true, Type: undefined };
    expect(await world.ssm.send(new PutParameterCommand(again))).toMatchObject({ Version: 2 });
    expect((await get('flat')).Parameter).toMatchObject({ Value: 'two', Version: 2, Type: 'String' });
    expect((await get('flat:2')).Parameter?.Value).toBe('two');
    expect((await awsRefusal(get('flat:1'))).name).toBe('ParameterVersionNotFound');
  });

  it('gives concurrent writers a version each', async () => {
    await put({ Name: 'busy' });
    const writes = Array.from({ length: 20 }, (_, i) => put({ Name: 'busy', Value: `w${i}`, Overwrite: true }));
    const versions = (await Promise.all(writes)).map(({ Version }) => Version);
    expect(versions.toSorted((a, b) => a! - b!)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  });

  it('knows none by another case or another slash', async () => {
    await put({ Name: '/Case' });
    const refused = await Promise.all(['/case', 'Case', '/Case/'].map((name) => awsRefusal(get(name))));
    expect(refused.map(({ name }) => name)).toEqual(['ParameterNotFound', 'ParameterNotFound', 'ParameterNotFound']);
  });

  it('holds what it acknowledged after a restart', async () => {
    await put({ Name: '/durable', Value: 'kept' });
    world = await world.restart();
    expect((await get('/durable')).Parameter).toMatchObject({ Value: 'kept', Version: 1 });
  });

  const hostile: readonly [name: string, input: Partial<PutParameterCommandInput>, message: string][] = [
    ['a name of AWS', { Name: '/aws/x' }, 'prefixed with'],
    ['a name of AWS in capitals', { Name: 'SSMx' }, 'prefixed with'],
    ['a path that does not start at the root', { Name: 'a/b' }, 'fully qualified'],
    ['a path of 16 levels', { Name: '/a'.repeat(16) }, 'maximum of 15 levels'],
    ['a name with a space', { Name: 'a b' }, 'regular expression pattern'],
    ['a name too long', { Name: 'a'.repeat(1_012) }, 'length less than or equal to 1011'],
    ['no value', { Value: '' }, 'length greater than or equal to 1'],
    ['more than a standard parameter holds', { Value: 'x'.repeat(4_097) }, 'maximum parameter value of 4096'],
    [
      'more than an advanced one holds',
      { Value: 'x'.repeat(8_193), Tier: 'Advanced' },
      'maximum parameter value of 8192',
    ],
    ['a secret', { Type: 'SecureString' }, 'encrypts nothing'],
    ['a pattern', { AllowedPattern: '(a+)+$' }, 'AllowedPattern is not implemented'],
    ['a policy', { Policies: '[]' }, 'Policies is not implemented'],
    ['tags', { Tags: [{ Key: 'a', Value: 'b' }] }, 'Tags is not implemented'],
    ['a new one without a type', { Name: '/new', Type: undefined }, 'type is required'],
  ];

  it.each(hostile)('refuses %s', async (_name, input, message) => {
    const refused = await awsRefusal(put({ Overwrite: true, ...input }));
    expect(refused).toEqual({ name: 'ValidationException', message: expect.stringContaining(message) });
  });

  it('refused as many as there are, and kept nothing of them', async () => {
    expect(hostile).toHaveLength(14);
    expect((await awsRefusal(get('/new'))).name).toBe('ParameterNotFound');
  });

  it('says of an operation that it has not that it has not', async () => {
    expect((await awsRefusal(world.ssm.send(new DescribeParametersCommand({})))).name).toBe(
      'UnknownOperationException',
    );
  });

  it('neither hides nor overwrites a damaged file', async () => {
    await put({ Name: '/damaged', Value: 'precious' });
    const folder = join(world.folder, 'parameters', 'ssm');
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file), 'utf8');
      if (text.includes('precious')) await writeFile(join(folder, file), text.slice(0, -10));
    }
    world = await world.restart();
    for (const call of [get('/damaged'), put({ Name: '/damaged', Overwrite: true })]) {
      const { name, message } = await awsRefusal(call);
      expect([name, message]).toEqual(['ValidationException', expect.stringContaining('/damaged is unavailable: ')]);
    }
    expect((await get('/durable')).Parameter?.Value).toBe('kept');
  });
});

describe('with a list of credentials', () => {
  const known = { accessKeyId: 'AKIDKNOWN', secretAccessKey: 'right' };
  const call = async (credentials: typeof known) => {
    await using checked = await startTestParameters({ credentials: [known] }, credentials);
    return await checked.ssm.send(new PutParameterCommand({ Name: 'a', Value: 'b', Type: 'String' }));
  };

  it('takes the signature of a known one, scoped to ssm', async () => {
    expect(await call(known)).toMatchObject({ Version: 1 });
  });

  it('refuses every other', async () => {
    const wrongSecret = awsRefusal(call({ ...known, secretAccessKey: 'wrong' }));
    expect((await wrongSecret).name).toBe('InvalidSignatureException');
    expect((await awsRefusal(call({ ...known, accessKeyId: 'AKIDOTHER' }))).name).toBe('UnrecognizedClientException');
  });
});
