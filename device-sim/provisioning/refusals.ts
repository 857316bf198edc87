/** Why a device was not provisioned, and what a refusal of the service means for what it does next. */
import type { ProvisioningRejected } from '../../protocol/aws-iot/provisioning.ts';

/** Stable, with the sentence operators read: add freely, never rename. */
export const PROVISIONING_REFUSALS = {
  'no-credential': 'the device has neither a claim nor a certificate of its own',
  'credential-refused': 'the broker refuses the credential that the device has',
  'certificate-refused': 'the broker refuses every certificate that the device was given',
  'template-refused': 'the broker does not let this credential provision with this template',
  'server-untrusted': 'the server that answers is not the one that the device trusts',
  'service-refused': 'the provisioning service refused a request',
  'token-refused': 'no ownership token was taken, whatever certificate it came with',
  'wrong-thing': 'a renewal named another thing than the one the device is',
  'key-refused': 'the cloud sent a key or a certificate that the device cannot use',
} as const;

export type ProvisioningRefusal = keyof typeof PROVISIONING_REFUSALS;

/** Provisioning ends here: to ask again for the same would bring the same. */
export class ProvisioningRefused extends Error {
  override readonly name = 'ProvisioningRefused';
  readonly code: ProvisioningRefusal;
  /** Of the service, where it said no: `AccessDenied`. */
  readonly errorCode: string | undefined;

  constructor(code: ProvisioningRefusal, detail: string, errorCode?: string) {
    super(`${PROVISIONING_REFUSALS[code]}: ${detail} [${code}]`);
    this.code = code;
    this.errorCode = errorCode;
  }
}

/** Later the service may answer otherwise; another certificate may be taken; or it is a no. */
export type Verdict = 'again' | 'new-certificate' | 'refused';

export function judgeRejection({
  statusCode,
  errorCode,
}: Pick<ProvisioningRejected, 'statusCode' | 'errorCode'>): Verdict {
  if (statusCode === 429 || statusCode >= 500) return 'again';
  return errorCode === 'InvalidCertificateOwnershipToken' ? 'new-certificate' : 'refused';
}
