/** What changes from one root to the next, in words: a signer reads this, and the digest, before signing. */
import { toHex } from '../bytes.ts';
import { encodeCbor } from '../cbor/encode.ts';
import type { CborValue } from '../cbor/value.ts';
import { describeDigest, digestAlgorithmName, digestOfImage } from '../suit/digest.ts';
import { formatUuid } from '../suit/uuid.ts';
import { describeComponentId } from '../suit/component-id.ts';
import { isRevoked, isSameKey } from './revoked.ts';
import type { Policy, Requirement, Role, RootKey, TrustRoot } from './root.ts';

export interface RootChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** The place in the root: `roles.release.keys`. */
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

/** @param before undefined for the first root of a chain: everything is added */
export function diffRoots(before: TrustRoot | undefined, after: TrustRoot): readonly RootChange[] {
  return [
    ...fieldChanges(before, after),
    ...namesOf(before, after).flatMap((name) => [
      ...roleChanges(
        before?.roles.find((role) => role.name === name),
        after.roles.find((role) => role.name === name),
        before,
      ),
    ]),
    ...entryChanges('floors', floorTexts(before), floorTexts(after)),
    ...entryChanges('revoked', revokedTexts(before), revokedTexts(after)),
    ...entryChanges('extensions', extensionTexts(before), extensionTexts(after)),
  ];
}

const namesOf = (before: TrustRoot | undefined, after: TrustRoot): readonly string[] => [
  ...new Set([...(before?.roles ?? []), ...after.roles].map(({ name }) => name)),
];

const fields = (root: TrustRoot): ReadonlyMap<string, string> =>
  new Map([
    ['version', String(root.version)],
    ['hash', digestAlgorithmName(root.hashId)],
    ['issued', describeSeconds(root.issuedSeconds)],
    ['expires', describeSeconds(root.expiresSeconds)],
    ['profile', root.profile ?? 'none'],
  ]);

function fieldChanges(before: TrustRoot | undefined, after: TrustRoot): readonly RootChange[] {
  const old = before && fields(before);
  return [...fields(after)].flatMap(([what, value]) => change(what, old?.get(what), value));
}

function* roleChanges(
  before: Role | undefined,
  after: Role | undefined,
  old: TrustRoot | undefined,
): Generator<RootChange> {
  const what = `roles.${(after ?? before)?.name ?? ''}`;
  for (const key of before?.keys ?? []) {
    if (!after?.keys.some((it) => isSameKey(it, key)))
      yield { kind: 'removed', what: `${what}.keys`, before: describeKey(key) };
  }
  for (const key of after?.keys ?? []) {
    const known = before?.keys.find((it) => isSameKey(it, key));
    const again = old && isRevoked(old.revoked, key) ? ', which was revoked' : '';
    if (!known) yield { kind: 'added', what: `${what}.keys`, after: `${describeKey(key)}${again}` };
    else yield* change(`${what}.keys`, describeForm(known), describeForm(key));
  }
  yield* change(`${what}.policy`, before && describePolicy(before.policy), after && describePolicy(after.policy));
  yield* change(`${what}.prefixes`, before && describePrefixes(before), after && describePrefixes(after));
}

function change(what: string, before: string | undefined, after: string | undefined): readonly RootChange[] {
  if (before === after) return [];
  if (before === undefined) return [{ kind: 'added', what, ...(after !== undefined && { after }) }];
  if (after === undefined) return [{ kind: 'removed', what, before }];
  return [{ kind: 'changed', what, before, after }];
}

const named = (entries: readonly string[]): ReadonlyMap<string, string> =>
  new Map(entries.map((entry) => [entry.slice(0, entry.indexOf(' ')), entry]));

/** Entries that have a name before the first space: the same name is the same entry. */
function entryChanges(what: string, before: readonly string[], after: readonly string[]): readonly RootChange[] {
  const [old, now] = [named(before), named(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => change(what, old.get(name), now.get(name)));
}

/** Long enough that nobody finds another key for it. */
const shortId = (keyId: Uint8Array): string => `${toHex(keyId.subarray(0, 16))}…`;

const describeKey = ({ algorithm, keyId }: RootKey): string => `${algorithm.name} ${shortId(keyId)}`;

const describeForm = (key: RootKey): string => `${shortId(key.keyId)} ${key.publicKey ? 'in full' : 'pinned'}`;

const describeRequirements = (requirements: readonly Requirement[], word: string): string =>
  requirements.map(({ algorithm, threshold }) => `${threshold} of ${algorithm}`).join(` ${word} `);

/** `2 of ML-DSA-65 and 1 of ES256; any of …, until 2027-01-01T00:00:00Z`. */
export function describePolicy({ all, window }: Policy): string {
  const always = describeRequirements(all, 'and');
  if (!window) return always;
  return `${always}; until ${describeSeconds(window.untilSeconds)} ${describeRequirements(window.any, 'or')}`;
}

const describePrefixes = ({ prefixes }: Role): string =>
  prefixes.length === 0 ? 'all that no named role claims' : prefixes.map(describeComponentId).join(', ');

const floorTexts = (root: TrustRoot | undefined): readonly string[] =>
  (root?.floors ?? []).map(
    ({ classId, epoch, sequenceNumber }) => `${formatUuid(classId)} epoch ${epoch} from ${sequenceNumber}`,
  );

const revokedTexts = (root: TrustRoot | undefined): readonly string[] =>
  (root?.revoked ?? []).map(({ keyId, reason }) => `${shortId(keyId)} ${reason}`);

const extensionTexts = (root: TrustRoot | undefined): readonly string[] =>
  [...(root?.extensions ?? new Map<number, CborValue>())].map(
    ([label, value]) => `${label} ${describeDigest(digestOfImage(encodeCbor(value)))}`,
  );

/** `2027-01-01T00:00:00Z`; the seconds themselves where no calendar has them. */
export function describeSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000Z', 'Z');
}
