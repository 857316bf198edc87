/** Keys that do not sign: made, listed and described as on AWS, and refused where AWS refuses them. */
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  SignCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySpec, KEY_SPECS, type KeyUsage } from '../../../../cloud/kms/key-specs.ts';
import { createKey, idOf, refusal, sign, START_MS, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const create = async (input: CreateKeyCommandInput): Promise<KeyMetadata> =>
  (await kms.client.send(new CreateKeyCommand(input))).KeyMetadata!;

const describeKey = async (KeyId: string): Promise<KeyMetadata> =>
  (await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;

/** The one list of algorithms that real KMS gives for a key of each usage: 2026-09-12, radkawar/stackd testdata. */
const LISTS: readonly [CreateKeyCommandInput, Partial<KeyMetadata>][] = [
  [{}, { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT', EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] }],
  [{ KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' }, { MacAlgorithms: ['HMAC_SHA_224'] }],
  [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, { MacAlgorithms: ['HMAC_SHA_256'] }],
  [{ KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' }, { MacAlgorithms: ['HMAC_SHA_384'] }],
  [{ KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' }, { MacAlgorithms: ['HMAC_SHA_512'] }],
  [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }, { KeyAgreementAlgorithms: ['ECDH'] }],
  [
    { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
    { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
  ],
  [{ KeySpec: 'ML_KEM_768', KeyUsage: 'ENCAPSULATE_DECAPSULATE' }, { EncapsulationAlgorithms: ['ML_KEM'] }],
];
const ALL_LISTS = [
  'SigningAlgorithms',
  'EncryptionAlgorithms',
  'MacAlgorithms',
  'KeyAgreementAlgorithms',
  'EncapsulationAlgorithms',
];

describe('a key that does not sign', () => {
  it.each(LISTS)('is described with the algorithms of its usage alone: %j', async (input, expected) => {
    const made = await create(input);
    const found = await describeKey(made.KeyId!);
    expect(found).toEqual(made);
    expect(found).toMatchObject({ ...expected, KeyState: 'Enabled', Enabled: true, Origin: 'AWS_KMS' });
    expect(ALL_LISTS.filter((name) => name in found)).toHaveLength(1);
  });

  it('is every other key of AWS, by spec and usage', () => {
    const pairs = KEY_SPECS.flatMap(({ name, uses }) => Object.keys(uses).map((usage) => `${name} ${usage}`));
    expect(pairs.filter((pair) => !pair.endsWith('SIGN_VERIFY'))).toHaveLength(3 + 3 + 3 + 1 + 4);
  });

  it('names the material of a symmetric key, and of no other', async () => {
    expect((await create({})).CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
    expect(await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })).not.toHaveProperty(
      'CurrentKeyMaterialId',
    );
  });

  it.each(LISTS)('is refused by Sign and Verify for its usage: %j', async (input) => {
    const { Arn: KeyId, KeyUsage } = await create(input);
    const request = { KeyId, SigningAlgorithm: 'ECDSA_SHA_256', Message: Uint8Array.of(1) } as const;
    const refused = (operation: string) => ({
      name: 'InvalidKeyUsageException',
      message: `${KeyId} key usage is ${KeyUsage} which is not valid for ${operation}.`,
      status: 400,
    });
    expect(await refusal(kms.client.send(new SignCommand(request)))).toEqual(refused('Sign'));
    const Signature = Uint8Array.of(1);
    expect(await refusal(kms.client.send(new VerifyCommand({ ...request, Signature })))).toEqual(refused('Verify'));
  });

  it.each([{}, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }] satisfies CreateKeyCommandInput[])(
    'has no public key where it is symmetric: %j',
    async (input) => {
      const { Arn: KeyId, KeySpec } = await create(input);
      expect(await refusal(kms.client.send(new GetPublicKeyCommand({ KeyId })))).toEqual({
        name: 'UnsupportedOperationException',
        message: `${KeyId} key spec is ${KeySpec} which is not valid for this operation.`,
        status: 400,
      });
    },
  );

  it('has a public key where it is a pair, with the algorithms of its usage', async () => {
    const { Arn: KeyId } = await create({ KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' });
    const { $metadata: _metadata, PublicKey, ...rest } = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
    expect(PublicKey).toHaveLength(120);
    expect(rest).toStrictEqual({
      KeyId,
      CustomerMasterKeySpec: 'ECC_NIST_P384',
      KeySpec: 'ECC_NIST_P384',
      KeyUsage: 'KEY_AGREEMENT',
      KeyAgreementAlgorithms: ['ECDH'],
    });
  });

  it.each([
    ['HMAC_256', undefined, 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'],
    ['HMAC_256', 'SIGN_VERIFY', 'KeyUsage SIGN_VERIFY is not compatible with KeySpec HMAC_256'],
    ['SYMMETRIC_DEFAULT', 'SIGN_VERIFY', 'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT'],
    ['ECC_NIST_P256', 'ENCRYPT_DECRYPT', 'KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256'],
    ['ECC_SECG_P256K1', 'KEY_AGREEMENT', 'KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1'],
  ] as const)('is not made of %s for %s', async (KeySpec, KeyUsage, message) => {
    expect(await refusal(create({ KeySpec, KeyUsage }))).toEqual({ name: 'ValidationException', message, status: 400 });
  });

  it('is the same after a restart', async () => {
    const before = await Promise.all(LISTS.map(([input]) => create(input)));
    kms = await kms.restart();
    expect(kms.server.notices).toHaveLength(1);
    expect(await Promise.all(before.map(({ KeyId }) => describeKey(KeyId!)))).toEqual(before);
  });
});

it('no key is rotated by itself', async () => {
  const KeyId = await createKey(kms.client, 'ML_DSA_65');
  const status = await kms.client.send(new GetKeyRotationStatusCommand({ KeyId }));
  expect(status).toMatchObject({ KeyId, KeyRotationEnabled: false });
});

const lastUse = async (KeyId: string) => {
  const { $metadata: _metadata, ...usage } = await kms.client.send(new GetKeyLastUsageCommand({ KeyId }));
  return usage;
};

describe('the last use of a key', () => {
  it('is empty for one that only failed and rehearsed', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: Uint8Array.of(1) } as const;
    await refusal(kms.client.send(new SignCommand({ ...input, DryRun: true })));
    await refusal(kms.client.send(new VerifyCommand({ ...input, Signature: new Uint8Array(2420) })));
    expect(await lastUse(idOf(KeyId))).toEqual({
      KeyId: idOf(KeyId),
      KeyLastUsage: {},
      TrackingStartDate: new Date(START_MS),
      KeyCreationDate: new Date(START_MS),
    });
  });

  it('is the latest, also by alias, and lasts over a restart', async () => {
    const KeyId = await createKey(kms.client, 'ML_DSA_44');
    const input = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256', Message: Uint8Array.of(1) } as const;
    const Signature = await sign(kms.client, input);
    kms.clock.nowMs += 1_000;
    const { $metadata } = await kms.client.send(new VerifyCommand({ ...input, Signature }));
    const expected = {
      Operation: 'Verify',
      Timestamp: new Date(START_MS + 1_000),
      CloudTrailEventId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      KmsRequestId: $metadata.requestId,
    };
    expect((await lastUse(KeyId)).KeyLastUsage).toEqual(expected);
    kms = await kms.restart();
    expect((await lastUse(KeyId)).KeyLastUsage).toEqual(expected);
    expect((await lastUse(KeyId)).KeyLastUsage).not.toMatchObject({ Operation: 'Sign' });
  });

  it('is asked for by id or ARN', async () => {
    const call = kms.client.send(new GetKeyLastUsageCommand({ KeyId: 'alias/any' }));
    expect(await refusal(call)).toMatchObject({ name: 'InvalidArnException' });
  });
});

it('every usage has a list of algorithms', () => {
  const usages = new Set(KEY_SPECS.flatMap(({ uses }) => Object.keys(uses) as KeyUsage[]));
  expect(usages.size).toBe(5);
  expect(keySpec('RSA_2048')!.uses.ENCRYPT_DECRYPT).toHaveLength(2);
});
