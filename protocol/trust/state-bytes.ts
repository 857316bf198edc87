/**
 * What a device writes down of its trust beside the roots themselves, which it keeps as they came:
 *
 *     [ 1, digest of current, digest of next / nil, time, [* COSE_Key], [* installed], staged / nil ]
 *     installed = [class id, epoch, sequence number, SUIT_Digest]      staged = [class id, epoch, sequence number, SUIT_Digest, root digest]
 *
 * A root is trusted after a reboot because its digest stands here, so no signature is verified twice.
 */
import { toHex } from '../bytes.ts';
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectUint, expectUint64, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { bareCoseKey, coseKeyOf } from '../cose/key.ts';
import { Rejection } from '../errors.ts';
import { MAX_TRUST_STATE_BYTES } from '../limits.ts';
import { digestValue, suitDigestOf } from '../suit/digest.ts';
import { UUID_BYTES } from '../suit/uuid.ts';
import { restoreRoot, type VerifiedRoot } from './advance.ts';
import type { InstalledRelease, StagedRelease, TrustState } from './state.ts';

const STATE_FORMAT = 1;

export function encodeTrustState(state: TrustState): Uint8Array {
  const { current, next, heldKeys, timeSeconds, installed, staged } = state;
  return encodeCbor([
    STATE_FORMAT,
    current.digest,
    next ? next.digest : null,
    timeSeconds,
    heldKeys.map(bareCoseKey),
    installed.map(installedValue),
    staged ? [...installedValue(staged), staged.rootDigest] : null,
  ]);
}

const installedValue = ({ classId, epoch, sequenceNumber, digest }: InstalledRelease): readonly CborValue[] => [
  classId,
  epoch,
  sequenceNumber,
  digestValue(digest),
];

/**
 * @param roots the signed roots that are in memory, as they came, in any order; others than those the state names are left
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `unsupported-algorithm`; `root-not-pinned` where a root that
 *   the state names is not there
 */
export function decodeTrustState(bytes: Uint8Array, { roots }: { readonly roots: readonly Uint8Array[] }): TrustState {
  const at = 'trust';
  const fields = expectArray(decodeCbor(bytes, { at, maxBytes: MAX_TRUST_STATE_BYTES }), at, 7);
  const [format, current, next, time, keys, installed, staged] = fields;
  if (format !== STATE_FORMAT) throw wrongShape(`${at}.format`, `${STATE_FORMAT}`, format);
  return {
    current: rootOf(expectBytes(current, `${at}.current`), roots, `${at}.current`),
    ...(next !== null && { next: rootOf(expectBytes(next, `${at}.next`), roots, `${at}.next`) }),
    heldKeys: expectArray(keys, `${at}.keys`).map((key, i) => coseKeyOf(key, `${at}.keys[${i}]`)),
    timeSeconds: expectUint(time, `${at}.time`),
    installed: expectArray(installed, `${at}.installed`).map((it, i) =>
      installedOf(expectArray(it, `${at}.installed[${i}]`, 4), `${at}.installed[${i}]`),
    ),
    ...(staged !== null && { staged: stagedOf(staged, `${at}.staged`) }),
  };
}

function rootOf(digest: Uint8Array, roots: readonly Uint8Array[], at: string): VerifiedRoot {
  for (const bytes of roots) {
    const root = restored(bytes, digest);
    if (root) return root;
  }
  throw new Rejection('root-not-pinned', at, `expected the root of digest ${toHex(digest.subarray(0, 8))}…, got none`);
}

/** A root area may hold anything, after a power cut: what is no root is not the one that is looked for. */
function restored(bytes: Uint8Array, digest: Uint8Array): VerifiedRoot | undefined {
  try {
    return restoreRoot(bytes, digest);
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

function installedOf(fields: readonly CborValue[], at: string): InstalledRelease {
  const [classId, epoch, sequence, digest] = fields;
  return {
    classId: expectBytes(classId, `${at}.class`, UUID_BYTES),
    epoch: expectUint(epoch, `${at}.epoch`),
    sequenceNumber: expectUint64(sequence, `${at}.sequence`),
    digest: suitDigestOf(digest, `${at}.digest`),
  };
}

function stagedOf(value: CborValue | undefined, at: string): StagedRelease {
  const fields = expectArray(value, at, 5);
  return { ...installedOf(fields, at), rootDigest: expectBytes(fields[4], `${at}.root`) };
}
