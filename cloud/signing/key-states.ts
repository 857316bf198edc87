/** Keys switched off and on, and given up, through the AWS SDK only. Each call names the key as people do. */
import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { findKey } from './keys.ts';
import { withKmsErrors } from './kms-errors.ts';

export interface KeyState {
  readonly keyId: string;
  readonly spec: string;
  readonly state: string;
}

/** Nothing can be signed with it until it is enabled; its public key is still served. */
export const disableKey = (client: KMSClient, name: string): Promise<KeyState> =>
  change(client, name, (KeyId) => client.send(new DisableKeyCommand({ KeyId })));

export const enableKey = (client: KMSClient, name: string): Promise<KeyState> =>
  change(client, name, (KeyId) => client.send(new EnableKeyCommand({ KeyId })));

/** Takes back a deletion whose day has not come. The key comes back disabled. */
export const undeleteKey = (client: KMSClient, name: string): Promise<KeyState> =>
  change(client, name, (KeyId) => client.send(new CancelKeyDeletionCommand({ KeyId })));

/** @param days 7 to 30: until then it can be taken back, and nothing can be signed with it */
export async function deleteKey(
  client: KMSClient,
  name: string,
  days: number,
): Promise<KeyState & { readonly deletionAt: string }> {
  const { KeyId = '', KeySpec = '' } = await findKey(client, name);
  const input = { KeyId, PendingWindowInDays: days };
  const done = await withKmsErrors(() => client.send(new ScheduleKeyDeletionCommand(input)));
  const { KeyState: state = '', DeletionDate } = done;
  return { keyId: KeyId, spec: KeySpec, state, deletionAt: DeletionDate?.toISOString() ?? '' };
}

async function change(client: KMSClient, name: string, send: (keyId: string) => Promise<unknown>): Promise<KeyState> {
  const { KeyId = '' } = await findKey(client, name);
  await withKmsErrors(() => send(KeyId));
  const { KeySpec = '', KeyState: state = '' } = await findKey(client, KeyId);
  return { keyId: KeyId, spec: KeySpec, state };
}
