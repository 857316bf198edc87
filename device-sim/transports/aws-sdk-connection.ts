/** What both MQTT clients of aws-iot-device-sdk-v2 are here, and what the process that has them says to ours. */
import type { Message } from '../ports.ts';
import type { MqttVersion } from '../metrics/connection-meter.ts';
import type { Qos } from './mqtt.ts';

export interface SdkOptions {
  /** On loopback. */
  readonly port: number;
  readonly clientId: string;
  readonly protocolVersion: MqttVersion;
  readonly keepAliveSeconds: number;
  readonly timeoutMs: number;
  readonly receiveBytes: number;
}

export interface SdkListener {
  /** @param acknowledge absent where the library does so by itself, or nobody does */
  readonly onMessage: (message: Message, acknowledge: (() => void) | undefined) => void;
  readonly onLost: (why: string) => void;
}

export interface SdkConnection {
  /** @throws {Error} */
  connect(): Promise<void>;
  /** @throws {Error} where one of them is not granted */
  subscribe(filters: readonly string[], qos: Qos): Promise<void>;
  publish(message: Message, qos: Qos): Promise<unknown>;
  close(): Promise<void>;
}

/** To the process that has the library, with a number where an answer is wanted. */
export type SdkRequest =
  | { readonly ask: 'connect'; readonly id: number; readonly options: SdkOptions }
  | { readonly ask: 'subscribe'; readonly id: number; readonly filters: readonly string[]; readonly qos: Qos }
  | { readonly ask: 'close'; readonly id: number }
  | { readonly ask: 'publish'; readonly message: Message; readonly qos: Qos }
  | { readonly ask: 'acknowledge'; readonly delivery: number };

/** From it. */
export type SdkEvent =
  | { readonly is: 'ready' }
  | { readonly is: 'answer'; readonly id: number; readonly failure?: string }
  | { readonly is: 'message'; readonly message: Message; readonly delivery?: number }
  | { readonly is: 'lost'; readonly why: string };

/** MQTT 3.1.1 §3.9.3, MQTT 5 §3.9.3: from here on a SUBACK refuses. */
const FIRST_REFUSAL = 128;

/** @throws {Error} */
export function expectGranted(codes: readonly number[]): void {
  const refusal = codes.find((code) => code >= FIRST_REFUSAL);
  if (refusal !== undefined) throw new Error(`refused with ${refusal}`);
}
