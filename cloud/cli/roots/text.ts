/** A trust root for people and for programs. */
import { textTable } from '../../../command-line.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { describeComponentId } from '../../../protocol/suit/component-id.ts';
import { DIGEST_ALGORITHMS } from '../../../protocol/suit/digest.ts';
import { formatUuid } from '../../../protocol/suit/uuid.ts';
import { checkRoot } from '../../../protocol/trust/check-root.ts';
import { describePolicy, describeSeconds, type RootChange } from '../../../protocol/trust/diff-roots.ts';
import { type RootKey, rootDigest, type TrustRoot } from '../../../protocol/trust/root.ts';

/** The document of a root, read and not necessarily verified. */
export interface ReadRoot {
  readonly root: TrustRoot;
  readonly payload: Uint8Array;
}

/** Whole, with digests and key ids in hex. */
export function rootJson({ root, payload }: ReadRoot) {
  const { version, issuedSeconds, expiresSeconds, profile, lineage, previous } = root;
  return {
    version,
    digest: toHex(rootDigest(payload, root.hashId)),
    hash: hashName(root),
    issued: describeSeconds(issuedSeconds),
    expires: describeSeconds(expiresSeconds),
    profile: profile ?? null,
    lineage: lineage ? toHex(lineage) : null,
    previous: previous ? toHex(previous) : null,
    roles: root.roles.map(({ name, keys, policy, prefixes }) => ({
      name,
      policy: {
        ...policy,
        ...(policy.window && { window: { ...policy.window, until: describeSeconds(policy.window.untilSeconds) } }),
      },
      keys: keys.map((key) => ({ keyId: toHex(key.keyId), algorithm: key.algorithm.name, form: formOf(key) })),
      prefixes: prefixes.map(describeComponentId),
    })),
    floors: root.floors.map(({ classId, epoch, sequenceNumber }) => ({
      classId: formatUuid(classId),
      epoch,
      sequenceNumber: Number(sequenceNumber),
    })),
    revoked: root.revoked.map(({ keyId, reason }) => ({ keyId: toHex(keyId), reason })),
    documentBytes: payload.length,
  };
}

const formOf = ({ publicKey }: RootKey): 'full' | 'pinned' => (publicKey ? 'full' : 'pinned');

const hashName = ({ hashId }: TrustRoot): string =>
  DIGEST_ALGORITHMS.find(({ algorithmId }) => algorithmId === hashId)?.name ?? String(hashId);

/** @param what it is: `root`, `draft of a root, not signed yet` */
export function rootText(
  { root, payload }: ReadRoot,
  { what, nowSeconds }: { readonly what: string; readonly nowSeconds: number },
): string {
  const facts: readonly (readonly [string, string])[] = [
    ['digest', `${toHex(rootDigest(payload, root.hashId))}  (${hashName(root)})`],
    ['issued', describeSeconds(root.issuedSeconds)],
    ['expires', `${describeSeconds(root.expiresSeconds)}  (${daysText(root, nowSeconds)})`],
    ...(root.profile ? [['profile', root.profile] as const] : []),
    ...(root.previous ? [['follows', toHex(root.previous)] as const] : []),
    ...root.floors.map(
      ({ classId, epoch, sequenceNumber }) =>
        ['floor', `class ${formatUuid(classId)}: sequence number ${sequenceNumber} or higher, epoch ${epoch}`] as const,
    ),
    ...root.revoked.map(({ keyId, reason }) => ['revoked', `${toHex(keyId).slice(0, 16)}…  ${reason}`] as const),
  ];
  const keys = root.roles.flatMap((role) =>
    role.keys.map((key, index) => [
      index === 0 ? printable(role.name) : '',
      key.algorithm.name,
      toHex(key.keyId).slice(0, 16),
      formOf(key),
    ]),
  );
  const rules = root.roles.map(({ name, policy, prefixes }) => {
    const parts = prefixes.length === 0 ? '' : `, for components ${prefixes.map(describeComponentId).join(', ')}`;
    return `  ${printable(name)} needs ${describePolicy(policy)}${parts}`;
  });
  return [
    `Version ${root.version}: ${what} (${payload.length} bytes of document)`,
    ...facts.map(([name, value]) => `  ${name.padEnd(8)} ${value}`),
    '',
    textTable(['role', 'algorithm', 'key id', 'form'], keys),
    '',
    ...rules,
    ...adviceOn(root).map((line) => `  advice: ${line}`),
  ].join('\n');
}

export const adviceOn = (root: TrustRoot): readonly string[] =>
  checkRoot(root).flatMap(({ kind, detail }) => (kind === 'advice' ? [printable(detail)] : []));

/** Names come from whoever wrote the draft, and must not rewrite what a signer reads: `\x1b` as `\u{1b}`. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);

const DAY_SECONDS = 86_400;

export const daysLeft = ({ expiresSeconds }: TrustRoot, nowSeconds: number): number =>
  Math.floor((expiresSeconds - nowSeconds) / DAY_SECONDS);

const daysText = (root: TrustRoot, nowSeconds: number): string =>
  root.expiresSeconds <= nowSeconds ? 'EXPIRED' : `in ${daysLeft(root, nowSeconds)} days`;

/**
 * What to do about an end that is near or past; undefined while it is far.
 *
 * @param warnDays the warning window: Sigstore's is 46 days
 */
export function expiryWarning(
  root: TrustRoot,
  { nowSeconds, warnDays }: { readonly nowSeconds: number; readonly warnDays: number },
): string | undefined {
  const next = 'Begin the next version: bristlecone root rotate FOLDER --from FILES.';
  if (root.expiresSeconds <= nowSeconds) {
    return (
      `version ${root.version} expired on ${describeSeconds(root.expiresSeconds)}: devices keep running and refuse new releases ` +
      `until they get a newer root. ${next}`
    );
  }
  const days = daysLeft(root, nowSeconds);
  return days <= warnDays ? `version ${root.version} expires in ${days} days. ${next}` : undefined;
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** One line a change. */
export const changesText = (changes: readonly RootChange[]): string =>
  changes
    .map(({ kind, what, before, after }) => {
      const values = kind === 'changed' ? `${before} → ${after}` : (after ?? before ?? '');
      return printable(`  ${SIGNS[kind]} ${what}: ${values}`);
    })
    .join('\n');
