/**
 * Keys, aliases and last uses on disk: `keys/<key id>.json`, `aliases/<SHA-256 of the name>.json`, `uses/<key id>.json`.
 * One server a folder: see folder-lock.ts.
 */
import { join } from 'node:path';
import { type Damage, DurableFolder } from './durable-folder.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import {
  aliasCodec,
  aliasFileName,
  type AliasRecord,
  keyCodec,
  type KeyRecord,
  useCodec,
  type UseRecord,
} from './records.ts';

export class KeyStore {
  readonly #lock: FolderLock;
  readonly #keys: DurableFolder<KeyRecord>;
  readonly #aliases: DurableFolder<AliasRecord>;
  readonly #uses: DurableFolder<UseRecord>;
  /** Not yet on disk: a signature should not wait for a file about it. */
  readonly #newUses = new Map<string, UseRecord>();

  private constructor(
    lock: FolderLock,
    folders: { keys: DurableFolder<KeyRecord>; aliases: DurableFolder<AliasRecord>; uses: DurableFolder<UseRecord> },
  ) {
    this.#lock = lock;
    this.#keys = folders.keys;
    this.#aliases = folders.aliases;
    this.#uses = folders.uses;
  }

  /**
   * Keys whose time has come are deleted for good here, with their aliases, and so is material that has expired.
   *
   * @throws {OperatorError} `folder-in-use`
   */
  static async open(folder: string, nowMs: number): Promise<KeyStore> {
    const lock = lockFolder(folder);
    try {
      const keys = await DurableFolder.open(join(folder, 'keys'), keyCodec);
      const aliases = await DurableFolder.open(join(folder, 'aliases'), aliasCodec);
      const uses = await DurableFolder.open(join(folder, 'uses'), useCodec);
      const store = new KeyStore(lock, { keys, aliases, uses });
      await store.#deleteWhatIsOver(nowMs);
      return store;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What was used last is on disk, and another server may have the folder. */
  async close(): Promise<void> {
    await this.saveUses();
    this.#lock.release();
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

  lastUse(keyId: string): UseRecord | undefined {
    return this.#newUses.get(keyId) ?? this.#uses.get(keyId);
  }

  /** In memory; `saveUses` makes it last. */
  noteUse(use: UseRecord): void {
    this.#newUses.set(use.keyId, use);
  }

  async saveUses(): Promise<void> {
    const uses = [...this.#newUses.values()];
    await Promise.all(uses.map((use) => this.#uses.change(use.keyId, () => use)));
    for (const use of uses) if (this.#newUses.get(use.keyId) === use) this.#newUses.delete(use.keyId);
  }

  /** Files that were found and are not served. */
  damage(): readonly Damage[] {
    return [...this.#keys.damage(), ...this.#aliases.damage(), ...this.#uses.damage()];
  }

  damageOfKey(keyId: string): Damage | undefined {
    return this.#keys.damageOf(keyId);
  }

  async #deleteWhatIsOver(nowMs: number): Promise<void> {
    for (const key of this.keys()) {
      const current = withoutExpiredMaterial(key, nowMs);
      if (isGone(key, nowMs)) await this.#delete(key);
      else if (current !== key) await this.changeKey(key.keyId, () => current);
    }
  }

  async #delete({ keyId }: KeyRecord): Promise<void> {
    for (const alias of this.aliases()) {
      if (alias.keyId === keyId) await this.changeAlias(alias.aliasName, () => undefined);
    }
    await this.#uses.change(keyId, () => undefined);
    await this.#keys.change(keyId, () => undefined);
  }
}

export const isGone = ({ deletionAtMs }: KeyRecord, nowMs: number): boolean =>
  deletionAtMs !== undefined && deletionAtMs <= nowMs;

/** The key as it is now: imported material may have a date after which it is gone. */
export function withoutExpiredMaterial(key: KeyRecord, nowMs: number): KeyRecord {
  const validToMs = key.external?.validToMs;
  if (validToMs === undefined || validToMs > nowMs || !key.material) return key;
  return { ...key, state: withoutMaterial(key.state), material: undefined };
}

/** The state of a key that lost its material. */
export const withoutMaterial = (state: KeyRecord['state']): KeyRecord['state'] =>
  state === 'PendingDeletion' ? state : 'PendingImport';
