/** Key material from elsewhere: each case and sentence that real KMS gave on 2026-09-12 (stackd testdata, imports*.json). */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  type KeySpec,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  verify,
} from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WrappingAlgorithm } from '../../../../cloud/kms/import-tokens.ts';
import { concatBytes, fromHex } from '../../../../protocol/bytes.ts';
import {
  createKey,
  forbidden,
  idOf,
  refusal,
  START_MS,
  startTestKms,
  type TestKms,
} from '../../../support/embedded-kms.ts';

const DAY_MS = 86_400_000;
const NEVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

let kms: TestKms;
beforeAll(async () => {
  kms = await startTestKms();
});
afterAll(() => kms.stop());

async function createExternal(input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await kms.client.send(new CreateKeyCommand({ ...input, Origin: 'EXTERNAL' }));
  return KeyMetadata!.Arn!;
}

interface Parameters {
  readonly ImportToken: Uint8Array;
  readonly wrap: (material: Uint8Array) => Uint8Array;
}

async function parametersFor(
  KeyId: string,
  WrappingAlgorithm: WrappingAlgorithm = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
): Promise<Parameters> {
  const input = { KeyId, WrappingAlgorithm, WrappingKeySpec };
  const { PublicKey, ImportToken } = await kms.client.send(new GetParametersForImportCommand(input));
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' });
  return { ImportToken: ImportToken!, wrap: (material) => wrapWith(WrappingAlgorithm, key, material) };
}

/** As the AWS guides do it with OpenSSL. */
function wrapWith(algorithm: WrappingAlgorithm, key: KeyObject, material: Uint8Array): Uint8Array {
  const oaepHash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const rsa = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  if (!algorithm.startsWith('RSA_AES')) return publicEncrypt(rsa, material);
  const aesKey = new Uint8Array(32).fill(9);
  const aes = createCipheriv('id-aes256-wrap-pad', aesKey, fromHex('a65959a6'));
  return concatBytes(publicEncrypt(rsa, aesKey), aes.update(material), aes.final());
}

const importInto = (
  KeyId: string,
  EncryptedKeyMaterial: Uint8Array,
  rest: Omit<ImportKeyMaterialCommandInput, 'KeyId' | 'EncryptedKeyMaterial'>,
) => kms.client.send(new ImportKeyMaterialCommand({ KeyId, EncryptedKeyMaterial, ...rest }));

/** Imports `material` for good. */
async function fill(KeyId: string, material: Uint8Array): Promise<string | undefined> {
  const { ImportToken, wrap } = await parametersFor(KeyId);
  return (await importInto(KeyId, wrap(material), { ImportToken, ...NEVER })).KeyMaterialId;
}

