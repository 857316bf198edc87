/** Keys and aliases on disk: `keys/<key id>.json` and `aliases/<SHA-256 of the name>.json`. */
import { join } from 'node:path';
import { type Damage, DurableFolder } from './durable-folder.ts';
import { aliasCodec, aliasFileName, type AliasRecord, keyCodec, type KeyRecord } from './records.ts';

export class KeyStore {
  readonly #keys: DurableFolder<KeyRecord>;
  readonly #aliases: DurableFolder<AliasRecord>;

  private constructor(keys: DurableFolder<KeyRecord>, aliases: DurableFolder<AliasRecord>) {
    this.#keys = keys;
    this.#aliases = aliases;
  }

  /** Keys whose time has come are deleted for good here, with their aliases. */
  static async open(folder: string, nowMs: number): Promise<KeyStore> {
    const keys = await DurableFolder.open(join(folder, 'keys'), keyCodec);
    const aliases = await DurableFolder.open(join(folder, 'aliases'), aliasCodec);
    const store = new KeyStore(keys, aliases);
    for (const key of keys.values()) if (isGone(key, nowMs)) await store.#delete(key);
    return store;
  }

  key(keyId: string): KeyRecord | undefined {
    return this.#keys.get(keyId);
  }

  keys(): readonly KeyRecord[] {
    return this.#keys.values();
  }

  /** Replaces what `keyId` names, or makes it; one change of a key at a time. */
  changeKey(keyId: string, decide: (current: KeyRecord | undefined) => KeyRecord): Promise<KeyRecord> {
    return this.#keys.change(keyId, decide);
  }

  alias(aliasName: string): AliasRecord | undefined {
    return this.#aliases.get(aliasFileName(aliasName));
  }

  aliases(): readonly AliasRecord[] {
    return this.#aliases.values();
  }

  /** Replaces or makes the alias, or removes it where `decide` returns undefined. */
  async changeAlias(
    aliasName: string,
    decide: (current: AliasRecord | undefined) => AliasRecord | undefined,
  ): Promise<void> {
    await this.#aliases.change(aliasFileName(aliasName), decide);
  }

  /** Files that were found and are not served. */
  damage(): readonly Damage[] {
    return [...this.#keys.damage(), ...this.#aliases.damage()];
  }

  damageOfKey(keyId: string): Damage | undefined {
    return this.#keys.damageOf(keyId);
  }

  async #delete({ keyId }: KeyRecord): Promise<void> {
    for (const alias of this.aliases()) {
      if (alias.keyId === keyId) await this.changeAlias(alias.aliasName, () => undefined);
    }
    await this.#keys.change(keyId, () => undefined);
  }
}

export const isGone = ({ deletionAtMs }: KeyRecord, nowMs: number): boolean =>
  deletionAtMs !== undefined && deletionAtMs <= nowMs;
