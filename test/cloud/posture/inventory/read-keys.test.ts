import { CreateAliasCommand, CreateKeyCommand, ScheduleKeyDeletionCommand, SignCommand } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it } from 'vitest';
import { readKeys, type ReadKeysOptions } from '../../../../cloud/posture/inventory/read-keys.ts';
import { TokenBucket } from '../../../../cloud/posture/inventory/token-bucket.ts';
import { clientFor, createKey, idOf, startTestKms } from '../../../support/embedded-kms.ts';
import { type FakeKms, fault, ok, startFakeKms } from '../../../support/fake-kms.ts';

const options = (changes: Partial<ReadKeysOptions> = {}): ReadKeysOptions => ({
  bucket: new TokenBucket({ perSecond: 1e6, burst: 1e6, clock: { nowMs: () => 0, sleep: async () => undefined } }),
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...changes,
});

describe('readKeys on the embedded KMS', () => {
  it('reads spec, state, aliases, tags and last use of every key', async () => {
    const kms = await startTestKms();
    const { client } = kms;
    const signer = await createKey(client, 'ECC_NIST_P256');
    await client.send(new SignCommand({ KeyId: signer, Message: Uint8Array.of(1), SigningAlgorithm: 'ECDSA_SHA_256' }));
    const { KeyMetadata } = await client.send(
      new CreateKeyCommand({ Description: 'a vault', Tags: [{ TagKey: 'team', TagValue: 'iot' }] }),
    );
    const deleted = await createKey(client, 'ML_DSA_44');
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: idOf(deleted) }));
    // AWS gives 100 aliases at most in one page.
    for (let i = 0; i < 101; i++)
      await client.send(new CreateAliasCommand({ AliasName: `alias/a${i}`, TargetKeyId: idOf(signer) }));

    const { keys, gaps } = await readKeys(client, options());
    expect(gaps).toEqual([]);
    expect(keys).toHaveLength(3);
    const of = (arn: string | undefined) => keys.find(({ keyArn }) => keyArn === arn);
    expect(of(signer)).toMatchObject({
      spec: 'ECC_NIST_P256',
      usage: 'SIGN_VERIFY',
      state: 'Enabled',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      lastUse: { known: 'used', at: '2026-11-21T00:00:00.250Z', operation: 'Sign' },
    });
    expect(of(signer)?.aliases).toHaveLength(101);
    expect(of(KeyMetadata?.Arn)).toMatchObject({
      spec: 'SYMMETRIC_DEFAULT',
      description: 'a vault',
      tags: { team: 'iot' },
      lastUse: { known: 'never', since: expect.stringMatching(/^20/) },
    });
    expect(of(deleted)).toMatchObject({ state: 'PendingDeletion' });
    await kms.stop();
  });
});

