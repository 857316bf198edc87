import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyLastUsageCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiCall, eventOf, TrailFolder } from '../../../cloud/kms/cloudtrail.ts';
import { clientFor, refusal, START_MS, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

const account = { region: 'us-east-1', accountId: '000000000000' };
const FILE = '000000000000_CloudTrail_us-east-1_20261121.jsonl';

let folder: string;
let kms: TestKms;
const errors: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bristlecone-trail-'));
  kms = await startTestKms({ trailFolder: folder, onInternalError: (operation) => errors.push(operation) });
});
afterEach(async () => {
  await kms.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Stops the server, so that everything is in the files. */
async function events(): Promise<Record<string, unknown>[]> {
  kms = await kms.restart();
  const files = (await readdir(folder)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line));
}

describe('the trail of the embedded KMS', () => {
  it('shows a Sign as CloudTrail does: no message, no signature, no key spec', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({
        KeySpec: 'ML_DSA_65',
        KeyUsage: 'SIGN_VERIFY',
        Tags: [{ TagKey: 'team', TagValue: 'iot' }],
      }),
    );
    const { Arn } = KeyMetadata!;
    const { $metadata } = await kms.client.send(
      new SignCommand({
        KeyId: Arn,
        SigningAlgorithm: 'ML_DSA_SHAKE_256',
        MessageType: 'EXTERNAL_MU',
        Message: new Uint8Array(64).fill(65),
        GrantTokens: ['secret-token'],
      }),
    );
    const lastUsage = await kms.client.send(new GetKeyLastUsageCommand({ KeyId: Arn }));
    const [created, signed] = await events();
    expect(signed).toStrictEqual({
      eventVersion: '1.11',
      userIdentity: {
        type: 'IAMUser',
        principalId: 'AKIDEXAMPLE',
        arn: 'arn:aws:iam::000000000000:user/AKIDEXAMPLE',
        accountId: '000000000000',
        accessKeyId: 'AKIDEXAMPLE',
        userName: 'AKIDEXAMPLE',
      },
      eventTime: '2026-11-21T00:00:00Z',
      eventSource: 'kms.amazonaws.com',
      eventName: 'Sign',
      awsRegion: 'us-east-1',
      sourceIPAddress: '127.0.0.1',
      userAgent: expect.stringContaining('aws-sdk-js/3.'),
      requestParameters: { keyId: Arn, signingAlgorithm: 'ML_DSA_SHAKE_256', messageType: 'EXTERNAL_MU' },
      responseElements: null,
      requestID: $metadata.requestId,
      eventID: lastUsage.KeyLastUsage!.CloudTrailEventId,
      readOnly: true,
      resources: [{ accountId: '000000000000', type: 'AWS::KMS::Key', ARN: Arn }],
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: '000000000000',
      eventCategory: 'Management',
    });
    expect(created).toMatchObject({
      eventName: 'CreateKey',
      readOnly: false,
      requestParameters: {
        keySpec: 'ML_DSA_65',
        keyUsage: 'SIGN_VERIFY',
        tags: [{ tagKey: 'team', tagValue: 'iot' }],
      },
      responseElements: {
        keyMetadata: {
          AWSAccountId: '000000000000',
          keySpec: 'ML_DSA_65',
          arn: Arn,
          creationDate: 'Nov 21, 2026, 12:00:00 AM',
        },
      },
      resources: [{ ARN: Arn }],
    });
    expect(lastUsage.KeyLastUsage!.KmsRequestId).toBe($metadata.requestId);
  });

  it('names the key behind an alias, the alias itself, and what was changed', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }),
    );
    const { Arn: KeyId } = KeyMetadata!;
    await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/release', TargetKeyId: KeyId }));
    await kms.client.send(new DescribeKeyCommand({ KeyId: 'alias/release' }));
    await kms.client.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }));
    await kms.client.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal: 'arn:aws:iam::000000000000:role/x', Operations: ['Sign'] }),
    );
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await kms.client.send(new ListAliasesCommand({}));
    const [, alias, described, tagged, granted, scheduled, listed] = await events();
    const ofKey = { accountId: '000000000000', type: 'AWS::KMS::Key', ARN: KeyId };
    const ofAlias = { ...ofKey, type: 'AWS::KMS::Alias', ARN: 'arn:aws:kms:us-east-1:000000000000:alias/release' };
    expect(alias).toMatchObject({ resources: [ofAlias, ofKey], responseElements: { keyId: KeyId }, readOnly: false });
    expect(described).toMatchObject({ resources: [ofKey], requestParameters: { keyId: 'alias/release' } });
    expect(tagged).toMatchObject({ resources: [ofKey], responseElements: { keyId: KeyId } });
    expect(granted).toMatchObject({ responseElements: { grantId: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(granted!['responseElements']).not.toHaveProperty('grantToken');
    expect(scheduled).toMatchObject({
      responseElements: { keyId: KeyId, keyState: 'PendingDeletion', deletionDate: 'Nov 28, 2026, 12:00:00 AM' },
    });
    expect(listed).toMatchObject({ eventName: 'ListAliases', requestParameters: null, resources: [], readOnly: true });
  });

  it('shows what was refused, and why', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }),
    );
    const { Arn: KeyId } = KeyMetadata!;
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: Uint8Array.of(1) } as const;
    await refusal(kms.client.send(new SignCommand(input)));
    await refusal(kms.client.send(new DescribeKeyCommand({ KeyId: 'alias/none' })));
    const [, , refused, unknown] = await events();
    expect(refused).toMatchObject({
      eventName: 'Sign',
      errorCode: 'DisabledException',
      errorMessage: `${KeyId} is disabled.`,
      resources: [{ ARN: KeyId }],
      responseElements: null,
    });
    expect(unknown).toMatchObject({ errorCode: 'NotFoundException', resources: [] });
  });

  it('leaves no bytes of any secret', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }),
    );
    const Message = new TextEncoder().encode('the very secret plan');
    const { Signature } = await kms.client.send(
      new SignCommand({ KeyId: KeyMetadata!.KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message }),
    );
    kms = await kms.restart();
    const text = await readFile(join(folder, FILE), 'utf8');
    expect(text).not.toContain(Message.toBase64().slice(0, 12));
    expect(text).not.toContain(new Uint8Array(Signature!).toBase64().slice(0, 12));
  });

  it('has every one of many calls at once, in files of their day, for the owner alone', async () => {
    await Promise.all(Array.from({ length: 200 }, () => kms.client.send(new ListKeysCommand({}))));
    kms.clock.nowMs = START_MS + 86_400_000;
    await kms.client.send(new ListKeysCommand({}));
    const all = await events();
    expect(all).toHaveLength(201);
    expect(new Set(all.map((event) => event['eventID'])).size).toBe(201);
    expect((await readdir(folder)).toSorted()).toEqual([FILE, FILE.replace('21.jsonl', '22.jsonl')]);
    expect(((await stat(join(folder, FILE))).mode & 0o777).toString(8)).toBe('600');
  });

  it('names the caller of a checked signature', async () => {
    const credentials = { accessKeyId: 'AKIDALICE', secretAccessKey: 's', userName: 'alice' };
    await kms.stop();
    kms = await startTestKms({ trailFolder: folder, credentials: [credentials], nowMs: Date.now });
    const client = clientFor(kms.server.url, credentials);
    await client.send(new ListKeysCommand({}));
    await refusal(kms.client.send(new ListKeysCommand({}))); // whose signature is not good leaves no event
    client.destroy();
    const all = await events();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      userIdentity: { arn: 'arn:aws:iam::000000000000:user/alice', userName: 'alice', accessKeyId: 'AKIDALICE' },
    });
  });

  it('that cannot be written is told to the operator, and the call is answered all the same', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    await kms.client.send(new ListKeysCommand({}));
    await expect.poll(() => errors).toEqual(['CloudTrail']);
    await kms.client.send(new ListKeysCommand({}));
  });
});

