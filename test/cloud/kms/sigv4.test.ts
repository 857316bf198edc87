import { CreateKeyCommand, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { clientFor, refusal, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

const ALICE = { accessKeyId: 'AKIDALICE', secretAccessKey: 'alice+secret/with=signs', userName: 'alice' };
const SESSION = { accessKeyId: 'ASIASESSION', secretAccessKey: 'temporary', sessionToken: 'a-token' };
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.';
const UNKNOWN = 'The security token included in the request is invalid.';
const FIVE_MINUTES_MS = 300_000;

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms({ credentials: [ALICE, SESSION], nowMs: Date.now });
});
afterAll(() => kms.stop());

describe('with a list of credentials', () => {
  it.each([
    ['a long-term key', ALICE],
    ['a key with its session token', SESSION],
  ])('the SDK is answered: %s', async (_name, credentials) => {
    const client = clientFor(kms.server.url, credentials);
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }));
    const KeyId = KeyMetadata!.KeyId!;
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: utf8('ünïcode') } as const;
    expect((await client.send(new SignCommand(input))).Signature).toHaveLength(2420);
    client.destroy();
  });

  it.each<[name: string, credentials: typeof ALICE | typeof SESSION, type: string, message: string]>([
    ['an unknown key', { ...ALICE, accessKeyId: 'AKIDOTHER' }, 'UnrecognizedClientException', UNKNOWN],
    ['a wrong secret', { ...ALICE, secretAccessKey: 'wrong' }, 'InvalidSignatureException', MISMATCH],
    ['a wrong session token', { ...SESSION, sessionToken: 'other' }, 'UnrecognizedClientException', UNKNOWN],
    ['a session token too many', { ...ALICE, sessionToken: 'x' }, 'UnrecognizedClientException', UNKNOWN],
    ['no session token', { ...SESSION, sessionToken: undefined } as never, 'UnrecognizedClientException', UNKNOWN],
  ])('the SDK is refused: %s', async (_name, credentials, name, message) => {
    const client = clientFor(kms.server.url, credentials);
    expect(await refusal(client.send(new ListKeysCommand({})))).toEqual({ name, message, status: 400 });
    client.destroy();
  });

  it('the SDK sets its clock by the server’s and tries again', async () => {
    const client = clientFor(kms.server.url, ALICE, { maxAttempts: 3 });
    client.config.systemClockOffset = -7_200_000;
    await client.send(new ListKeysCommand({}));
    expect(Math.abs(client.config.systemClockOffset)).toBeLessThan(60_000);
    client.destroy();
  });

  it('says in its notice that it checks them', () => {
    expect(kms.server.notices).toHaveLength(1);
    expect(kms.server.notices[0]).toContain('Callers it knows, by their signatures: 2.');
  });

  it('others may come in', async () => {
    const open = await startTestKms({ credentials: [ALICE], host: '0.0.0.0' });
    expect(open.server.notices).toHaveLength(1);
    await open.stop();
  });
});

it('without a list any credentials are good, or none', async () => {
  const any = await startTestKms();
  for (const credentials of [ALICE, { accessKeyId: 'x', secretAccessKey: 'y' }]) {
    const client = clientFor(any.server.url, credentials);
    await client.send(new ListKeysCommand({}));
    client.destroy();
  }
  const headers = { 'x-amz-target': 'TrentService.ListKeys' };
  expect((await fetch(any.server.url, { method: 'POST', headers, body: '{}' })).status).toBe(200);
  await any.stop();
});

/** AWS's library over node:crypto, to sign requests and then break them. */
class Sha256 {
  readonly hash: ReturnType<typeof createHmac> | ReturnType<typeof createHash>;
  constructor(secret?: string | Uint8Array) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.hash.digest());
  }
  reset(): void {}
}

const BODY = '{"Limit":5}';

async function signedHeaders(
  url: string,
  { region = 'us-east-1', service = 'kms', atMs = Date.now(), body = BODY, unsigned = [] as string[] } = {},
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ credentials: ALICE, region, service, sha256: Sha256 as never });
  const { host, hostname } = new URL(url);
  const target = { 'x-amz-target': 'TrentService.ListKeys' };
  const headers = { host, 'content-type': 'application/x-amz-json-1.1', ...target };
  const signingDate = new Date(atMs);
  const unsignableHeaders = new Set(unsigned);
  const request = { method: 'POST', protocol: 'http:', hostname, path: '/', query: {}, headers, body };
  const signed = await signer.sign(request, { signingDate, unsignableHeaders });
  return { ...signed.headers };
}

interface Answer {
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly isDone: boolean;
}

async function post(headers: Record<string, string>, body = BODY): Promise<Answer> {
  const { host: _host, ...rest } = headers;
  const response = await fetch(kms.server.url, { method: 'POST', headers: rest, body });
  const { __type: type, message, Keys } = (await response.json()) as Record<string, never>;
  return { type, message, isDone: Keys !== undefined };
}

const change = (headers: Record<string, string>, from: RegExp, to: string): Record<string, string> => ({
  ...headers,
  authorization: headers['authorization']!.replace(from, to),
});

