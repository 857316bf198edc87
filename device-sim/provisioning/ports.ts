/**
 * What provisioning may touch: the keys, the flash of the credentials, and connections that prove one credential or the
 * other. Interfaces only, as device-sim/ports.ts: whoever is flashed with it cannot tell that it is simulated.
 */
import type { LinkPorts } from '../agent/link.ts';
import { type AgentEvent, type AgentSettings, type Journal, type Transport, Unavailable } from '../ports.ts';

/** Of a device's key: P-256 is what AWS IoT Core takes. */
export const KEY_ALGORITHMS = ['P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** One holds the key in use; the other one is for its successor. */
export type KeySlot = 0 | 1;

/**
 * Where the device's private keys are made and used: they never leave. Each call takes effect whole or not at all, as it
 * does on a chip of its own (ATECC608B, SE050).
 */
export interface SecureElement {
  /** Makes a key, instead of what is in the slot. */
  generateKey(slot: KeySlot, algorithm: KeyAlgorithm): void;
  /** Takes a key that was made elsewhere (PKCS #8 in DER), which CreateKeysAndCertificate does. @throws {Rejection} `not-der` */
  importKey(slot: KeySlot, privateKey: Uint8Array): void;
  /** A certification request in DER (PKCS #10, RFC 2986), signed by the key. */
  csr(slot: KeySlot, commonName: string): Uint8Array;
  /** As TLS asks for it: ECDSA with SHA-256 in DER, ML-DSA with the empty context. */
  sign(slot: KeySlot, message: Uint8Array): Uint8Array;
  /** Of a certificate (DER): false where it is for another key, or is none. */
  isCertifiedBy(slot: KeySlot, certificate: Uint8Array): boolean;
  /** Seconds since 1970. @throws {Rejection} `not-der` */
  validityOf(certificate: Uint8Array): Validity;
  eraseKey(slot: KeySlot): void;
}

/** Seconds since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The credential that a factory flashed, shared by many devices: good for provisioning and nothing else. */
export interface Claim {
  isThere(): boolean;
  /** Again after a power cut in its middle. */
  erase(): void;
}

export type Credential =
  | { readonly kind: 'claim' }
  /** `certificate` in DER, for the key in `slot`. */
  | { readonly kind: 'device'; readonly slot: KeySlot; readonly certificate: Uint8Array };

/** The broker was reached and wants nobody with this credential. */
export class CredentialRefused extends Unavailable {}

/** @throws {CredentialRefused} @throws {Unavailable} */
export type ConnectAs = (
  credential: Credential,
  options: { readonly clientId: string; readonly receiveBytes: number },
) => Promise<Transport>;

export interface ProvisioningSettings extends Pick<
  AgentSettings,
  'answerTimeoutMs' | 'attempts' | 'connections' | 'backoffMs'
> {
  readonly template: string;
  readonly format: 'cbor' | 'json';
  readonly algorithm: KeyAlgorithm;
  /** `keys`: the cloud makes the key, for parts that cannot. */
  readonly keysFrom: 'device' | 'cloud';
  /** Payload of the largest answer that there is room for: a certificate in PEM, a token and an id. */
  readonly answerBytes: number;
  /** What RegisterThing is told, and the template asks for. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Certificates asked for before it gives up. */
  readonly certificates: number;
  /** How often a broker may refuse a credential before it counts as refused. */
  readonly refusals: number;
}

export type ProvisioningEvent =
  | AgentEvent
  /** What is done next: a `Step` of plan.ts. */
  | { readonly kind: 'step'; readonly step: string }
  /** The service said no, or another device's answer came. */
  | { readonly kind: 'refused'; readonly what: string; readonly code: string; readonly detail: string };

export interface ProvisioningPorts extends Pick<LinkPorts, 'clock' | 'random' | 'ram'> {
  /** MQTT client id, and common name of the request, until the cloud has given it a thing's name. */
  readonly deviceId: string;
  readonly settings: ProvisioningSettings;
  readonly keys: SecureElement;
  /** The record of credentials.ts. */
  readonly credentials: Journal;
  readonly claim: Claim;
  readonly connectAs: ConnectAs;
  /** When a certificate is replaced; absent: never, since this device has no clock that tells the date. */
  readonly renewal?: Renewal | undefined;
  readonly observe: (event: ProvisioningEvent) => void;
}

export interface Renewal {
  /** Since 1970. */
  readonly nowSeconds: () => number;
  /** Of a certificate's lifetime, in (0, 1]: 0.8 is after four fifths. */
  readonly share: number;
}