describe('eventOf', () => {
  const call: ApiCall = {
    operation: 'ImportKeyMaterial',
    eventId: 'e',
    requestId: 'r',
    atMs: START_MS,
    accessKeyId: undefined,
    userName: undefined,
    sourceAddress: '::1',
    userAgent: '',
    request: { KeyId: 'k', ImportToken: 'AAAA', EncryptedKeyMaterial: 'AAAA', ValidTo: 1, ExpirationModel: null },
    response: { KeyId: 'arn:aws:kms:us-east-1:000000000000:key/k' },
    refusal: undefined,
    resources: [],
  };

  it('leaves out tokens, material and what is null; a caller who did not say is unknown', () => {
    const event = eventOf(call, account);
    expect(event['requestParameters']).toStrictEqual({ keyId: 'k', validTo: 1 });
    expect(event['userIdentity']).toStrictEqual({ type: 'Unknown', accountId: '000000000000' });
  });

  it.each(['Message', 'Signature', 'GrantTokens', 'GrantToken', 'EncryptedKeyMaterial', 'ImportToken'])(
    'never shows %s',
    (name) => {
      expect(
        JSON.stringify(eventOf({ ...call, request: { [name]: 'hidden' }, response: { [name]: 'hidden' } }, account)),
      ).not.toContain('hidden');
    },
  );
});

it('a folder that is a file is refused at the start', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(TrailFolder.open(file, account, () => undefined)).rejects.toThrow('EEXIST');
});
