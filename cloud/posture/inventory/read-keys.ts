/**
 * Every key of an account and Region through the AWS SDK: ListAliases, ListKeys, and for each key DescribeKey,
 * ListResourceTags and GetKeyLastUsage, some at a time and none faster than the token bucket lets them.
 *
 * An operation that is refused for one key leaves a gap there and does not end the inventory: a security engineer often
 * may list more than they may describe. What is missing is said, never guessed.
 */
import {
  DescribeKeyCommand,
  GetKeyLastUsageCommand,
  type KeyMetadata,
  type KMSClient,
  paginateListAliases,
  paginateListKeys,
  paginateListResourceTags,
} from '@aws-sdk/client-kms';
import { OperatorError, Unavailable } from '../../errors.ts';
import { withKmsErrors } from '../../signing/kms-errors.ts';
import type { DescribedKey, Gap, LastUse } from './described-key.ts';
import type { TokenBucket } from './token-bucket.ts';

/** Keys described at the same time: hides the way to the Region and back. */
const IN_FLIGHT = 8;
/** A KMS that has failed this often in a row, the SDK's own retries not counted, is given up. */
const MAX_FAILURES_IN_A_ROW = 10;

export interface ReadKeysOptions {
  readonly bucket: TokenBucket;
  /** When it aborts, what has been read so far is given. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** @throws {Unavailable | OperatorError} where not even the keys can be listed */
export async function readKeys(
  client: KMSClient,
  options: ReadKeysOptions,
): Promise<{ keys: DescribedKey[]; gaps: readonly Gap[]; isAws: boolean }> {
  const reader = new KeyReader(client, options);
  const aliases = await reader.aliases();
  const listed = await reader.list();
  const keys: DescribedKey[] = [];
  const waiting = listed.values();
  const worker = async (): Promise<void> => {
    for (const { keyId, keyArn } of waiting) {
      if (reader.isStopped()) return;
      keys.push(await reader.describe(keyId, keyArn, aliases.get(keyId) ?? []));
      options.onProgress(keys.length, listed.length);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const missing = listed.length - keys.length;
  if (missing > 0) reader.note('DescribeKey', '', new OperatorError('stopped', `${missing} keys were not looked at`));
  return { keys, gaps: reader.gaps, isAws: client.config.isCustomEndpoint !== true };
}

class KeyReader {
  readonly gaps: Gap[] = [];
  readonly #client: KMSClient;
  readonly #bucket: TokenBucket;
  readonly #signal: AbortSignal;
  #failuresInARow = 0;
  #hasLastUsage = true;

  constructor(client: KMSClient, { bucket, signal }: ReadKeysOptions) {
    this.#client = client;
    this.#bucket = bucket;
    this.#signal = signal;
  }

  isStopped(): boolean {
    return this.#signal.aborted || this.#failuresInARow >= MAX_FAILURES_IN_A_ROW;
  }

  note(what: string, keyArn: string, error: OperatorError | Unavailable): void {
    const code = error instanceof OperatorError ? error.code : 'unavailable';
    this.gaps.push({ what, keyArn, code, message: error.message });
  }

  async aliases(): Promise<Map<string, string[]>> {
    const aliases = new Map<string, string[]>();
    await this.#attempt('ListAliases', '', async () => {
      for await (const { Aliases = [] } of paginateListAliases({ client: this.#client, pageSize: 100 }, {})) {
        for (const { AliasName, TargetKeyId } of Aliases) {
          if (AliasName === undefined || TargetKeyId === undefined) continue;
          aliases.set(TargetKeyId, [...(aliases.get(TargetKeyId) ?? []), AliasName]);
        }
        await this.#bucket.take();
      }
    });
    return aliases;
  }

  /** Without its first page there is no inventory; without a later one it is partial. */
  async list(): Promise<{ keyId: string; keyArn: string }[]> {
    const listed: { keyId: string; keyArn: string }[] = [];
    const readPages = async (): Promise<void> => {
      for await (const { Keys = [] } of paginateListKeys({ client: this.#client, pageSize: 1_000 }, {})) {
        for (const { KeyId = '', KeyArn = '' } of Keys) listed.push({ keyId: KeyId, keyArn: KeyArn });
        await this.#bucket.take();
      }
    };
    try {
      await withKmsErrors(readPages);
    } catch (error) {
      if (listed.length === 0 || !isAnswer(error)) throw error;
      this.note('ListKeys', '', error);
    }
    return listed;
  }

  async describe(keyId: string, keyArn: string, aliases: readonly string[]): Promise<DescribedKey> {
    const answer = await this.#attempt('DescribeKey', keyArn, async () => {
      return this.#client.send(new DescribeKeyCommand({ KeyId: keyId }));
    });
    const isOfAws = answer?.KeyMetadata?.KeyManager === 'AWS';
    return {
      ...described(keyId, keyArn, answer?.KeyMetadata),
      aliases,
      // Nobody can tag the keys that AWS services make.
      tags: isOfAws ? {} : await this.#tags(keyId, keyArn),
      lastUse: await this.#lastUse(keyId, keyArn),
    };
  }

  async #tags(keyId: string, keyArn: string): Promise<Record<string, string>> {
    const tags: [string, string][] = [];
    await this.#attempt('ListResourceTags', keyArn, async () => {
      for await (const { Tags = [] } of paginateListResourceTags({ client: this.#client }, { KeyId: keyId }))
        for (const { TagKey = '', TagValue = '' } of Tags) tags.push([TagKey, TagValue]);
    });
    return Object.fromEntries(tags);
  }

  async #lastUse(keyId: string, keyArn: string): Promise<LastUse> {
    if (!this.#hasLastUsage) return { known: 'unknown' };
    const answer = await this.#attempt('GetKeyLastUsage', keyArn, async () => {
      return this.#client.send(new GetKeyLastUsageCommand({ KeyId: keyId }));
    });
    if (answer === undefined) return { known: 'unknown' };
    const { KeyLastUsage: use, TrackingStartDate: since } = answer;
    if (use?.Timestamp) return { known: 'used', at: use.Timestamp.toISOString(), operation: use.Operation ?? '' };
    return { known: 'never', since: since?.toISOString() ?? '' };
  }

  /** Undefined, and a gap, where the service says no. */
  async #attempt<T>(what: string, keyArn: string, call: () => Promise<T>): Promise<T | undefined> {
    await this.#bucket.take();
    try {
      const answer = await withKmsErrors(call);
      this.#failuresInARow = 0;
      return answer;
    } catch (error) {
      if (!isAnswer(error)) throw error;
      this.#failuresInARow = error instanceof Unavailable ? this.#failuresInARow + 1 : 0;
      // GetKeyLastUsage is new: an endpoint that does not know it will not learn it for the next key.
      if (isUnknownOperation(error)) this.#hasLastUsage = false;
      this.note(what, keyArn, error);
      return undefined;
    }
  }
}

const isAnswer = (error: unknown): error is OperatorError | Unavailable =>
  error instanceof OperatorError || error instanceof Unavailable;

const isUnknownOperation = ({ cause }: Error): boolean =>
  cause instanceof Error && cause.name === 'UnknownOperationException';

const described = (keyId: string, keyArn: string, metadata: KeyMetadata | undefined) => ({
  keyId,
  keyArn: metadata?.Arn ?? keyArn,
  spec: metadata?.KeySpec ?? '',
  usage: metadata?.KeyUsage ?? '',
  state: metadata?.KeyState ?? '',
  origin: metadata?.Origin ?? '',
  manager: metadata?.KeyManager ?? '',
  multiRegion: metadata?.MultiRegion ?? false,
  description: metadata?.Description ?? '',
  createdAt: metadata?.CreationDate?.toISOString() ?? '',
});