const describeKey = async (KeyId: string) => (await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;

const secret = (fill: number, bytes = 32): Uint8Array => new Uint8Array(bytes).fill(fill);

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

const validation = (message: string) => ({ name: 'ValidationException', message, status: 400 });
const unnamed = (name: string) => ({ name, message: 'UnknownError', status: 400 });

describe('a key of material from elsewhere', () => {
  it('waits for it', async () => {
    const arn = await createExternal();
    const metadata = await describeKey(arn);
    expect(metadata).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' });
    expect(metadata).not.toHaveProperty('ExpirationModel');
    expect(metadata).not.toHaveProperty('CurrentKeyMaterialId');
    expect(await refusal(kms.client.send(new EnableKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
    expect(await refusal(kms.client.send(new DisableKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
  });

  it('is enabled by it, and names it', async () => {
    const arn = await createExternal();
    const materialId = await fill(arn, secret(1));
    expect(materialId).toMatch(/^[0-9a-f]{64}$/);
    expect(await describeKey(arn)).toMatchObject({
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
    const arn = await createExternal({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
    expect(await refusal(kms.client.send(new GetPublicKeyCommand({ KeyId: arn })))).toEqual(pending(arn));
    const SigningAlgorithm = (await describeKey(arn)).SigningAlgorithms!.find((name) => !name.includes('PSS'));
    const toSign = { KeyId: arn, SigningAlgorithm, Message: secret(7, 100) };
    expect(await refusal(kms.client.send(new SignCommand(toSign)))).toEqual(pending(arn));

    const { ImportToken, wrap } = await parametersFor(arn, algorithm, wrappingSpec);
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const imported = await importInto(arn, wrap(pkcs8), { ImportToken, ...NEVER });
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
    const arn = await createExternal({ KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { ImportToken, wrap } = await parametersFor(arn);
    for (const wrong of [bytes - 1, bytes + 1]) {
      const call = importInto(arn, wrap(secret(1, wrong)), { ImportToken, ...NEVER });
      expect(await refusal(call)).toEqual({ name: 'InvalidCiphertextException', message: 'UnknownError', status: 400 });
    }
    await importInto(arn, wrap(secret(1, bytes)), { ImportToken, ...NEVER });
    expect((await describeKey(arn)).KeyState).toBe('Enabled');
  });

  it('takes the same material again, by any token, and no other', async () => {
    const arn = await createExternal();
    const [older, newer] = [await parametersFor(arn), await parametersFor(arn, 'RSAES_OAEP_SHA_1', 'RSA_3072')];
    const importWith = ({ ImportToken, wrap }: Parameters, byte: number, rest = {}) =>
      importInto(arn, wrap(secret(byte)), { ImportToken, ...NEVER, ...rest });
    const { KeyMaterialId } = await importWith(older, 1);
    expect((await importWith(older, 1)).KeyMaterialId).toBe(KeyMaterialId);
    expect((await importWith(newer, 1)).KeyMaterialId).toBe(KeyMaterialId);
    expect((await importWith(newer, 1, { KeyMaterialId })).KeyMaterialId).toBe(KeyMaterialId);

    expect(await refusal(importWith(newer, 2))).toEqual(incorrect(KeyMaterialId));
    const otherId = '0'.repeat(64);
    expect(await refusal(importWith(newer, 1, { KeyMaterialId: otherId }))).toEqual(incorrect(otherId));
    expect((await describeKey(arn)).CurrentKeyMaterialId).toBe(KeyMaterialId);
  });

  it('is enabled again by the same material where it was disabled', async () => {
    const arn = await createExternal();
    await fill(arn, secret(1));
    await kms.client.send(new DisableKeyCommand({ KeyId: arn }));
    await fill(arn, secret(1));
    expect((await describeKey(arn)).KeyState).toBe('Enabled');
  });

  it('loses it and gets it back', async () => {
    const arn = await createExternal();
    const KeyMaterialId = await fill(arn, secret(1));
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
      expect(await describeKey(arn)).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: KeyMaterialId });
    }
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: arn }));
    await kms.client.send(new CancelKeyDeletionCommand({ KeyId: arn }));
    expect((await describeKey(arn)).KeyState).toBe('PendingImport');
    await fill(arn, secret(1));
    expect((await describeKey(arn)).KeyState).toBe('Enabled');
  });

  it('loses it on its date, on disk at the next start', async () => {
    const arn = await createExternal();
    const { ImportToken, wrap } = await parametersFor(arn);
    const ValidTo = new Date(START_MS + 10_000);
    await importInto(arn, wrap(secret(1)), { ImportToken, ValidTo });
    expect(await describeKey(arn)).toMatchObject({
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo,
    });
    kms.clock.nowMs += 10_000;
    const expired = await describeKey(arn);
    expect(expired).toMatchObject({ KeyState: 'PendingImport', Enabled: false });
    expect(expired).not.toHaveProperty('ExpirationModel');
    kms = await kms.restart();
    kms.clock.nowMs = START_MS;
    expect((await describeKey(arn)).KeyState).toBe('PendingImport');
  });
});

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
    const KeyId = await createExternal({ KeySpec, KeyUsage });
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
    expect(await refusal(importInto(KeyId, secret(1), { ImportToken: secret(1), ...NEVER }))).toEqual(refused);
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
    const KeyId = await createExternal();
    const { ImportToken, wrap } = await parametersFor(KeyId);
    expect(await refusal(importInto(KeyId, wrap(secret(1)), { ImportToken, ...rest }))).toEqual(refused);
    expect((await describeKey(KeyId)).KeyState).toBe('PendingImport');
  });

  it.each(['ImportType', 'KeyMaterialId', 'KeyMaterialDescription'])('into an HMAC key, with %s', async (name) => {
    const KeyId = await createExternal({ KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const { ImportToken, wrap } = await parametersFor(KeyId);
    const value = { ImportType: 'EXISTING_KEY_MATERIAL', KeyMaterialId: '0'.repeat(64), KeyMaterialDescription: 'x' };
    const rest = forbidden({ [name]: value[name as keyof typeof value] });
    const shown = name.charAt(0).toLowerCase() + name.slice(1);
    expect(await refusal(importInto(KeyId, wrap(secret(1, 28)), { ImportToken, ...NEVER, ...rest }))).toEqual(
      validation(`Input parameter ${shown} cannot be used with HMAC_224 imported keys.`),
    );
  });

  it('as a second material of one key', async () => {
    const KeyId = await createExternal();
    await fill(KeyId, secret(1));
    const { ImportToken, wrap } = await parametersFor(KeyId);
    const call = importInto(KeyId, wrap(secret(2)), { ImportToken, ...NEVER, ImportType: 'NEW_KEY_MATERIAL' });
    expect(await refusal(call)).toEqual({
      name: 'UnsupportedOperationException',
      message: `The embedded KMS keeps one material a key; ${idOf(KeyId)} has one.`,
      status: 400,
    });
  });

  it('with a token of another key, a changed one, an expired one', async () => {
    const [KeyId, other] = [await createExternal(), await createExternal()];
    const [mine, theirs] = [await parametersFor(KeyId), await parametersFor(other)];
    const importWith = (ImportToken: Uint8Array) => importInto(KeyId, mine.wrap(secret(1)), { ImportToken, ...NEVER });
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
    const KeyId = await createExternal({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const [mine, theirs] = [await parametersFor(KeyId), await parametersFor(KeyId)];
    const hybrid = await parametersFor(KeyId, 'RSA_AES_KEY_WRAP_SHA_256');
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
      expect(await refusal(importInto(KeyId, bytes, { ImportToken, ...NEVER }))).toEqual(
        unnamed('InvalidCiphertextException'),
      );
    }
    expect((await describeKey(KeyId)).KeyState).toBe('PendingImport');
  });
});
