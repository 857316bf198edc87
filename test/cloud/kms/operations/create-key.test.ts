import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  ReplicateKeyCommand,
} from '@aws-sdk/client-kms';
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../../protocol/bytes.ts';
import { KEY_SPECS, keySpec, signingAlgorithmsOf } from '../../../../cloud/kms/key-specs.ts';
import {
  createKey,
  forbidden,
  keyCount,
  refusal,
  SIGNING_SPEC_NAMES,
  START_MS,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

describe('CreateKey', () => {
  it('answers for an ML-DSA key with the fields that real KMS sent, and no others', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Description: 'releases' }),
    );
    const KeyId = KeyMetadata!.KeyId!;
    expect(KeyId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(KeyMetadata).toStrictEqual({
      AWSAccountId: '000000000000',
      KeyId,
      Arn: `arn:aws:kms:us-east-1:000000000000:key/${KeyId}`,
      CreationDate: new Date(START_MS),
      Enabled: true,
      Description: 'releases',
      KeyUsage: 'SIGN_VERIFY',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'ML_DSA_44',
      KeySpec: 'ML_DSA_44',
      SigningAlgorithms: ['ML_DSA_SHAKE_256'],
      MultiRegion: false,
    });
  });

  it('knows eleven specs that sign', () => {
    expect(SIGNING_SPEC_NAMES).toHaveLength(11);
  });

  it.each(SIGNING_SPEC_NAMES)('makes a %s key whose public key node:crypto reads', async (name) => {
    const KeyId = await createKey(kms.client, name);
    const response = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
    const { $metadata: _metadata, PublicKey, ...rest } = response;
    expect(rest).toStrictEqual({
      KeyId,
      CustomerMasterKeySpec: name,
      KeySpec: name,
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: signingAlgorithmsOf(keySpec(name)!).map((it) => it.name),
    });
    const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' });
    expect(key.asymmetricKeyType).toBe(keySpec(name)!.kind.type);
  });

  it.each<[KeySpec, number, string]>([
    ['ML_DSA_44', 1334, '30820532300b06096086480165030403110382052100'],
    ['ML_DSA_65', 1974, '308207b2300b0609608648016503040312038207a100'],
    ['ML_DSA_87', 2614, '30820a32300b060960864801650304031303820a2100'],
  ])('%s: an SPKI of %i bytes with absent parameters (RFC 9881)', async (spec, bytes, header) => {
    const response = await kms.client.send(new GetPublicKeyCommand({ KeyId: await createKey(kms.client, spec) }));
    const spki = new Uint8Array(response.PublicKey!);
    expect(spki).toHaveLength(bytes);
    expect(toHex(spki.subarray(0, 22))).toBe(header);
  });

  it('makes a multi-Region key as a primary without replicas', async () => {
    const created = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ML_DSA_65', KeyUsage: 'SIGN_VERIFY', MultiRegion: true }),
    );
    const { KeyId, Arn, MultiRegion, MultiRegionConfiguration } = created.KeyMetadata!;
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    expect(MultiRegion).toBe(true);
    expect(MultiRegionConfiguration).toEqual({
      MultiRegionKeyType: 'PRIMARY',
      PrimaryKey: { Arn, Region: 'us-east-1' },
      ReplicaKeys: [],
    });
    expect((await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.Arn).toBe(Arn);
    const replicate = kms.client.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'eu-west-1' }));
    expect(await refusal(replicate)).toEqual({
      name: 'UnsupportedOperationException',
      message: `${Arn} cannot be replicated: the embedded KMS has one Region, us-east-1.`,
      status: 400,
    });
  });

  it.each<[name: string, input: CreateKeyCommandInput, type: string, message: string]>([
    [
      'no usage',
      { KeySpec: 'ML_DSA_44' },
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    ],
    [
      'an encrypting ML-DSA key',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'ENCRYPT_DECRYPT' },
      'ValidationException',
      'KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ML_DSA_44',
    ],
    [
      'an agreeing ML-DSA key',
      { KeySpec: 'ML_DSA_87', KeyUsage: 'KEY_AGREEMENT' },
      'ValidationException',
      'KeyUsage KEY_AGREEMENT is not compatible with KeySpec ML_DSA_87',
    ],
    [
      'both names of the spec',
      { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    ],
    [
      'an unknown spec',
      { KeySpec: forbidden('ML_DSA_99'), KeyUsage: 'SIGN_VERIFY' },
      'ValidationException',
      "1 validation error detected: Value 'ML_DSA_99' at 'keySpec' failed to satisfy constraint: Member must satisfy " +
        `enum value set: [${[...KEY_SPECS.map((it) => it.name), 'SM2'].join(', ')}]`,
    ],
    [
      'a spec of China',
      { KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' },
      'UnsupportedOperationException',
      'The embedded KMS does not make SM2 keys, which AWS has in its China Regions only.',
    ],
    ...(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'] as const).map(
      (KeySpec): [string, CreateKeyCommandInput, string, string] => [
        `${KeySpec} material from elsewhere`,
        { KeySpec, KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' },
        'ValidationException',
        `KeySpec ${KeySpec} is not supported for Origin EXTERNAL`,
      ],
    ),
    [
      'an ML-DSA key in CloudHSM',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Origin: 'AWS_CLOUDHSM' },
      'ValidationException',
      'KeySpec ML_DSA_44 is not supported for Origin AWS_CLOUDHSM',
    ],
    [
      'a symmetric key in CloudHSM',
      { Origin: 'AWS_CLOUDHSM' },
      'UnsupportedOperationException',
      'Origin AWS_CLOUDHSM is not supported: the embedded KMS has no custom key stores.',
    ],
    [
      'a custom key store',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', CustomKeyStoreId: 'cks-1' },
      'UnsupportedOperationException',
      'CustomKeyStoreId is not supported: the embedded KMS has no custom key stores.',
    ],
    [
      'a long description',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Description: 'x'.repeat(8193) },
      'ValidationException',
      "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less " +
        'than or equal to 8192',
    ],
    [
      'a tag twice',
      {
        KeySpec: 'ML_DSA_44',
        KeyUsage: 'SIGN_VERIFY',
        Tags: ['x', 'y'].map((TagValue) => ({ TagKey: 'a', TagValue })),
      },
      'TagException',
      'Duplicate tag keys',
    ],
    [
      'a policy that is not JSON',
      { KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Policy: '{"Version":' },
      'MalformedPolicyDocumentException',
      'The new key policy is not JSON.',
    ],
  ])('refuses %s', async (_name, input, name, message) => {
    const before = await keyCount(kms.client);
    expect(await refusal(kms.client.send(new CreateKeyCommand(input)))).toEqual({ name, message, status: 400 });
    expect(await keyCount(kms.client)).toBe(before);
  });
});
