import { describe, expect, it } from 'vitest';
import { judgeRejection, ProvisioningRefused } from '../../../device-sim/provisioning/refusals.ts';
import { PROVISIONING_ERRORS } from '../../../protocol/aws-iot/provisioning.ts';

describe('a rejection of the service', () => {
  it.each([
    ['InvalidParameters', 'refused'],
    ['InvalidCertificateOwnershipToken', 'new-certificate'],
    ['AccessDenied', 'refused'],
    ['ResourceNotFound', 'refused'],
    ['ResourceConflicts', 'refused'],
    ['Throttling', 'again'],
    ['InternalFailure', 'again'],
  ] as const)('%s: %s', (errorCode, verdict) => {
    expect(judgeRejection({ errorCode, statusCode: PROVISIONING_ERRORS[errorCode] })).toBe(verdict);
  });

  it('that nobody knows is judged by its status', () => {
    expect(judgeRejection({ errorCode: 'New', statusCode: 503 })).toBe('again');
    expect(judgeRejection({ errorCode: 'New', statusCode: 418 })).toBe('refused');
  });
});

describe('a refusal', () => {
  it('says what, why, and its code', () => {
    const refusal = new ProvisioningRefused('no-credential', 'hub-1');
    expect(refusal.message).toBe('the device has neither a claim nor a certificate of its own: hub-1 [no-credential]');
    expect(refusal).toMatchObject({ code: 'no-credential', errorCode: undefined });
  });
});
