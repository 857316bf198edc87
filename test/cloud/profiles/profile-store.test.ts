import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../../cloud/errors.ts';
import { createSecretsClient, createSsmClient } from '../../../cloud/profiles/parameter-clients.ts';
import { MAX_PROFILE_BYTES } from '../../../cloud/profiles/profile.ts';
import { type ProfileClients, readProfile, writeProfile } from '../../../cloud/profiles/profile-store.ts';
import { createProfile } from '../../../cloud/profiles/rules.ts';
import { parseSource } from '../../../cloud/profiles/source.ts';
import { startTestParameters, type TestParameters } from '../../support/embedded-parameters.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-profiles-'));
const path = (name: string): string => join(folder, name);
let world: TestParameters;

beforeAll(async () => {
  world = await startTestParameters();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** As the commands make them. */
const clientsAt = (endpoint: string): ProfileClients => ({
  ssm: () => createSsmClient({ endpoint }),
  secrets: () => createSecretsClient({ endpoint }),
});
const here: ProfileClients = { ssm: () => clientsAt(world.url).ssm(), secrets: () => clientsAt(world.url).secrets() };
const none: ProfileClients = {
  ssm: () => expect.unreachable('a file asks no service'),
  secrets: () => expect.unreachable('a file asks no service'),
};

const small = createProfile('small', { keys: new Map([['ML-DSA-44', 'release']]) });
const cnsa = createProfile('cnsa-2.0', { keys: new Map([['ML-DSA-87', 'release']]), name: 'hubs', blockBytes: 512 });

describe.each([path('a.json'), 'ssm:/fleet/signing', 'secretsmanager:fleet/signing'])('a profile at %s', (text) => {
  const source = parseSource(text);

  it('is written, read, and replaced', async () => {
    await writeProfile(source, small, here);
    expect(await readProfile(source, here)).toEqual(small);
    await writeProfile(source, cnsa, here);
    expect(await readProfile(source, here)).toEqual(cnsa);
  });

  it('is not written where it breaks its rules, or would be refused when it is read', async () => {
    const broken = { ...small, rules: 'cnsa-2.0' } as const;
    await expect(writeProfile(source, broken, here)).rejects.toMatchObject({ code: 'profile-algorithm-refused' });
    const unreadable = { ...small, name: 'a name' };
    await expect(writeProfile(source, unreadable, here)).rejects.toMatchObject({ code: 'wrong-shape' });
    expect(await readProfile(source, here)).toEqual(cnsa);
  });
});

describe('what is not a profile', () => {
  it.each<[source: string, code: string]>([
    [path('missing.json'), 'profile-not-found'],
    ['ssm:/missing', 'profile-not-found'],
    ['ssm:/fleet/signing:77', 'profile-not-found'],
    ['ssm:no such name', 'parameters-refused'],
    ['secretsmanager:missing', 'profile-not-found'],
    ['secretsmanager:arn:aws:secretsmanager:us-east-1:000000000000:secret:missing-AbCdEf', 'profile-not-found'],
  ])('%s is %s', async (source, code) => {
    await expect(readProfile(parseSource(source), here)).rejects.toMatchObject({ name: 'OperatorError', code });
  });

  it('is named in the message, with what to do', async () => {
    await expect(readProfile(parseSource('ssm:/missing'), here)).rejects.toThrow(
      'Parameter Store refused /missing (ParameterNotFound). `bristlecone profile put` makes one.',
    );
  });

  it('is refused by what it holds, wherever it is', async () => {
    writeFileSync(path('bad.json'), '{"name":');
    await world.ssm.send(new PutParameterCommand({ Name: 'bad', Value: '{"name":', Type: 'String' }));
    await world.secrets.send(new CreateSecretCommand({ Name: 'bad', SecretString: '{"name":' }));
    for (const source of [path('bad.json'), 'ssm:bad', 'secretsmanager:bad'])
      await expect(readProfile(parseSource(source), here)).rejects.toMatchObject({ code: 'not-json', at: source });
  });

  it('is not read where it is larger than any profile', async () => {
    writeFileSync(path('large.json'), new Uint8Array(MAX_PROFILE_BYTES + 1).fill(0x20));
    await expect(readProfile(parseSource(path('large.json')), none)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('is no folder', async () => {
    await expect(readProfile(parseSource(folder), none)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('a service that does not help', () => {
  let server: Server;
  let answer: { readonly status: number; readonly type: string };
  const clients = () => clientsAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: answer.type, message: 'User: x is not authorized to perform' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  it.each<[type: string, status: number, code: string]>([
    ['AccessDeniedException', 400, 'access-denied'],
    ['ExpiredTokenException', 400, 'credentials-refused'],
    ['UnrecognizedClientException', 400, 'credentials-refused'],
    ['UnknownOperationException', 400, 'parameters-refused'],
    ['SomethingNewException', 400, 'parameters-refused'],
  ])('%s is for a person', async (type, status, code) => {
    answer = { status, type };
    for (const source of ['ssm:/a', 'secretsmanager:a'])
      await expect(readProfile(parseSource(source), clients())).rejects.toMatchObject({ name: 'OperatorError', code });
  });

  it('says which right is missing', async () => {
    answer = { status: 400, type: 'AccessDeniedException' };
    await expect(readProfile(parseSource('ssm:/a'), clients())).rejects.toThrow('ssm:GetParameter');
    await expect(readProfile(parseSource('secretsmanager:a'), clients())).rejects.toThrow(
      'secretsmanager:GetSecretValue',
    );
    await expect(writeProfile(parseSource('ssm:/a'), small, clients())).rejects.toThrow('ssm:PutParameter');
  });

  it('may help later', async () => {
    answer = { status: 400, type: 'ThrottlingException' };
    await expect(readProfile(parseSource('ssm:/a'), clients())).rejects.toBeInstanceOf(Unavailable);
    const nobody = clientsAt('http://127.0.0.1:9');
    for (const source of ['ssm:/a', 'secretsmanager:a'])
      await expect(readProfile(parseSource(source), nobody)).rejects.toThrow('cannot be reached');
  });

  it('may be no such service at all', async () => {
    answer = { status: 200, type: 'nothing of a parameter' };
    for (const source of ['ssm:/a', 'secretsmanager:a'])
      await expect(readProfile(parseSource(source), clients())).rejects.toThrow('holds no text');
  });
});