describe('a request', () => {
  it('that is signed is answered', async () => {
    expect((await post(await signedHeaders(kms.server.url))).isDone).toBe(true);
    const spaced = change(await signedHeaders(kms.server.url), /, /g, ' ');
    expect((await post(spaced)).isDone).toBe(true);
  });

  type Headers = Record<string, string>;
  it.each<[name: string, type: string, message: string | RegExp, make: (url: string) => Promise<Headers>]>([
    [
      'no Authorization',
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
      async (url) => ({ ...(await signedHeaders(url)), authorization: '' }),
    ],
    [
      'another algorithm',
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'Basic'.",
      async (url) => ({ ...(await signedHeaders(url)), authorization: 'Basic YWxpY2U6c2VjcmV0' }),
    ],
    [
      'an empty Authorization',
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
        "Authorization header requires 'SignedHeaders' parameter.",
      async (url) => ({ ...(await signedHeaders(url)), authorization: 'AWS4-HMAC-SHA256' }),
    ],
    [
      'no date',
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
      async (url) => ({ ...(await signedHeaders(url)), 'x-amz-date': '' }),
    ],
    [
      'a date in another form',
      'IncompleteSignatureException',
      "Date must be in ISO-8601 'basic format'. Got '2026-11-21T00:00:00Z'.",
      async (url) => ({ ...(await signedHeaders(url)), 'x-amz-date': '2026-11-21T00:00:00Z' }),
    ],
    [
      'half a credential',
      'IncompleteSignatureException',
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDALICE'",
      async (url) => change(await signedHeaders(url), /Credential=[^,]+/, 'Credential=AKIDALICE'),
    ],
    [
      'another Region',
      'InvalidSignatureException',
      "Credential should be scoped to a valid region, not 'eu-west-1'. Here it is 'us-east-1'.",
      (url) => signedHeaders(url, { region: 'eu-west-1' }),
    ],
    [
      'another service',
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'kms'.",
      (url) => signedHeaders(url, { service: 's3' }),
    ],
    [
      'another end of the scope',
      'InvalidSignatureException',
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'.",
      async (url) => change(await signedHeaders(url), /aws4_request/, 'aws5'),
    ],
    [
      'a scope of another day',
      'InvalidSignatureException',
      /^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150830' != '\d{8}', from '\d{8}T\d{6}Z'\.$/,
      async (url) => change(await signedHeaders(url), /AKIDALICE\/\d{8}/, 'AKIDALICE/20150830'),
    ],
    [
      'an old signature',
      'InvalidSignatureException',
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
      (url) => signedHeaders(url, { atMs: Date.now() - FIVE_MINUTES_MS - 1_000 }),
    ],
    [
      'a signature of the future',
      'InvalidSignatureException',
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
      (url) => signedHeaders(url, { atMs: Date.now() + FIVE_MINUTES_MS + 60_000 }),
    ],
    [
      'a body that is another',
      'InvalidSignatureException',
      MISMATCH,
      (url) => signedHeaders(url, { body: '{"Limit":6}' }),
    ],
    [
      'a body that is another, and its hash',
      'InvalidSignatureException',
      MISMATCH,
      async (url) => ({
        ...(await signedHeaders(url, { body: '{"Limit":6}' })),
        'x-amz-content-sha256': createHash('sha256').update(BODY).digest('hex'),
      }),
    ],
    [
      'another operation than was signed',
      'InvalidSignatureException',
      MISMATCH,
      async (url) => ({ ...(await signedHeaders(url)), 'x-amz-target': 'TrentService.ListAliases' }),
    ],
    [
      'an operation that was not signed',
      'InvalidSignatureException',
      "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
      (url) => signedHeaders(url, { unsigned: ['x-amz-target'] }),
    ],
    [
      'a host that was not signed',
      'InvalidSignatureException',
      "'Host' must be a 'SignedHeader' in the AWS Authorization.",
      (url) => signedHeaders(url, { unsigned: ['host'] }),
    ],
    ['a host that is another', 'InvalidSignatureException', MISMATCH, () => signedHeaders('http://localhost:1')],
    [
      'a signature cut short',
      'InvalidSignatureException',
      MISMATCH,
      async (url) => change(await signedHeaders(url), /.$/, ''),
    ],
    [
      'a signature of nothing',
      'InvalidSignatureException',
      MISMATCH,
      async (url) => change(await signedHeaders(url), /Signature=.*/, `Signature=${'0'.repeat(64)}`),
    ],
  ])('is refused with %s', async (_name, type, message, make) => {
    const answer = await post(await make(kms.server.url));
    expect(answer.type).toBe(type);
    const whole = typeof message === 'string' ? new RegExp(`^${RegExp.escape(message)}$`) : message;
    expect(answer.message).toMatch(whole);
  });

  it('is refused where any one character of its signature is another', async () => {
    const headers = await signedHeaders(kms.server.url);
    const signature = /Signature=(.*)$/.exec(headers['authorization']!)![1]!;
    expect(signature).toHaveLength(64);
    for (let i = 0; i < signature.length; i++) {
      const other = signature[i] === '0' ? '1' : '0';
      const changed = signature.slice(0, i) + other + signature.slice(i + 1);
      expect((await post(change(headers, /Signature=.*/, `Signature=${changed}`))).type).toBe(
        'InvalidSignatureException',
      );
    }
  });

  it('is refused before anything is said about the operation or the key', async () => {
    const headers = { ...(await signedHeaders(kms.server.url)), 'x-amz-target': 'TrentService.None' };
    expect((await post(headers)).type).toBe('InvalidSignatureException');
    expect((await post({ 'x-amz-target': 'TrentService.None' })).type).toBe('MissingAuthenticationTokenException');
  });
});