describe('readKeys', () => {
  let kms: FakeKms;
  afterEach(() => kms.close());

  const ARN = 'arn:aws:kms:us-east-1:111122223333:key/';
  const metadata = (KeyId: string) =>
    ok({ KeyMetadata: { KeyId, Arn: `${ARN}${KeyId}`, KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } });
  const keysOf = (...ids: string[]) => ids.map((KeyId) => ({ KeyId, KeyArn: `${ARN}${KeyId}` }));
  const EMPTY: Readonly<Record<string, object>> = {
    ListAliases: { Aliases: [] },
    ListKeys: { Keys: keysOf('k1') },
    ListResourceTags: { Tags: [] },
    GetKeyLastUsage: {},
  };
  type Canned = Readonly<
    Record<string, (input: Readonly<Record<string, unknown>>) => ReturnType<typeof ok> | undefined>
  >;
  const start = async (canned: Canned) => {
    kms = await startFakeKms((operation, input) => {
      if (canned[operation]) return canned[operation](input);
      return operation === 'DescribeKey' ? metadata(String(input['KeyId'])) : ok({ ...EMPTY[operation] });
    });
    return clientFor(kms.url);
  };

  it('follows the pages to the last key', async () => {
    const client = await start({
      ListKeys: ({ Marker }) =>
        Marker === undefined
          ? ok({ Keys: keysOf('k1', 'k2'), Truncated: true, NextMarker: 'more' })
          : ok({ Keys: keysOf('k3'), Truncated: false }),
    });
    const { keys, gaps } = await readKeys(client, options());
    expect(keys.map(({ keyId }) => keyId).sort()).toEqual(['k1', 'k2', 'k3']);
    expect(gaps).toEqual([]);
  });

  it('takes a token for every request', async () => {
    let taken = 0;
    const client = await start({});
    const bucket = options().bucket;
    const take = bucket.take.bind(bucket);
    bucket.take = () => ((taken += 1), take());
    await readKeys(client, options({ bucket }));
    expect(kms.calls).toHaveLength(5);
    expect(taken).toBeGreaterThanOrEqual(5);
  });

  it.each<[name: string, canned: Canned, gap: object]>([
    [
      'the description',
      { DescribeKey: () => fault('AccessDeniedException') },
      { what: 'DescribeKey', code: 'access-denied' },
    ],
    [
      'the tags',
      { ListResourceTags: () => fault('AccessDeniedException') },
      { what: 'ListResourceTags', code: 'access-denied' },
    ],
    [
      'the last use',
      { GetKeyLastUsage: () => fault('AccessDeniedException') },
      { what: 'GetKeyLastUsage', code: 'access-denied' },
    ],
    [
      'the aliases',
      { ListAliases: () => fault('AccessDeniedException') },
      { what: 'ListAliases', code: 'access-denied' },
    ],
    [
      'a key that is gone',
      { DescribeKey: () => fault('NotFoundException') },
      { what: 'DescribeKey', code: 'key-not-found' },
    ],
    [
      'a throttled description',
      { DescribeKey: () => fault('ThrottlingException') },
      { what: 'DescribeKey', code: 'unavailable' },
    ],
    [
      'a connection that was cut',
      { ListResourceTags: () => undefined },
      { what: 'ListResourceTags', code: 'unavailable' },
    ],
    [
      'a later page of keys',
      {
        ListKeys: ({ Marker }) =>
          Marker === undefined
            ? ok({ Keys: keysOf('k1'), Truncated: true, NextMarker: 'm' })
            : fault('ThrottlingException'),
      },
      { what: 'ListKeys', code: 'unavailable' },
    ],
  ])('keeps the rest where %s cannot be had', async (_name, canned, gap) => {
    const { keys, gaps } = await readKeys(await start(canned), options());
    expect(keys).toHaveLength(1);
    expect(gaps).toEqual([expect.objectContaining(gap)]);
  });

  it('throws where not one key can be listed', async () => {
    const client = await start({ ListKeys: () => fault('AccessDeniedException') });
    await expect(readKeys(client, options())).rejects.toMatchObject({ code: 'access-denied' });
  });

  it('asks an endpoint without GetKeyLastUsage only until it says so', async () => {
    const client = await start({
      ListKeys: () => ok({ Keys: keysOf(...Array.from({ length: 50 }, (_, i) => `k${i}`)) }),
      GetKeyLastUsage: () => fault('UnknownOperationException'),
    });
    const { keys } = await readKeys(client, options());
    expect(keys).toHaveLength(50);
    expect(keys.every(({ lastUse }) => lastUse.known === 'unknown')).toBe(true);
    expect(kms.calls.filter((it) => it === 'GetKeyLastUsage').length).toBeLessThanOrEqual(8);
  });

  it('gives up a KMS that stopped answering, and says what it did not look at', async () => {
    const client = await start({
      ListKeys: () => ok({ Keys: keysOf(...Array.from({ length: 500 }, (_, i) => `k${i}`)) }),
      DescribeKey: () => fault('ThrottlingException'),
      ListResourceTags: () => fault('ThrottlingException'),
      GetKeyLastUsage: () => fault('ThrottlingException'),
    });
    const { keys, gaps } = await readKeys(client, options());
    expect(keys.length).toBeLessThan(30);
    expect(gaps.at(-1)).toMatchObject({ code: 'stopped', message: `${500 - keys.length} keys were not looked at` });
  });

  it('gives what it has when it is told to stop', async () => {
    const abort = new AbortController();
    const client = await start({
      ListKeys: () => ok({ Keys: keysOf(...Array.from({ length: 100 }, (_, i) => `k${i}`)) }),
    });
    const { keys, gaps } = await readKeys(
      client,
      options({ signal: abort.signal, onProgress: (done) => void (done === 5 && abort.abort()) }),
    );
    expect(keys.length).toBeLessThan(20);
    expect(gaps).toEqual([expect.objectContaining({ code: 'stopped' })]);
  });
});
