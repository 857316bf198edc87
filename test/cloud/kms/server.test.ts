import { CreateKeyCommand, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms';
import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../cloud/kms/operations.ts';
import { startKms } from '../../../cloud/kms/server.ts';
import { clientFor, createKey, refusal, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

let kms: TestKms;
const internalErrors: string[] = [];
beforeAll(async () => {
  kms = await startTestKms({ onInternalError: (operation) => internalErrors.push(operation) });
});
afterAll(() => kms.stop());

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

async function post(target: string | undefined, body: string, init: RequestInit = {}): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    ...(target === undefined ? {} : { 'x-amz-target': target }),
  };
  const response = await fetch(kms.server.url, { method: 'POST', headers, body, ...init });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

describe('over HTTP', () => {
  it('answers in AWS JSON 1.1 with a request id, another for each request', async () => {
    const first = await post('TrentService.ListKeys', '{}');
    const second = await post('TrentService.ListKeys', '{}');
    expect(first).toMatchObject({ status: 200, body: { Keys: [], Truncated: false } });
    expect(first.headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(first.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.headers.get('x-amzn-requestid')).not.toBe(second.headers.get('x-amzn-requestid'));
  });

  it('gives the SDK its request id', async () => {
    const { $metadata } = await kms.client.send(new ListKeysCommand({}));
    expect($metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers an operation without output with no body', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const answer = await post('TrentService.DisableKey', JSON.stringify({ KeyId }));
    expect(answer).toMatchObject({ status: 200, body: undefined });
  });

  const UNKNOWN = { __type: 'UnknownOperationException' };

  it.each<[name: string, target: string | undefined, body: string, answer: unknown]>([
    ['no target', undefined, '{}', UNKNOWN],
    ['an operation of no API', 'TrentService.Decimate', '{}', UNKNOWN],
    ['an operation of another API', 'DynamoDB_20120810.ListTables', '{}', UNKNOWN],
    ['a name that every object has', 'TrentService.constructor', '{}', UNKNOWN],
    [
      'a body that is not JSON',
      'TrentService.ListKeys',
      '{"Limit":',
      {
        __type: 'SerializationException',
        message: 'The request body is not JSON',
      },
    ],
    [
      'a body that is a list',
      'TrentService.ListKeys',
      '[]',
      {
        __type: 'SerializationException',
        message: 'LIST_VALUE can not be converted to a Structure',
      },
    ],
    [
      'an oversized body',
      'TrentService.ListKeys',
      `{"Marker":"${'x'.repeat(600_000)}"}`,
      {
        __type: 'SerializationException',
        message: 'Request body is too large',
      },
    ],
  ])('refuses %s', async (_name, target, body, answer) => {
    expect(await post(target, body)).toMatchObject({ status: 400, body: answer });
  });

  it('takes an empty body as no members', async () => {
    expect(await post('TrentService.ListKeys', '')).toMatchObject({ status: 200 });
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s, so no web page gets past its preflight', async (method) => {
    const response = await fetch(kms.server.url, { method });
    expect([response.status, await response.json()]).toEqual([400, UNKNOWN]);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each(['evil.example', '127.0.0.1.evil.example', '10.0.0.1'])(
    'refuses host %s, so no page rebinds to it',
    async (host) => {
      const headers = { host, 'x-amz-target': 'TrentService.ListKeys' };
      const body = await new Promise((resolve) => {
        request(kms.server.url, { method: 'POST', headers }, (response) => resolve(json(response))).end('{}');
      });
      expect(body).toEqual({
        __type: 'AccessDeniedException',
        message: `The embedded KMS answers to localhost and 127.0.0.1, not to ${host}`,
      });
    },
  );

  it('refuses an oversized message of the SDK and serves the next one', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256' } as const;
    const refused = await refusal(kms.client.send(new SignCommand({ ...input, Message: new Uint8Array(450_000) })));
    expect(refused).toMatchObject({ name: 'SerializationException', status: 400 });
    expect((await kms.client.send(new SignCommand({ ...input, Message: Uint8Array.of(1) }))).Signature).toHaveLength(
      2420,
    );
  });

  it('outlives a client that hangs up in the middle of a request', async () => {
    const { hostname, port } = new URL(kms.server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST / HTTP/1.1\r\nhost: kms\r\nx-amz-target: TrentService.ListKeys\r\ncontent-length: 100\r\n\r\n{"Li',
    );
    await new Promise((resolve) => void socket.once('connect', () => socket.destroy()).once('close', resolve));
    expect(await post('TrentService.ListKeys', '{}')).toMatchObject({ status: 200 });
  });

  it('hides a fault of its own from the client and tells the operator', async () => {
    let clockBroken = false;
    const broken = await startTestKms({
      nowMs: () => {
        if (clockBroken) throw new Error('secret detail');
        return 0;
      },
      onInternalError: (operation) => internalErrors.push(operation),
    });
    await createKey(broken.client, 'ML_DSA_44');
    clockBroken = true;
    expect(await refusal(broken.client.send(new ListKeysCommand({})))).toEqual({
      name: 'KMSInternalException',
      message: 'The embedded KMS failed. Its log says why.',
      status: 500,
    });
    expect(internalErrors).toEqual(['TrentService.ListKeys']);
    await broken.stop();
  });

  it('refuses or answers any members to any operation, and never fails', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const { KeyMetadata } = await kms.client.send(new CreateKeyCommand({ Origin: 'EXTERNAL' }));
    const external = KeyMetadata!.KeyId!;
    const name = fc.constantFrom(
      ...'KeyId Message MessageType SigningAlgorithm Signature DryRun GrantTokens AliasName TargetKeyId'.split(' '),
      ...'KeySpec KeyUsage Origin Limit Marker Tags TagKeys Policy PendingWindowInDays Operations Constraints'.split(
        ' ',
      ),
      ...'GranteePrincipal RetiringPrincipal GrantToken GrantId ImportToken EncryptedKeyMaterial ValidTo'.split(' '),
      ...'WrappingAlgorithm WrappingKeySpec ExpirationModel'.split(' '),
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<fc.JsonValue>(
        KeyId,
        'alias/a',
        'AQI=',
        'RAW',
        'ML_DSA_SHAKE_256',
        'ML_DSA_44',
        'SIGN_VERIFY',
        'EXTERNAL',
        ['Sign'],
        external,
        'RSAES_OAEP_SHA_256',
        'RSA_2048',
        'KEY_MATERIAL_DOES_NOT_EXPIRE',
        true,
        7,
      ),
    );
    const failures = internalErrors.length;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...OPERATIONS.keys()),
        fc.array(fc.tuple(name, value), { maxLength: 6 }),
        async (operation, entries) => {
          const { status } = await post(`TrentService.${operation}`, JSON.stringify(Object.fromEntries(entries)));
          expect([200, 400]).toContain(status);
        },
      ),
      { numRuns: 400 },
    );
    expect(internalErrors).toHaveLength(failures);
  });
});

describe('startKms', () => {
  it('says that it is no HSM and where it listens', () => {
    expect(kms.server.notices).toHaveLength(1);
    expect(kms.server.notices[0]).toContain(kms.server.url);
    expect(kms.server.notices[0]).toContain('This is no HSM');
    expect(kms.server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('warns where it can be reached from outside', async () => {
    const open = await startTestKms({ host: '0.0.0.0', allowAnyCaller: true });
    expect(open.server.notices[1]).toBe(
      'It listens on 0.0.0.0 and checks no credentials: whoever reaches it can sign.',
    );
    await open.stop();
  });

  it('answers for the Region and account that it is given', async () => {
    const other = await startTestKms({ region: 'eu-south-1', accountId: '123456789012' });
    expect(await createKey(other.client, 'ML_DSA_44')).toMatch(/^arn:aws:kms:eu-south-1:123456789012:key\//);
    await other.stop();
  });

  it('fails where its port is taken', async () => {
    const port = Number(new URL(kms.server.url).port);
    const folder = await mkdtemp(join(tmpdir(), 'bristlecone-kms-'));
    await expect(startKms({ folder, port })).rejects.toThrow('EADDRINUSE');
    // And lets go of the folder.
    await (await startKms({ folder, port: 0 })).close();
    await rm(folder, { recursive: true });
  });

  it('fails where another server has the folder, and takes it when that one has stopped', async () => {
    const first = await startTestKms();
    await expect(startKms({ folder: first.folder, port: 0 })).rejects.toMatchObject({ code: 'folder-in-use' });
    const second = await first.restart();
    await second.stop();
  });

  it.each(['0.0.0.0', '::', '192.0.2.1'])('refuses to serve %s without credentials to check', async (host) => {
    const start = startTestKms({ host });
    await expect(start).rejects.toMatchObject({ code: 'credentials-needed' });
  });

  it('refuses an empty list of credentials', async () => {
    await expect(startTestKms({ credentials: [] })).rejects.toMatchObject({ code: 'credentials-needed' });
  });

  it('answers what is under way before it stops', async () => {
    const closing = await startTestKms();
    const client = clientFor(closing.server.url);
    const made = createKey(client, 'RSA_4096');
    await createKey(client, 'ML_DSA_44');
    const stopped = closing.stop();
    await expect(made).resolves.toMatch(/^arn:/);
    await stopped;
    client.destroy();
  });
});
