/** What tests of provisioning ask of the service, and what they expect of its answers. */
import { expect } from 'vitest';
import { listCertificates } from '../../cloud/store/certificates.ts';
import type { ProvisioningErrorCode } from '../../protocol/aws-iot/provisioning.ts';
import {
  type Asked,
  createTestKey,
  CSR,
  csrFor,
  startTestProvisioning,
  type TestProvisioning,
} from './provisioning-service.ts';

export const KEYS = { operation: 'create-keys', format: 'json' } as const;

export async function startWithClaim(): Promise<{ readonly cloud: TestProvisioning; readonly claim: string }> {
  const cloud = await startTestProvisioning();
  return { cloud, claim: await cloud.claim() };
}

export function expectRefused({ outcome, reply }: Asked, errorCode: ProvisioningErrorCode): void {
  expect({ outcome, errorCode: reply.errorCode }).toEqual({ outcome: 'rejected', errorCode });
  expect(Object.keys(reply).toSorted()).toEqual(['errorCode', 'errorMessage', 'statusCode']);
}

/** How many certificates wait for a RegisterThing. */
export const waitingIn = async ({ store }: TestProvisioning): Promise<number> =>
  (await listCertificates(store)).filter(({ status }) => status === 'PENDING_ACTIVATION').length;

/** A certificate for a new key, and the token that says whose it is. */
export const createCertificate = async (cloud: TestProvisioning, by: string): Promise<Asked['reply']> =>
  (await cloud.ask(by, CSR, { certificateSigningRequest: await csrFor(createTestKey()) })).reply;
