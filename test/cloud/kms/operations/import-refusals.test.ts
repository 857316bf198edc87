/** What real KMS refused to import, and in which words, on 2026-09-12 (stackd testdata, imports*.json). */
import { DeleteImportedKeyMaterialCommand, GetParametersForImportCommand } from '@aws-sdk/client-kms';
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createKey,
  describeKey,
  forbidden,
  idOf,
  refusal,
  START_MS,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';
import { createExternal, fill, importInto, NEVER, parametersFor, secret } from '../../../support/imported-keys.ts';

const DAY_MS = 86_400_000;

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

const validation = (message: string) => ({ name: 'ValidationException', message, status: 400 });
const unnamed = (name: string) => ({ name, message: 'UnknownError', status: 400 });

describe('what cannot be imported', () => {
  it.each([
    ['SYMMETRIC_DEFAULT', 'RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
    ['SYMMETRIC_DEFAULT', 'SM2PKE', 'SM2'],
    ['HMAC_256', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_4096'],
    ['RSA_2048', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['RSA_4096', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['ECC_NIST_P521', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
  ] as const)('%s under %s with %s', async (KeySpec, WrappingAlgorithm, WrappingKeySpec) => {
    const usages = { SYMMETRIC_DEFAULT: 'ENCRYPT_DECRYPT', HMAC_256: 'GENERATE_VERIFY_MAC' } as const;
    const KeyUsage = KeySpec in usages ? usages[KeySpec as keyof typeof usages] : 'SIGN_VERIFY';
    const KeyId = await createExternal(kms.client, { KeySpec, KeyUsage });
    const call = kms.client.send(new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }));
    expect(await refusal(call)).toEqual({
      name: 'ValidationException',
      message: `Wrapping algorithm ${WrappingAlgorithm} and wrapping key spec ${WrappingKeySpec} cannot be used to import a ${KeySpec} key.`,
      status: 400,
    });
  });

  it('into a key whose material was made here', async () => {
    const KeyId = await createKey(kms.client, 'ECC_NIST_P256');
    const refused = {
      name: 'UnsupportedOperationException',
      message: `${KeyId} origin is AWS_KMS which is not valid for this operation.`,
      status: 400,
    };
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' } as const;
    expect(await refusal(kms.client.send(new GetParametersForImportCommand({ KeyId, ...wrapping })))).toEqual(refused);
    expect(await refusal(importInto(kms.client, KeyId, secret(1), { ImportToken: secret(1), ...NEVER }))).toEqual(
      refused,
    );
    expect(await refusal(kms.client.send(new DeleteImportedKeyMaterialCommand({ KeyId })))).toEqual(refused);
  });

  it.each<[name: string, rest: object, refused: object]>([
    ['no date', {}, validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES')],
    ['a date in the past', { ValidTo: new Date(START_MS - 1) }, validation('ValidTo must be in the future')],
    [
      'a date too far away',
      { ValidTo: new Date(START_MS + 366 * DAY_MS) },
      validation('ValidTo must be less than 365 days in the future'),
    ],
    [
      'a date for what never expires',
      { ...NEVER, ValidTo: new Date(START_MS + DAY_MS) },
      validation('A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE'),
    ],
    [
      'a name for new material',
      { ...NEVER, ImportType: 'NEW_KEY_MATERIAL', KeyMaterialId: '0'.repeat(64) },
      validation('Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.'),
    ],
  ])('with %s', async (_name, rest, refused) => {
    const KeyId = await createExternal(kms.client);
    const { ImportToken, wrap } = await parametersFor(kms.client, KeyId);
    expect(await refusal(importInto(kms.client, KeyId, wrap(secret(1)), { ImportToken, ...rest }))).toEqual(refused);
    expect((await describeKey(kms.client, KeyId)).KeyState).toBe('PendingImport');
  });

  it.each(['ImportType', 'KeyMaterialId', 'KeyMaterialDescription'])('into an HMAC key, with %s', async (name) => {
    const KeyId = await createExternal(kms.client, { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { ImportToken, wrap } = await parametersFor(kms.client, KeyId);
    const value = { ImportType: 'EXISTING_KEY_MATERIAL', KeyMaterialId: '0'.repeat(64), KeyMaterialDescription: 'x' };
    const rest = forbidden({ [name]: value[name as keyof typeof value] });
    const shown = name.charAt(0).toLowerCase() + name.slice(1);
    expect(
      await refusal(importInto(kms.client, KeyId, wrap(secret(1, 28)), { ImportToken, ...NEVER, ...rest })),
    ).toEqual(validation(`Input parameter ${shown} cannot be used with HMAC_224 imported keys.`));
  });

  it('as a second material of one key', async () => {
    const KeyId = await createExternal(kms.client);
    await fill(kms.client, KeyId, secret(1));
    const { ImportToken, wrap } = await parametersFor(kms.client, KeyId);
    const call = importInto(kms.client, KeyId, wrap(secret(2)), {
      ImportToken,
      ...NEVER,
      ImportType: 'NEW_KEY_MATERIAL',
    });
    expect(await refusal(call)).toEqual({
      name: 'UnsupportedOperationException',
      message: `The embedded KMS keeps one material a key; ${idOf(KeyId)} has one.`,
      status: 400,
    });
  });

  it('with a token of another key, a changed one, an expired one', async () => {
    const [KeyId, other] = [await createExternal(kms.client), await createExternal(kms.client)];
    const [mine, theirs] = [await parametersFor(kms.client, KeyId), await parametersFor(kms.client, other)];
    const importWith = (ImportToken: Uint8Array) =>
      importInto(kms.client, KeyId, mine.wrap(secret(1)), { ImportToken, ...NEVER });
    const changed = new Uint8Array(mine.ImportToken);
    changed[20]! ^= 1;
    for (const token of [theirs.ImportToken, changed, mine.ImportToken.slice(0, -1), secret(1), Uint8Array.of(1)]) {
      expect(await refusal(importWith(token))).toEqual(unnamed('InvalidImportTokenException'));
    }
    kms.clock.nowMs += DAY_MS;
    expect(await refusal(importWith(mine.ImportToken))).toEqual(unnamed('ExpiredImportTokenException'));
    kms.clock.nowMs -= 1;
    await importWith(mine.ImportToken);
    kms.clock.nowMs = START_MS;
  });

  it('as what is no material: wrapped for another key, cut, a key of another kind, nothing wrapped at all', async () => {
    const KeyId = await createExternal(kms.client, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const [mine, theirs] = [await parametersFor(kms.client, KeyId), await parametersFor(kms.client, KeyId)];
    const hybrid = await parametersFor(kms.client, KeyId, 'RSA_AES_KEY_WRAP_SHA_256');
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const wrapped = hybrid.wrap(p256);
    for (const [bytes, { ImportToken }] of [
      [theirs.wrap(p256), mine],
      [mine.wrap(p256).slice(1), mine],
      [mine.wrap(secret(1)), mine],
      [secret(1), mine],
      [hybrid.wrap(p384), hybrid],
      [wrapped.slice(0, -1), hybrid],
      [wrapped.slice(0, 256), hybrid],
      [wrapped.slice(0, 100), hybrid],
    ] as const) {
      expect(await refusal(importInto(kms.client, KeyId, bytes, { ImportToken, ...NEVER }))).toEqual(
        unnamed('InvalidCiphertextException'),
      );
    }
    expect((await describeKey(kms.client, KeyId)).KeyState).toBe('PendingImport');
  });
});
