/**
 * Who used which key with which algorithm, and over what key exchange: counts, so that the size of a trail does not
 * matter. Sign events do not say the spec of their key; it is joined at the end, from an inventory or from the CreateKey
 * events of the trail itself.
 */
import { classifyKey, isClassical } from '../key-classes.ts';
import { decodeKmsEvent, type KmsEvent } from './kms-event.ts';

export interface KeyUse {
  readonly principal: string;
  readonly operation: string;
  readonly algorithm: string;
  readonly messageType: string;
  readonly keyArn: string;
  /** '' where neither the inventory nor a CreateKey event knows the key. */
  readonly spec: string;
  readonly isPostQuantum: boolean;
  readonly count: number;
  readonly refused: number;
  readonly first: string;
  readonly last: string;
}

export interface Connections {
  readonly principal: string;
  readonly client: string;
  readonly keyExchange: string;
  readonly isPostQuantum: boolean;
  readonly count: number;
  readonly last: string;
}

export interface Audit {
  readonly events: number;
  readonly kmsEvents: number;
  /** In the records, and no events. */
  readonly malformedEvents: number;
  /** Events with more users, keys and clients than are kept apart. */
  readonly uncountedEvents: number;
  readonly first: string;
  readonly last: string;
  readonly uses: readonly KeyUse[];
  readonly connections: readonly Connections[];
  /** Events without a TLS key exchange: an AWS service called, or the endpoint wrote none. */
  readonly eventsWithoutKeyExchange: number;
}

/** Operations whose security is that of the key; for the rest only the connection matters. */
// oxfmt-ignore
const CRYPTOGRAPHIC = new Set([
  'Sign', 'Verify', 'Encrypt', 'Decrypt', 'ReEncrypt', 'DeriveSharedSecret', 'GenerateMac', 'VerifyMac', 'Encapsulate', 'Decapsulate',
]);

/** Different users times keys times algorithms, or times clients, that are kept apart. */
const MAX_GROUPS = 50_000;

interface Group<T> {
  readonly of: T;
  count: number;
  refused: number;
  first: string;
  last: string;
}

type UseKey = Pick<KmsEvent, 'principal' | 'operation' | 'algorithm' | 'messageType' | 'keyArn'>;
type ConnectionKey = Pick<KmsEvent, 'principal' | 'client'> & { readonly keyExchange: string };

export class TrailSummary {
  readonly #maxGroups: number;
  readonly #uses = new Map<string, Group<UseKey>>();
  readonly #connections = new Map<string, Group<ConnectionKey>>();
  readonly #createdSpecs = new Map<string, string>();
  readonly #counts = { events: 0, kmsEvents: 0, malformedEvents: 0, uncountedEvents: 0, eventsWithoutKeyExchange: 0 };
  #first = '';
  #last = '';

  constructor(maxGroups = MAX_GROUPS) {
    this.#maxGroups = maxGroups;
  }

  add(record: unknown): void {
    this.#counts.events++;
    const event = decodeKmsEvent(record);
    if (event === 'malformed') this.#counts.malformedEvents++;
    else if (event !== 'other') this.#addEvent(event);
  }

  #addEvent(event: KmsEvent): void {
    const { principal, operation, algorithm, messageType, keyArn, client, keyExchange, created, at } = event;
    this.#counts.kmsEvents++;
    if (this.#first === '' || at < this.#first) this.#first = at;
    if (at > this.#last) this.#last = at;
    if (created && this.#createdSpecs.size < this.#maxGroups) this.#createdSpecs.set(created.keyArn, created.spec);
    let isCounted = true;
    if (CRYPTOGRAPHIC.has(operation))
      isCounted = this.#count(this.#uses, { principal, operation, algorithm, messageType, keyArn }, event);
    if (keyExchange === undefined) this.#counts.eventsWithoutKeyExchange++;
    else isCounted = this.#count(this.#connections, { principal, client, keyExchange }, event) && isCounted;
    if (!isCounted) this.#counts.uncountedEvents++;
  }

  #count<T extends object>(groups: Map<string, Group<T>>, of: T, { at, isRefused }: KmsEvent): boolean {
    const name = JSON.stringify(Object.values(of));
    const group = groups.get(name);
    if (group === undefined) {
      if (groups.size >= this.#maxGroups) return false;
      groups.set(name, { of, count: 1, refused: Number(isRefused), first: at, last: at });
      return true;
    }
    group.count++;
    group.refused += Number(isRefused);
    if (at < group.first) group.first = at;
    if (at > group.last) group.last = at;
    return true;
  }

  /** @param inventory specs by ARN: believed before the trail, since a CreateKey event may be of another account's file */
  finish(inventory: ReadonlyMap<string, string>): Audit {
    const specOf = (keyArn: string): string => inventory.get(keyArn) ?? this.#createdSpecs.get(keyArn) ?? '';
    const uses = [...this.#uses.values()].map(({ of, ...counted }) => {
      const spec = specOf(of.keyArn);
      return { ...of, spec, isPostQuantum: isPostQuantumUse(of, spec), ...counted };
    });
    const connections = [...this.#connections.values()].map(({ of, count, last }) => {
      return { ...of, isPostQuantum: /MLKEM|KYBER/i.test(of.keyExchange), count, last };
    });
    return {
      ...this.#counts,
      first: this.#first,
      last: this.#last,
      uses: inOrder(uses),
      connections: inOrder(connections),
    };
  }
}

/** What is not upgraded first, and of that what is used most. */
const inOrder = <T extends { readonly isPostQuantum: boolean; readonly count: number; readonly principal: string }>(
  groups: readonly T[],
): readonly T[] =>
  groups.toSorted(
    (a, b) =>
      Number(a.isPostQuantum) - Number(b.isPostQuantum) || b.count - a.count || (a.principal < b.principal ? -1 : 1),
  );

/** By the key where it is known, else by the algorithm: `SYMMETRIC_DEFAULT` and HMAC are in no danger either. */
function isPostQuantumUse({ algorithm, operation }: UseKey, spec: string): boolean {
  if (spec !== '') {
    const usage = USAGES.get(operation) ?? '';
    const keyClass = classifyKey(spec, usage);
    return keyClass !== 'unknown' && !isClassical(keyClass);
  }
  return /^(ML_|SYMMETRIC_DEFAULT$|HMAC_)/.test(algorithm);
}

const USAGES: ReadonlyMap<string, string> = new Map([
  ['Sign', 'SIGN_VERIFY'],
  ['Verify', 'SIGN_VERIFY'],
  ['Encrypt', 'ENCRYPT_DECRYPT'],
  ['Decrypt', 'ENCRYPT_DECRYPT'],
  ['ReEncrypt', 'ENCRYPT_DECRYPT'],
  ['DeriveSharedSecret', 'KEY_AGREEMENT'],
]);
