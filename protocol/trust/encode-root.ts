/** A trust root's content as the bytes that are signed. Whether it is a good one is for `checkRoot` to say. */
import { encodeCbor } from '../cbor/encode.ts';
import type { CborValue } from '../cbor/value.ts';
import { algorithmByName } from '../cose/algorithms.ts';
import { bareCoseKey } from '../cose/key.ts';
import { PROFILES, REASONS, ROOT_FORMAT, ROOT_LABEL } from './labels.ts';
import type { Requirement, Role, RootKey, TrustRoot } from './root.ts';

/** Deterministic: who has the content has the bytes, and so what was signed. */
export function encodeTrustRoot(root: TrustRoot): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [ROOT_LABEL.format, ROOT_FORMAT],
    [ROOT_LABEL.version, root.version],
    [ROOT_LABEL.hash, root.hashId],
    [ROOT_LABEL.issued, root.issuedSeconds],
    [ROOT_LABEL.expires, root.expiresSeconds],
    [ROOT_LABEL.roles, root.roles.map(roleValue)],
  ]);
  if (root.lineage) map.set(ROOT_LABEL.lineage, root.lineage);
  if (root.previous) map.set(ROOT_LABEL.previous, root.previous);
  if (root.floors.length > 0) map.set(ROOT_LABEL.floors, floorsValue(root));
  if (root.revoked.length > 0) map.set(ROOT_LABEL.revoked, revokedValue(root));
  if (root.profile) map.set(ROOT_LABEL.profile, PROFILES[root.profile]);
  for (const [label, value] of root.extensions) map.set(label, value);
  return encodeCbor(map);
}

function roleValue({ name, keys, policy, prefixes }: Role): CborValue {
  const { all, window } = policy;
  const required: readonly CborValue[] = [name, keys.map(keyValue), all.map(entryValue)];
  const windowValue = window ? [window.any.map(entryValue), window.untilSeconds] : null;
  if (prefixes.length > 0) return [...required, windowValue, prefixes];
  return windowValue ? [...required, windowValue] : required;
}

const keyValue = ({ algorithm, keyId, publicKey }: RootKey): CborValue =>
  publicKey ? bareCoseKey({ algorithm, publicKey }) : [algorithm.coseId, keyId];

function entryValue({ algorithm, threshold }: Requirement): CborValue {
  return [algorithmByName(algorithm)?.coseId ?? null, threshold];
}

const floorsValue = ({ floors }: TrustRoot): CborValue =>
  new Map(floors.map(({ classId, epoch, sequenceNumber }) => [classId, [epoch, sequenceNumber]]));

const revokedValue = ({ revoked }: TrustRoot): CborValue => revoked.map((key) => [key.keyId, REASONS[key.reason]]);
