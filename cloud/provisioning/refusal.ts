/** Why the provisioning service does not do what it was asked to, as the device is told. */
import type { ProvisioningErrorCode } from '../../protocol/aws-iot/provisioning.ts';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ProvisioningErrorCode;

  constructor(code: ProvisioningErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
