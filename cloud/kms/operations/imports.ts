/**
 * Bring your own key: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.
 *
 * AWS takes no ML-DSA material, so a root of trust made elsewhere is not a KMS key; CreateKey refuses that already. One
 * material a key: AWS lets a symmetric key have several and rotate through them, which nothing here could use.
 *
 * Sentences and order: radkawar/stackd, testdata/aws/kms/imports*.json, captured on real KMS on 2026-09-12.
 */
import { toBase64 } from '../../../protocol/bytes.ts';
import { KmsFault, unsupported, validation } from '../faults.ts';
import {
  createWrappingPair,
  type ImportParameters,
  isHybrid,
  isWrapping,
  openToken,
  sealToken,
  unwrap,
  type WrappingAlgorithm,
} from '../import-tokens.ts';
import type { KeySpec } from '../key-specs.ts';
import { withoutMaterial } from '../key-store.ts';
import { changeKey, expectNotPendingDeletion, findKeyById, type JsonObject, type Kms } from '../kms.ts';
import { type Material, materialIdOf, restoreMaterial } from '../material.ts';
import type { Members } from '../members.ts';
import { type Account, keyArn } from '../names.ts';
import type { ExternalOrigin, KeyRecord } from '../records.ts';

const DAY_MS = 86_400_000;
const TOKEN_LIFE_MS = DAY_MS;
const MAX_MATERIAL_LIFE_MS = 365 * DAY_MS;

// oxfmt-ignore
const WRAPPING_ALGORITHMS = ['RSAES_PKCS1_V1_5', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256', 'SM2PKE'] as const;
const WRAPPING_KEY_BITS = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 } as const;
const WRAPPING_KEY_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'] as const;
const EXPIRATION_MODELS = ['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'] as const;
const IMPORT_TYPES = ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] as const;
const BLOB = { min: 1, max: 6144 };
const MATERIAL_ID = { min: 64, max: 64, pattern: /[a-f0-9]+/ };

export async function getParametersForImport(members: Members, kms: Kms): Promise<JsonObject> {
  const algorithm = members.oneOf('WrappingAlgorithm', WRAPPING_ALGORITHMS);
  const wrappingSpec = members.oneOf('WrappingKeySpec', WRAPPING_KEY_SPECS);
  const key = findKeyById(members, kms);
  const { tokenSecret } = expectExternal(key, kms.account);
  expectNotPendingDeletion(key, kms.account);
  if (wrappingSpec === 'SM2' || !isWrapping(algorithm) || !canWrap(algorithm, wrappingSpec, key.spec)) {
    const pair = `Wrapping algorithm ${algorithm} and wrapping key spec ${wrappingSpec}`;
    throw validation(`${pair} cannot be used to import a ${key.spec.name} key.`);
  }
  const { publicKeyInfo, privateKey } = await createWrappingPair(WRAPPING_KEY_BITS[wrappingSpec]);
  const validToMs = kms.nowMs() + TOKEN_LIFE_MS;
  return {
    KeyId: keyArn(kms.account, key.keyId),
    ImportToken: toBase64(sealToken({ algorithm, validToMs, privateKey }, tokenSecret)),
    PublicKey: toBase64(publicKeyInfo),
    ParametersValidTo: validToMs / 1000,
  };
}

/** What fits: an RSA private key is too long for RSA itself, a secret needs no AES key around it. */
function canWrap(algorithm: WrappingAlgorithm, wrappingSpec: string, { name, kind }: KeySpec): boolean {
  if (kind.type === 'secret') return !isHybrid(algorithm);
  if (kind.type === 'rsa') return isHybrid(algorithm);
  return isHybrid(algorithm) || name !== 'ECC_NIST_P521' || wrappingSpec !== 'RSA_2048';
}

