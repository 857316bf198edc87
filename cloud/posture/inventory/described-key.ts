/** A KMS key as its account describes it: what the SDK says, in our words, before anything is judged. */

export interface DescribedKey {
  readonly keyId: string;
  readonly keyArn: string;
  /** '' where the key could not be described. */
  readonly spec: string;
  readonly usage: string;
  readonly state: string;
  /** AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE. */
  readonly origin: string;
  /** CUSTOMER, or AWS for the keys that services make. */
  readonly manager: string;
  readonly multiRegion: boolean;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ISO 8601, or ''. */
  readonly createdAt: string;
  readonly lastUse: LastUse;
}

/** What GetKeyLastUsage says. `never`: not since AWS began to write it down. */
export type LastUse =
  | { readonly known: 'used'; readonly at: string; readonly operation: string }
  | { readonly known: 'never'; readonly since: string }
  | { readonly known: 'unknown' };

/** Something that could not be read, and so is missing from what is said. */
export interface Gap {
  /** The operation of the API. */
  readonly what: string;
  /** '' where it is not about one key. */
  readonly keyArn: string;
  readonly code: string;
  readonly message: string;
}
