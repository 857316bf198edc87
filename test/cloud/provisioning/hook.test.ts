import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHttpHook } from '../../../cloud/provisioning/hook.ts';
import { revokeCertificates } from '../../../cloud/store/certificates.ts';
import { thingDescription } from '../../../cloud/store/things.ts';
import { startTestProvisioning } from '../../support/provisioning-service.ts';

const QUESTION = {
  claimCertificateId: 'aa',
  certificateId: 'bb',
  certificatePem: '-----BEGIN CERTIFICATE-----',
  templateArn: 'arn:aws:iot:us-east-1:000000000000:provisioningtemplate/hubs',
  clientId: 'device-1',
  parameters: { SerialNumber: 'hub-1' },
};

type Answer = (request: IncomingMessage, response: ServerResponse, body: Uint8Array) => void;

/** A real server on a real socket. */
async function listen(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => answer(request, response, new Uint8Array(body)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}/hook`;
}

const says =
  (body: string, status = 200): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

const ask = async (answer: Answer) => createHttpHook()(await listen(answer), QUESTION);

describe('the pre-provisioning hook', () => {
  it('is sent what AWS sends, and is believed when it says yes', async () => {
    let seen: unknown;
    const yes = await ask((request, response, body) => {
      seen = {
        method: request.method,
        type: request.headers['content-type'],
        body: JSON.parse(new TextDecoder().decode(body)),
      };
      response.end('{"allowProvisioning":true,"parameterOverrides":{"DeviceLocation":"Seattle"}}');
    });
    expect(yes).toEqual({ overrides: { DeviceLocation: 'Seattle' } });
    expect(seen).toEqual({ method: 'POST', type: 'application/json', body: QUESTION });
  });

  it('need not override anything', async () => {
    expect(await ask(says('{"allowProvisioning":true}'))).toEqual({ overrides: {} });
  });

  it.each<[name: string, answer: Answer]>([
    ['no', says('{"allowProvisioning":false}')],
    ['nothing of it', says('{}')],
    ['yes as a text', says('{"allowProvisioning":"true"}')],
    ['yes as a number', says('{"allowProvisioning":1}')],
    ['nothing', says('')],
    ['no JSON', says('yes')],
    ['a list', says('[true]')],
    ['yes, with another status', says('{"allowProvisioning":true}', 201)],
    ['that it is broken', says('{"allowProvisioning":true}', 500)],
    ['yes and overrides that are none', says('{"allowProvisioning":true,"parameterOverrides":["a"]}')],
    ['yes and overrides of another type', says('{"allowProvisioning":true,"parameterOverrides":{"a":1}}')],
    ['yes and too much', says(`{"allowProvisioning":true,"x":"${'x'.repeat(300_000)}"}`)],
    [
      'to ask elsewhere, where there is a yes',
      ({ url }, response) =>
        void (url === '/yes'
          ? response.end('{"allowProvisioning":true}')
          : response.writeHead(307, { location: '/yes' }).end()),
    ],
    ['nothing and hangs up', (request) => void request.socket.destroy()],
  ])('that says %s does not allow it', async (_name, answer) => {
    await expect(ask(answer)).rejects.toThrow(/./);
  });

  it('that says yes without end is not listened to the end', async () => {
    await expect(ask((_request, response) => void response.writeHead(200).write(' '.repeat(300_000)))).rejects.toThrow(
      /at most 262144 bytes/,
    );
  });

  it('that is not there does not allow it', async () => {
    await expect(createHttpHook()('http://127.0.0.1:1/', QUESTION)).rejects.toThrow(/fetch failed/);
  });

  it.each<[name: string, answer: Answer]>([
    ['says nothing', () => undefined],
    [
      'begins a yes and does not end it',
      (_request, response) => void response.writeHead(200).write('{"allowProvisioning":'),
    ],
  ])('that %s is given up at its deadline', async (_name, answer) => {
    const deadline = new AbortController();
    const url = await listen((...request) => {
      answer(...request);
      // What it would take 5 seconds to see: the signal is the clock here.
      setImmediate(() => deadline.abort(new Error('5 seconds are over')));
    });
    await expect(createHttpHook({ deadline: () => deadline.signal })(url, QUESTION)).rejects.toThrow(
      '5 seconds are over',
    );
  });

  it('has five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    onTestFinished(() => timeout.mockRestore());
    await ask(says('{"allowProvisioning":true}'));
    expect(timeout.mock.calls).toEqual([[5_000]]);
  });
});

describe('the service', () => {
  it('registers what the hook makes of it', async () => {
    await using cloud = await startTestProvisioning({ hook: async () => ({ overrides: { SerialNumber: 'hub-9' } }) });
    await cloud.put('hubs', { hook: 'http://hook.example/' });
    const { registered } = await cloud.provision(await cloud.claim(), {});
    expect(registered.reply).toMatchObject({ thingName: 'hub-9' });
  });

  it('asks it who, with what, for which template', async () => {
    const asked: object[] = [];
    await using cloud = await startTestProvisioning({
      hook: async (url, question) => {
        asked.push({ url, ...question });
        return { overrides: {} };
      },
    });
    await cloud.put('hubs', { hook: 'http://hook.example/' });
    const claim = await cloud.claim();
    const { created } = await cloud.provision(claim, {});
    expect(asked).toEqual([
      {
        url: 'http://hook.example/',
        claimCertificateId: claim,
        certificateId: created.certificateId,
        certificatePem: created.certificatePem,
        templateArn: QUESTION.templateArn,
        clientId: 'asking',
        parameters: { SerialNumber: 'hub-1' },
      },
    ]);
  });

  it('denies what the hook does not allow, and the token stays good', async () => {
    let allowed = false;
    await using cloud = await startTestProvisioning({
      hook: async () => (allowed ? { overrides: {} } : Promise.reject(new Error('down'))),
    });
    await cloud.put('hubs', { hook: 'http://hook.example/' });
    const claim = await cloud.claim();
    const { created, registered } = await cloud.provision(claim, {});
    expect(registered.reply).toEqual({
      statusCode: 403,
      errorCode: 'AccessDenied',
      errorMessage: 'the pre-provisioning hook did not allow it',
    });
    allowed = true;
    const again = await cloud.ask(
      claim,
      { operation: 'register-thing', template: 'hubs', format: 'cbor' },
      {
        certificateOwnershipToken: created.certificateOwnershipToken,
        parameters: { SerialNumber: 'hub-1' },
      },
    );
    expect(again.outcome).toBe('accepted');
  });

  it('registers nothing for a claim that is revoked while the hook takes its time', async () => {
    const revoked: string[] = [];
    await using cloud = await startTestProvisioning({
      hook: async () => (await revokeCertificates(cloud.store, revoked), { overrides: {} }),
    });
    await cloud.put('hubs', { hook: 'http://hook.example/' });
    const claim = await cloud.claim();
    expect((await cloud.provision(claim, {})).registered.outcome).toBe('accepted');
    revoked.push(claim);
    const late = await cloud.provision(claim, { parameters: { SerialNumber: 'hub-2' } });
    expect(late.registered.reply).toMatchObject({ errorCode: 'AccessDenied' });
    expect(await thingDescription(cloud.store, 'hub-2')).toBeUndefined();
  });

  it('lets no hook name another certificate', async () => {
    const overrides = { 'AWS::IoT::Certificate::Id': 'ff'.repeat(32) };
    await using cloud = await startTestProvisioning({ hook: async () => ({ overrides }) });
    await cloud.put('hubs', { hook: 'http://hook.example/' });
    const { registered } = await cloud.provision(await cloud.claim(), {});
    expect(registered.reply).toMatchObject({ errorCode: 'InvalidParameters' });
  });
});
