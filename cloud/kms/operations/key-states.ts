/**
 * What moves a key through its states.
 *
 *     Enabled ◀──▶ Disabled ◀── CancelKeyDeletion ── PendingDeletion ──▶ gone
 *     PendingImport ── ImportKeyMaterial ──▶ Enabled        (operations/imports.ts)
 */
import { KmsFault } from '../faults.ts';
import { changeKey, expectNotPendingDeletion, expectNotPendingImport, type JsonObject, type Kms } from '../kms.ts';
import type { Members } from '../members.ts';
import { keyArn } from '../names.ts';
import type { KeyState } from '../records.ts';

const DAY_MS = 86_400_000;

export const enableKey = (members: Members, kms: Kms): Promise<undefined> => setState(members, kms, 'Enabled');

export const disableKey = (members: Members, kms: Kms): Promise<undefined> => setState(members, kms, 'Disabled');

async function setState(members: Members, kms: Kms, state: KeyState): Promise<undefined> {
  await changeKey(members, kms, (key) => {
    expectNotPendingDeletion(key, kms.account);
    expectNotPendingImport(key, kms.account);
    return { ...key, state };
  });
}

export async function scheduleKeyDeletion(members: Members, kms: Kms): Promise<JsonObject> {
  const days = members.optionalInteger('PendingWindowInDays', { min: 7, max: 30 }) ?? 30;
  const deletionAtMs = kms.nowMs() + days * DAY_MS;
  const key = await changeKey(members, kms, (current) => {
    expectNotPendingDeletion(current, kms.account);
    return { ...current, state: 'PendingDeletion', deletionAtMs };
  });
  return {
    KeyId: keyArn(kms.account, key.keyId),
    DeletionDate: deletionAtMs / 1000,
    KeyState: key.state,
    PendingWindowInDays: days,
  };
}

/** The key comes back disabled, or waiting for its material. */
export async function cancelKeyDeletion(members: Members, kms: Kms): Promise<JsonObject> {
  const key = await changeKey(members, kms, (current) => {
    const arn = keyArn(kms.account, current.keyId);
    if (current.state !== 'PendingDeletion')
      throw new KmsFault('KMSInvalidStateException', `${arn} is not pending deletion.`);
    return { ...current, state: current.material ? 'Disabled' : 'PendingImport', deletionAtMs: undefined };
  });
  return { KeyId: keyArn(kms.account, key.keyId) };
}
