/** What both MQTT clients of aws-iot-device-sdk-v2 are to our transport. */
import type { Message } from '../ports.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Mailbox } from './mailbox.ts';
import type { Qos } from './mqtt.ts';

export type AwsSdk = typeof import('aws-iot-device-sdk-v2');

export interface SdkOptions {
  /** On loopback. */
  readonly port: number;
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  readonly timeoutMs: number;
  readonly receiveBytes: number;
  /** Where messages go, and why the connection ended. */
  readonly mailbox: Mailbox;
  /** Where it acknowledges when it is told to. */
  readonly acknowledgements: Acknowledgements;
}

export interface SdkConnection {
  /** @throws {Error} */
  connect(): Promise<void>;
  /** @throws {Error} where one of them is not granted */
  subscribe(filters: readonly string[], qos: Qos): Promise<void>;
  publish(message: Message, qos: Qos): Promise<unknown>;
  /** When it resolves, everything native is gone; without it the process does not end. */
  close(): Promise<void>;
}

/** MQTT 3.1.1 §3.9.3, MQTT 5 §3.9.3: from here on a SUBACK refuses. */
const FIRST_REFUSAL = 128;

/** @throws {Error} */
export function expectGranted(codes: readonly number[]): void {
  const refusal = codes.find((code) => code >= FIRST_REFUSAL);
  if (refusal !== undefined) throw new Error(`refused with ${refusal}`);
}
