/** A fleet cannot be run, or came to no end: why, under a code that programs can rely on, and what to do about it. */
export type FleetErrorCode =
  | 'too-few-file-descriptors'
  | 'too-few-ports'
  | 'not-enough-memory'
  | 'mosquitto-not-found'
  | 'cloud-died'
  | 'broker-died'
  | 'worker-died'
  | 'not-all-connected';

export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: FleetErrorCode;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
