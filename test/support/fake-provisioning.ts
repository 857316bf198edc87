/**
 * AWS IoT fleet provisioning as a device sees it, in one process and in virtual time, behind the port that provisioning
 * connects with. It certifies, keeps a registry, and a test may tamper with every message and refuse what it likes.
 *
 * Time passes only while the device waits.
 */
import { SimulatedSecureElement } from '../../device-sim/hardware/secure-element.ts';
import { type Clock, type Message, type Transport, Unavailable } from '../../device-sim/ports.ts';
import { decodePem, encodePem } from '../../device-sim/provisioning/pem.ts';
import { type ConnectAs, type Credential, CredentialRefused } from '../../device-sim/provisioning/ports.ts';
import {
  type CertificateCreated,
  decodeCreateFromCsr,
  decodeRegisterThing,
  encodeCertificateCreated,
  encodeProvisioningRejected,
  encodeThingRegistered,
  type ProvisioningErrorCode,
  type ProvisioningRejected,
  provisioningRejected,
} from '../../protocol/aws-iot/provisioning.ts';
import {
  parseProvisioningRequestTopic,
  provisioningReplyTopic,
  type ProvisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import { equalBytes } from '../../protocol/bytes.ts';
import { keyMemory } from './key-memory.ts';
import type { DeviceCa, IssuedCertificate, Lifetime } from './device-ca.ts';

export const TEMPLATE = 'hubs';
export const TOKEN_LIFE_MS = 3_600_000;

export interface RegisteredCertificate extends IssuedCertificate {
  status: 'PENDING_ACTIVATION' | 'ACTIVE' | 'INACTIVE';
  thing: string | undefined;
  readonly token: string;
  readonly issuedAtMs: number;
}

/** How often a message arrives: 0 loses it. */
export type Tamper = (message: Message, index: number) => number;

export class FakeProvisioning {
  readonly certificates: RegisteredCertificate[] = [];
  /** Operations that the device asked for, in order. */
  readonly requests: string[] = [];
  /** Who connected, and as whom. */
  readonly connections: string[] = [];
  toDevice: Tamper = () => 1;
  toCloud: Tamper = () => 1;
  /** Answers of the next requests, instead of what would be said. */
  readonly refuseNext: ProvisioningRejected[] = [];
  /** Whose connections the broker refuses. */
  isRefused: (credential: Credential) => boolean = () => false;
  /** Connections that fail before one succeeds. */
  unreachable = 0;
  lifetime: Lifetime = {};
  /** The answer to the first request for a certificate brings this one, as a broker would that mixes its clients up. */
  strayCertificate: IssuedCertificate | undefined;
  /** Whether create-keys sends a key that its certificate is not for. */
  strayKey = false;
  thingOf: (parameters: Readonly<Record<string, string>>) => string = ({ SerialNumber }) => `hub-${SerialNumber}`;
  readonly #ca: DeviceCa;
  #nowMs = 0;
  #session = 0;
  #inbox: Message[] = [];
  #working: Promise<void> = Promise.resolve();
  readonly #messages = { up: 0, down: 0 };

  constructor(ca: DeviceCa) {
    this.#ca = ca;
  }

  readonly clock: Clock = {
    nowMs: () => this.#nowMs,
    sleep: async (ms) => this.passTime(ms),
  };

  passTime(ms: number): void {
    this.#nowMs += ms;
  }

  /** Certificates with which a device may connect now. */
  get active(): readonly RegisteredCertificate[] {
    return this.certificates.filter(({ status }) => status === 'ACTIVE');
  }

  readonly connectAs: ConnectAs = async (credential, { clientId }) => {
    this.#session += 1;
    this.#inbox = [];
    if (this.unreachable > 0) {
      this.unreachable -= 1;
      throw new Unavailable('connection refused');
    }
    this.#admit(credential, clientId);
    this.connections.push(`${credential.kind} ${clientId}`);
    return this.#transport(this.#session);
  };

  /** The connection drops: the next thing the device does with it fails. */
  dropConnection(): void {
    this.#session += 1;
  }

  #admit(credential: Credential, clientId: string): void {
    if (this.isRefused(credential)) throw new CredentialRefused('not authorized');
    if (credential.kind === 'claim') return;
    const known = this.certificates.find(({ der }) => equalBytes(der, credential.certificate));
    if (known?.status !== 'ACTIVE' || known.thing !== clientId) throw new CredentialRefused('not authorized');
    // As the registry does: a certificate that has connected replaces the one before.
    for (const other of this.active) if (other !== known && other.thing === clientId) other.status = 'INACTIVE';
  }

  #transport(session: number): Transport {
    const expectOpen = (): void => {
      if (session !== this.#session) throw new Unavailable('connection lost');
    };
    return {
      subscribe: async () => expectOpen(),
      publish: (topic, payload) => {
        expectOpen();
        const message = { topic, payload: payload.slice() };
        for (let times = this.toCloud(message, this.#messages.up++); times > 0; times--) {
          this.#working = this.#working.then(() => this.#handle(message));
        }
      },
      receive: async (withinMs) => {
        await this.#working;
        expectOpen();
        const message = this.#inbox.shift();
        if (!message) this.passTime(withinMs);
        return message;
      },
      close: async () => this.dropConnection(),
    };
  }

  async #handle({ topic, payload }: Message): Promise<void> {
    const to = parseProvisioningRequestTopic(topic);
    if (!to) throw new Error(`fake provisioning: nothing listens to ${topic}`);
    this.requests.push(to.operation);
    const refusal = this.refuseNext.shift();
    if (refusal) this.#reject(to, refusal);
    else if (to.operation === 'register-thing') this.#register(to, payload);
    else if (to.operation === 'create-from-csr') await this.#certify(to, payload);
    else await this.#createKeys(to);
  }

  async #certify(to: ProvisioningRequestTopic, payload: Uint8Array): Promise<void> {
    const { certificateSigningRequest } = decodeCreateFromCsr(payload, to.format);
    const created = await this.#issue(decodePem('CERTIFICATE REQUEST', certificateSigningRequest, 'csr'));
    const stray = this.strayCertificate;
    this.strayCertificate = undefined;
    const sent = stray ? { ...created, certificatePem: stray.pem, certificateId: stray.id } : created;
    this.#answer(to, encodeCertificateCreated(sent, to.format));
  }

  async #createKeys(to: ProvisioningRequestTopic): Promise<void> {
    const memory = keyMemory();
    const keys = new SimulatedSecureElement(memory);
    keys.generateKey(0, 'P-256');
    const created = await this.#issue(keys.csr(0, 'AWS IoT Certificate'));
    // Another one than was certified: what a service would send that mixes its clients up.
    if (this.strayKey) keys.generateKey(0, 'P-256');
    const privateKey = encodePem('PRIVATE KEY', memory.read(0)!);
    this.#answer(to, encodeCertificateCreated({ ...created, privateKey }, to.format));
  }

  async #issue(csr: Uint8Array): Promise<CertificateCreated> {
    const issued = await this.#ca.certify(csr, this.lifetime);
    const token = `token-${this.certificates.length + 1}`;
    const status = 'PENDING_ACTIVATION';
    this.certificates.push({ ...issued, token, status, thing: undefined, issuedAtMs: this.#nowMs });
    return { certificateId: issued.id, certificatePem: issued.pem, certificateOwnershipToken: token };
  }

  #register(to: Extract<ProvisioningRequestTopic, { operation: 'register-thing' }>, payload: Uint8Array): void {
    const { certificateOwnershipToken, parameters } = decodeRegisterThing(payload, to.format);
    const known = this.certificates.find(({ token }) => token === certificateOwnershipToken);
    if (to.template !== TEMPLATE) return this.#refuse(to, 'ResourceNotFound');
    if (!known || this.#nowMs - known.issuedAtMs > TOKEN_LIFE_MS) {
      return this.#refuse(to, 'InvalidCertificateOwnershipToken');
    }
    const thingName = this.thingOf(parameters);
    Object.assign(known, { status: 'ACTIVE', thing: thingName });
    this.#answer(to, encodeThingRegistered({ thingName, deviceConfiguration: { ota: 'on' } }, to.format));
  }

  #refuse(to: ProvisioningRequestTopic, code: ProvisioningErrorCode): void {
    this.#reject(to, provisioningRejected(code, 'no'));
  }

  #reject(to: ProvisioningRequestTopic, refusal: ProvisioningRejected): void {
    this.#send(provisioningReplyTopic({ outcome: 'rejected', to }), encodeProvisioningRejected(refusal, to.format));
  }

  #answer(to: ProvisioningRequestTopic, payload: Uint8Array): void {
    this.#send(provisioningReplyTopic({ outcome: 'accepted', to }), payload);
  }

  #send(topic: string, payload: Uint8Array): void {
    const message = { topic, payload };
    for (let times = this.toDevice(message, this.#messages.down++); times > 0; times--) this.#inbox.push(message);
  }
}
