/** What the embedded KMS keeps, and how it looks on disk. */
import { hash } from 'node:crypto';
import { equalBytes, toBase64 } from '../../protocol/bytes.ts';
import type { Codec } from './durable-folder.ts';
import { KeyPair } from './key-pair.ts';
import { algorithmsOf, KEY_SPECS, KEY_USAGES, type KeySpec, keySpec, type KeyUsage } from './key-specs.ts';
import { type Material, restoreMaterial, saveMaterial } from './material.ts';
import { Members } from './members.ts';
import { isKeyId } from './names.ts';

export const NO_HSM = 'Bristlecone embedded KMS. This is no HSM: whoever can read this file has the private key.';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport';

/** What a key keeps whose material was made elsewhere (Origin EXTERNAL). */
export interface ExternalOrigin {
  /** 32 bytes. Seals this key's import tokens. */
  readonly tokenSecret: Uint8Array;
  /** Of the first material imported: no other is taken later. */
  readonly materialId: string | undefined;
  /** From then on the material is gone. */
  readonly validToMs: number | undefined;
}

/** Kept and handed back, not evaluated: there is one principal here. */
export interface Grant {
  readonly grantId: string;
  readonly name: string | undefined;
  readonly granteePrincipal: string;
  readonly retiringPrincipal: string | undefined;
  readonly operations: readonly string[];
  readonly createdAtMs: number;
}

export interface KeyRecord {
  readonly keyId: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  readonly state: KeyState;
  readonly createdAtMs: number;
  /** Set while the state is PendingDeletion. From then on the key does not exist. */
  readonly deletionAtMs: number | undefined;
  readonly description: string;
  readonly multiRegion: boolean;
  readonly tags: readonly Tag[];
  /** JSON text. Kept and handed back, not evaluated. */
  readonly policy: string;
  readonly grants: readonly Grant[];
  /** Undefined where the material was made here. */
  readonly external: ExternalOrigin | undefined;
  /** Undefined while an import is awaited. */
  readonly material: Material | undefined;
}

export interface AliasRecord {
  /** With its prefix `alias/`. */
  readonly aliasName: string;
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** The last use of a key that succeeded. */
export interface UseRecord {
  readonly keyId: string;
  readonly operation: string;
  readonly atMs: number;
  /** Of the CloudTrail event and of the answer, so that the use can be found in a log. */
  readonly eventId: string;
  readonly requestId: string;
}

const FORMAT = 'bristlecone-kms-1';
const STATES: readonly KeyState[] = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'];
const SPEC_NAMES = KEY_SPECS.map(({ name }) => name);
const ANY_TEXT = { min: 0, max: 262_144 };
const A_TIME = { min: 0, max: Number.MAX_SAFE_INTEGER };
const A_KEY = { min: 1, max: 16_384 };
const TOKEN_SECRET = { min: 32, max: 32 };
const MANY = { min: 0, max: 50_000 };

export const keyCodec: Codec<KeyRecord> = {
  fileName: ({ keyId }) => keyId,

  encode: ({ spec, external, material, ...record }) => ({
    warning: NO_HSM,
    format: FORMAT,
    ...record,
    keySpec: spec.name,
    external: external && { ...external, tokenSecret: toBase64(external.tokenSecret) },
    ...(material ? encodeMaterial(material) : {}),
  }),

  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    const keyId = members.text('keyId', ANY_TEXT);
    if (!isKeyId(keyId)) throw new Error('keyId is not a key id');
    const spec = keySpec(members.oneOf('keySpec', SPEC_NAMES));
    const usage = members.oneOf('usage', KEY_USAGES);
    if (!spec || algorithmsOf(spec, usage).length === 0) throw new Error(`no ${spec?.name} key is for ${usage}`);
    const external = members.optionalMembers('external');
    return {
      keyId,
      spec,
      usage,
      state: members.oneOf('state', STATES),
      createdAtMs: members.integer('createdAtMs', A_TIME),
      deletionAtMs: members.optionalInteger('deletionAtMs', A_TIME),
      description: members.text('description', ANY_TEXT),
      multiRegion: members.optionalFlag('multiRegion'),
      tags: members.list('tags', { min: 0, max: 50 }).map(decodeTag),
      policy: members.text('policy', ANY_TEXT),
      grants: members.list('grants', MANY).map(decodeGrant),
      external: external && decodeExternal(external),
      material: external && !members.has('privateKey') ? undefined : decodeMaterial(members, spec),
    };
  },
};

function encodeMaterial(material: Material): object {
  const { form, bytes } = saveMaterial(material);
  const publicKey = material instanceof KeyPair ? { publicKey: toBase64(material.publicKeyInfo) } : {};
  return { ...publicKey, privateKeyForm: form, privateKey: toBase64(bytes) };
}

/** The public key is on file as well, so that a damaged private key is found when it is read, not when it has signed. */
function decodeMaterial(members: Members, spec: KeySpec): Material {
  const form = members.oneOf('privateKeyForm', ['seed', 'pkcs8', 'secret']);
  const material = restoreMaterial(spec, { form, bytes: members.blob('privateKey', A_KEY) });
  if (material instanceof KeyPair && !equalBytes(material.publicKeyInfo, members.blob('publicKey', A_KEY)))
    throw new Error('the private key does not belong to the public key');
  return material;
}

const decodeExternal = (members: Members): ExternalOrigin => ({
  tokenSecret: members.blob('tokenSecret', TOKEN_SECRET),
  materialId: members.optionalText('materialId', ANY_TEXT),
  validToMs: members.optionalInteger('validToMs', A_TIME),
});

function decodeGrant(json: unknown): Grant {
  const members = Members.of(json);
  return {
    grantId: members.text('grantId', ANY_TEXT),
    name: members.optionalText('name', ANY_TEXT),
    granteePrincipal: members.text('granteePrincipal', ANY_TEXT),
    retiringPrincipal: members.optionalText('retiringPrincipal', ANY_TEXT),
    operations: members.texts('operations', MANY),
    createdAtMs: members.integer('createdAtMs', A_TIME),
  };
}

function decodeTag(json: unknown): Tag {
  const members = Members.of(json);
  return { key: members.text('key', ANY_TEXT), value: members.text('value', ANY_TEXT) };
}

export const aliasCodec: Codec<AliasRecord> = {
  fileName: ({ aliasName }) => aliasFileName(aliasName),

  encode: (record) => ({ format: FORMAT, ...record }),

  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    return {
      aliasName: members.text('aliasName', ANY_TEXT),
      keyId: members.text('keyId', ANY_TEXT),
      createdAtMs: members.integer('createdAtMs', A_TIME),
      updatedAtMs: members.integer('updatedAtMs', A_TIME),
    };
  },
};

export const useCodec: Codec<UseRecord> = {
  fileName: ({ keyId }) => keyId,

  encode: (record) => ({ format: FORMAT, ...record }),

  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    return {
      keyId: members.text('keyId', ANY_TEXT),
      operation: members.text('operation', ANY_TEXT),
      atMs: members.integer('atMs', A_TIME),
      eventId: members.text('eventId', ANY_TEXT),
      requestId: members.text('requestId', ANY_TEXT),
    };
  },
};

/** An alias may hold `/`, be 256 long and differ from another in case alone; no file system takes all of that. */
export const aliasFileName = (aliasName: string): string => hash('sha256', aliasName);
