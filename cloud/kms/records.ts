/** What the embedded KMS keeps, and how it looks on disk. */
import { hash } from 'node:crypto';
import { equalBytes, toBase64 } from '../../protocol/bytes.ts';
import { KeyMaterial, type SavedKey } from './crypto.ts';
import type { Codec } from './durable-folder.ts';
import { type KeySpec, SIGNING_SPEC_NAMES, signingSpec } from './key-specs.ts';
import { Members } from './members.ts';
import { isKeyId } from './names.ts';

export const NO_HSM = 'Bristlecone embedded KMS. This is no HSM: whoever can read this file has the private key.';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

export interface KeyRecord {
  readonly keyId: string;
  readonly spec: KeySpec;
  readonly state: KeyState;
  readonly createdAtMs: number;
  /** Set while the state is PendingDeletion. From then on the key does not exist. */
  readonly deletionAtMs: number | undefined;
  readonly description: string;
  readonly multiRegion: boolean;
  readonly tags: readonly Tag[];
  /** JSON text. Kept and handed back, not evaluated. */
  readonly policy: string;
  readonly material: KeyMaterial;
}

export interface AliasRecord {
  /** With its prefix `alias/`. */
  readonly aliasName: string;
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

const FORMAT = 'bristlecone-kms-1';
const STATES: readonly KeyState[] = ['Enabled', 'Disabled', 'PendingDeletion'];
const ANY_TEXT = { min: 0, max: 262_144 };
const A_TIME = { min: 0, max: Number.MAX_SAFE_INTEGER };
const A_KEY = { min: 1, max: 16_384 };

export const keyCodec: Codec<KeyRecord> = {
  fileName: ({ keyId }) => keyId,

  encode: ({ spec, material, ...record }) => {
    const { form, bytes } = material.save();
    return {
      warning: NO_HSM,
      format: FORMAT,
      ...record,
      keySpec: spec.name,
      publicKey: toBase64(material.publicKeyInfo),
      privateKeyForm: form,
      privateKey: toBase64(bytes),
    };
  },

  decode: (json) => {
    const members = Members.of(json);
    members.oneOf('format', [FORMAT]);
    const keyId = members.text('keyId', ANY_TEXT);
    if (!isKeyId(keyId)) throw new Error('keyId is not a key id');
    const spec = signingSpec(members.oneOf('keySpec', SIGNING_SPEC_NAMES));
    if (!spec) throw new Error('keySpec is not one that signs');
    return {
      keyId,
      spec,
      state: members.oneOf('state', STATES),
      createdAtMs: members.integer('createdAtMs', A_TIME),
      deletionAtMs: members.optionalInteger('deletionAtMs', A_TIME),
      description: members.text('description', ANY_TEXT),
      multiRegion: members.optionalFlag('multiRegion'),
      tags: members.list('tags', { min: 0, max: 50 }).map(decodeTag),
      policy: members.text('policy', ANY_TEXT),
      material: decodeMaterial(members, spec),
    };
  },
};

/** The public key is on file as well, so that a damaged private key is found when it is read, not when it has signed. */
function decodeMaterial(members: Members, spec: KeySpec): KeyMaterial {
  const form: SavedKey['form'] = members.oneOf('privateKeyForm', ['seed', 'pkcs8']);
  const material = KeyMaterial.restore(spec.kind, { form, bytes: members.blob('privateKey', A_KEY) });
  if (!equalBytes(material.publicKeyInfo, members.blob('publicKey', A_KEY)))
    throw new Error('the private key does not belong to the public key');
  return material;
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

/** An alias may hold `/`, be 256 long and differ from another in case alone; no file system takes all of that. */
export const aliasFileName = (aliasName: string): string => hash('sha256', aliasName);
