/** Key material from elsewhere: each case and sentence that real KMS gave on 2026-09-12 (stackd testdata, imports*.json). */
import {
  CancelKeyDeletionCommand,
  DeleteImportedKeyMaterialCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WrappingAlgorithm } from '../../../../cloud/kms/import-tokens.ts';
import { describeKey, refusal, START_MS, startTestKms, type TestKms } from '../../../support/embedded-kms.ts';
import {
  createExternal,
  fill,
  importInto,
  NEVER,
  type Parameters,
  parametersFor,
  secret,
} from '../../../support/imported-keys.ts';

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const pending = (arn: string) => ({
  name: 'KMSInvalidStateException',
  message: `${arn} is pending import.`,
  status: 400,
});

const incorrect = (id?: string) => ({
  name: 'IncorrectKeyMaterialException',
  message: `Imported key material does not have the expected identifier (${id}).`,
  status: 400,
});

describe('a key of material from elsewhere', () => {
  it('waits for it', async () => {
    const arn = await createExternal(kms.client);
    const metadata = await describeKey(kms.client, arn);
    expect(metadata).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' });
    expect(metadata).not.toHaveProperty('ExpirationModel');
    expect(metadata).not.toHaveProperty('CurrentKeyMaterialId');
    expect(await refusal(kms.client.send(new EnableKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
    expect(await refusal(kms.client.send(new DisableKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
  });

  it('is enabled by it, and names it', async () => {
    const arn = await createExternal(kms.client);
    const materialId = await fill(kms.client, arn, secret(1));
    expect(materialId).toMatch(/^[0-9a-f]{64}$/);
    expect(await describeKey(kms.client, arn)).toMatchObject({
      KeyState: 'Enabled',
      Enabled: true,
      ...NEVER,
      CurrentKeyMaterialId: materialId,
    });
  });

  const pairs: readonly [KeySpec, KeyObject, string | null, WrappingAlgorithm, WrappingKeySpec][] = [
    [
      'ECC_NIST_P256',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      'sha256',
      'RSAES_OAEP_SHA_1',
      'RSA_2048',
    ],
    [
      'ECC_NIST_P384',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
      'sha384',
      'RSA_AES_KEY_WRAP_SHA_1',
      'RSA_2048',
    ],
    [
      'ECC_NIST_P521',
      generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
      'sha512',
      'RSAES_OAEP_SHA_256',
      'RSA_3072',
    ],
    [
      'ECC_SECG_P256K1',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
      'sha256',
      'RSAES_OAEP_SHA_256',
      'RSA_2048',
    ],
    ['ECC_NIST_EDWARDS25519', generateKeyPairSync('ed25519').privateKey, null, 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    [
      'RSA_2048',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      'sha256',
      'RSA_AES_KEY_WRAP_SHA_256',
      'RSA_4096',
    ],
  ];

  it.each(pairs)('%s signs with it', async (spec, privateKey, digest, algorithm, wrappingSpec) => {
    const arn = await createExternal(kms.client, { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
    expect(await refusal(kms.client.send(new GetPublicKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
    const SigningAlgorithm = (await describeKey(kms.client, arn)).SigningAlgorithms!.find(
      (name) => !name.includes('PSS'),
    );
    const toSign = { KeyId: arn, SigningAlgorithm, Message: secret(7, 100) };
    expect(await refusal(kms.client.send(new SignCommand(toSign)))).toEqual(pending(arn));

    const { ImportToken, wrap } = await parametersFor(kms.client, arn, algorithm, wrappingSpec);
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const imported = await importInto(kms.client, arn, wrap(pkcs8), { ImportToken, ...NEVER });
    expect(imported).toMatchObject({ KeyId: arn });
    expect(imported.KeyMaterialId).toBeUndefined();

    kms = await kms.restart();
    const publicKey = createPublicKey(privateKey);
    const { PublicKey } = await kms.client.send(new GetPublicKeyCommand({ KeyId: arn }));
    expect(Buffer.from(PublicKey!)).toEqual(publicKey.export({ format: 'der', type: 'spki' }));
    const { Signature } = await kms.client.send(new SignCommand(toSign));
    expect(verify(digest, toSign.Message, publicKey, Signature!)).toBe(true);
  });

  it.each([
    ['HMAC_224', 28],
    ['HMAC_256', 32],
    ['HMAC_384', 48],
    ['HMAC_512', 64],
  ] as const)('%s takes %i bytes, no more and no less', async (KeySpec, bytes) => {
    const arn = await createExternal(kms.client, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { ImportToken, wrap } = await parametersFor(kms.client, arn);
    for (const wrong of [bytes - 1, bytes + 1]) {
      const call = importInto(kms.client, arn, wrap(secret(1, wrong)), { ImportToken, ...NEVER });
      expect(await refusal(call)).toEqual({ name: 'InvalidCiphertextException', message: 'UnknownError', status: 400 });
    }
    await importInto(kms.client, arn, wrap(secret(1, bytes)), { ImportToken, ...NEVER });
    expect((await describeKey(kms.client, arn)).KeyState).toBe('Enabled');
  });

  it('takes the same material again, by any token, and no other', async () => {
    const arn = await createExternal(kms.client);
    const [older, newer] = [
      await parametersFor(kms.client, arn),
      await parametersFor(kms.client, arn, 'RSAES_OAEP_SHA_1', 'RSA_3072'),
    ];
    const importWith = ({ ImportToken, wrap }: Parameters, byte: number, rest = {}) =>
      importInto(kms.client, arn, wrap(secret(byte)), { ImportToken, ...NEVER, ...rest });
    const { KeyMaterialId } = await importWith(older, 1);
    expect((await importWith(older, 1)).KeyMaterialId).toBe(KeyMaterialId);
    expect((await importWith(newer, 1)).KeyMaterialId).toBe(KeyMaterialId);
    expect((await importWith(newer, 1, { KeyMaterialId })).KeyMaterialId).toBe(KeyMaterialId);

    expect(await refusal(importWith(newer, 2))).toEqual(incorrect(KeyMaterialId));
    const otherId = '0'.repeat(64);
    expect(await refusal(importWith(newer, 1, { KeyMaterialId: otherId }))).toEqual(incorrect(otherId));
    expect((await describeKey(kms.client, arn)).CurrentKeyMaterialId).toBe(KeyMaterialId);
  });

  it('is enabled again by the same material where it was disabled', async () => {
    const arn = await createExternal(kms.client);
    await fill(kms.client, arn, secret(1));
    await kms.client.send(new DisableKeyCommand({ KeyId: arn }));
    await fill(kms.client, arn, secret(1));
    expect((await describeKey(kms.client, arn)).KeyState).toBe('Enabled');
  });

  it('loses it and gets it back', async () => {
    const arn = await createExternal(kms.client);
    const KeyMaterialId = await fill(kms.client, arn, secret(1));
    const remove = (id?: string) =>
      kms.client.send(
        new DeleteImportedKeyMaterialCommand({ KeyId: arn, ...(id === undefined ? {} : { KeyMaterialId: id }) }),
      );
    const otherId = '0'.repeat(64);
    expect(await refusal(remove(otherId))).toEqual({
      name: 'ValidationException',
      message: `Key material (id: ${otherId}) has never been imported into KMS key ${arn}.`,
      status: 400,
    });
    for (const id of [KeyMaterialId, undefined]) {
      expect(await remove(id)).toMatchObject({ KeyId: arn, KeyMaterialId });
      expect(await describeKey(kms.client, arn)).toMatchObject({
        KeyState: 'PendingImport',
        CurrentKeyMaterialId: KeyMaterialId,
      });
    }
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: arn }));
    await kms.client.send(new CancelKeyDeletionCommand({ KeyId: arn }));
    expect((await describeKey(kms.client, arn)).KeyState).toBe('PendingImport');
    await fill(kms.client, arn, secret(1));
    expect((await describeKey(kms.client, arn)).KeyState).toBe('Enabled');
  });

  it('loses it on its date, on disk at the next start', async () => {
    const arn = await createExternal(kms.client);
    const { ImportToken, wrap } = await parametersFor(kms.client, arn);
    const ValidTo = new Date(START_MS + 10_000);
    await importInto(kms.client, arn, wrap(secret(1)), { ImportToken, ValidTo });
    expect(await describeKey(kms.client, arn)).toMatchObject({
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo,
    });
    kms.clock.nowMs += 10_000;
    const expired = await describeKey(kms.client, arn);
    expect(expired).toMatchObject({ KeyState: 'PendingImport', Enabled: false });
    expect(expired).not.toHaveProperty('ExpirationModel');
    kms = await kms.restart();
    kms.clock.nowMs = START_MS;
    expect((await describeKey(kms.client, arn)).KeyState).toBe('PendingImport');
  });
});