export async function importKeyMaterial(members: Members, kms: Kms): Promise<JsonObject> {
  const token = members.blob('ImportToken', BLOB);
  const wrapped = members.blob('EncryptedKeyMaterial', BLOB);
  const validToMs = readValidTo(members, kms.nowMs());
  const key = await changeKey(members, kms, (current) => {
    const external = expectExternal(current, kms.account);
    expectNotPendingDeletion(current, kms.account);
    expectMembersFit(members, current);
    const parameters = openToken(token, external.tokenSecret);
    if (parameters.validToMs <= kms.nowMs()) throw new KmsFault('ExpiredImportTokenException');
    const material = readMaterial(wrapped, parameters, current.spec);
    const materialId = materialIdOf(current.keyId, material);
    const expected = members.optionalText('KeyMaterialId', MATERIAL_ID) ?? external.materialId ?? materialId;
    if (materialId !== expected || materialId !== (external.materialId ?? materialId))
      throw incorrectMaterial(`Imported key material does not have the expected identifier (${expected}).`);
    // AWS enables a disabled key whose material comes again.
    return { ...current, state: 'Enabled', material, external: { ...external, materialId, validToMs } };
  });
  return answerOf(key, kms);
}

function readValidTo(members: Members, nowMs: number): number | undefined {
  const model = members.optionalOneOf('ExpirationModel', EXPIRATION_MODELS) ?? 'KEY_MATERIAL_EXPIRES';
  const validToMs = members.optionalTimeMs('ValidTo');
  if (model === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validToMs === undefined) return undefined;
    throw validation(`A validTo date cannot be set if the ExpirationModel is ${model}`);
  }
  if (validToMs === undefined) throw validation(`A validTo date must be set if the ExpirationModel is ${model}`);
  if (validToMs <= nowMs) throw validation('ValidTo must be in the future');
  if (validToMs > nowMs + MAX_MATERIAL_LIFE_MS) throw validation('ValidTo must be less than 365 days in the future');
  return validToMs;
}

/** These members are for keys with several materials, which AWS has for symmetric encryption only. */
function expectMembersFit(members: Members, { keyId, spec, external, material }: KeyRecord): void {
  const importType = members.optionalOneOf('ImportType', IMPORT_TYPES);
  if (spec.name !== 'SYMMETRIC_DEFAULT') {
    for (const name of ['ImportType', 'KeyMaterialId', 'KeyMaterialDescription']) {
      const shown = name.charAt(0).toLowerCase() + name.slice(1);
      if (members.has(name))
        throw validation(`Input parameter ${shown} cannot be used with ${spec.name} imported keys.`);
    }
  }
  if (importType !== 'NEW_KEY_MATERIAL') return;
  if (members.has('KeyMaterialId'))
    throw validation('Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.');
  if (external?.materialId !== undefined)
    throw unsupported(`The embedded KMS keeps one material a key; ${keyId} has${material ? '' : ' had'} one.`);
}

/** RSA and ECC as PKCS #8 in DER, symmetric and HMAC keys as they are. */
function readMaterial(wrapped: Uint8Array, parameters: ImportParameters, spec: KeySpec): Material {
  const bytes = unwrap(wrapped, parameters);
  try {
    return restoreMaterial(spec, { form: spec.kind.type === 'secret' ? 'secret' : 'pkcs8', bytes });
  } catch (cause) {
    throw new KmsFault('InvalidCiphertextException', '', { cause });
  }
}

/** The key waits for the same material again. */
export async function deleteImportedKeyMaterial(members: Members, kms: Kms): Promise<JsonObject> {
  const materialId = members.optionalText('KeyMaterialId', MATERIAL_ID);
  const key = await changeKey(members, kms, (current) => {
    const external = expectExternal(current, kms.account);
    expectNotPendingDeletion(current, kms.account);
    if (materialId !== undefined && materialId !== external.materialId) {
      const arn = keyArn(kms.account, current.keyId);
      throw validation(`Key material (id: ${materialId}) has never been imported into KMS key ${arn}.`);
    }
    const empty = { ...external, validToMs: undefined };
    return { ...current, state: withoutMaterial(current.state), material: undefined, external: empty };
  });
  return answerOf(key, kms);
}

function answerOf({ keyId, spec, external }: KeyRecord, { account }: Kms): JsonObject {
  const materialId = spec.name === 'SYMMETRIC_DEFAULT' ? external?.materialId : undefined;
  return { KeyId: keyArn(account, keyId), ...(materialId === undefined ? {} : { KeyMaterialId: materialId }) };
}

function expectExternal({ keyId, external }: KeyRecord, account: Account): ExternalOrigin {
  if (external) return external;
  throw unsupported(`${keyArn(account, keyId)} origin is AWS_KMS which is not valid for this operation.`);
}

const incorrectMaterial = (message: string): KmsFault => new KmsFault('IncorrectKeyMaterialException', message);
