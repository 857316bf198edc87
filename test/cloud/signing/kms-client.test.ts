import { type KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKmsClient } from '../../../cloud/signing/kms-client.ts';
import { createKey, startTestKms } from '../../support/embedded-kms.ts';

afterEach(() => vi.unstubAllEnvs());

describe('createKmsClient', () => {
  it('works with an embedded KMS without any AWS set-up', async () => {
    const kms = await startTestKms();
    const client = createKmsClient({ endpoint: kms.server.url });
    expect(await createKey(client, 'ML_DSA_44')).toMatch(/^arn:aws:kms:us-east-1:/);
    client.destroy();
    await kms.stop();
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'makes up credentials for %s',
    async (endpoint) => {
      const { accessKeyId } = await createKmsClient({ endpoint }).config.credentials();
      expect(accessKeyId).toBe('bristlecone');
    },
  );

  it.each([undefined, 'https://kms.example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:8080'])(
    'takes those of the AWS chain for %s',
    async (endpoint) => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-the-environment');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
      const options = endpoint === undefined ? {} : { endpoint };
      const { accessKeyId } = await createKmsClient({ ...options, region: 'eu-west-1' }).config.credentials();
      expect(accessKeyId).toBe('from-the-environment');
    },
  );

  it.each([
    ['has them', { AWS_ACCESS_KEY_ID: 'AKIDLOCAL', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }, 'AKIDLOCAL'],
    ['has half of them', { AWS_ACCESS_KEY_ID: 'AKIDLOCAL' }, 'bristlecone'],
  ])('takes those of the environment for a local KMS where it %s', async (_name, env, wanted) => {
    const { accessKeyId } = await createKmsClient({ endpoint: 'http://127.0.0.1:1', env }).config.credentials();
    expect(accessKeyId).toBe(wanted);
  });

  it('means AWS without an endpoint, whatever the environment says', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const client = createKmsClient({ region: 'eu-west-1' });
    expect(await hostOf(client)).toBe('kms.eu-west-1.amazonaws.com');
    expect(await hostOf(createKmsClient({ endpoint: 'http://localhost:8081' }))).toBe('localhost');
  });

  it('refuses an endpoint that is no URL', () => {
    expect(() => createKmsClient({ endpoint: 'localhost' })).toThrow(TypeError);
  });

  it('takes the Region it is given', async () => {
    const client = createKmsClient({ endpoint: 'http://127.0.0.1:1', region: 'eu-south-1' });
    expect(await client.config.region()).toBe('eu-south-1');
  });
});

/** Where the SDK would send a request; none is sent. */
async function hostOf(client: KMSClient): Promise<string> {
  const seen: string[] = [];
  client.middlewareStack.add(
    () => async (args) => {
      seen.push((args.request as { hostname: string }).hostname);
      throw new Error('not sent');
    },
    { step: 'build', priority: 'low' },
  );
  await client.send(new ListKeysCommand({})).catch(() => undefined);
  return seen[0]!;
}
