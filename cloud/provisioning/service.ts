/**
 * The provisioning service: CreateKeysAndCertificate, CreateCertificateFromCsr and RegisterThing, to whoever connected
 * with a claim or with a certificate that it may replace.
 *
 *   request ──▶ who asks? ──▶ create: key or request ──▶ CA ──▶ certificate that waits, with a token ──▶ accepted
 *                        └──▶ register: token ──▶ allow-list, hook ──▶ template ──▶ thing, certificate ──▶ accepted
 *                └───────────────────── rejected ◀── any of them says no
 *
 * All of it is in the store before anybody is answered, so a restart in the middle loses nobody: whoever has a token uses
 * it with the next process. What is decided and why stands in decide.ts.
 *
 * Unlike AWS IoT Core it throttles only where it is told to (AWS_RATE_LIMITS), takes P-256 and ML-DSA keys, and says in
 * the certificates that it makes with a claim nothing of what the request called itself: whose they are stands in the
 * registry.
 */
import {
  decodeCreateFromCsr,
  decodeRegisterThing,
  encodeCertificateCreated,
  encodeProvisioningRejected,
  encodeThingRegistered,
  provisioningRejected,
} from '../../protocol/aws-iot/provisioning.ts';
import {
  parseProvisioningRequestTopic,
  PROVISIONING_REQUEST_FILTERS,
  type ProvisioningOutcome,
  provisioningReplyTopic,
  type ProvisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import { Rejection } from '../../protocol/errors.ts';
import { createKeyPair } from '../identity/key-pairs.ts';
import type { DeviceRequest, RequestBus } from '../ports.ts';
import { certificateById } from '../store/certificates.ts';
import { deleteExpired } from '../store/ownership-tokens.ts';
import { templateByName, usableTemplates } from '../store/provisioning-templates.ts';
import { certify, type CertifyingParts, requestedKey } from './certify.ts';
import { type Caller, expectCaller } from './decide.ts';
import { type RateLimits, RateLimiter } from './rate-limits.ts';
import { Refusal } from './refusal.ts';
import { registerThing, type RegisteringParts } from './register-thing.ts';
import type { ProvisioningTemplate } from './settings.ts';

/** What is made for nobody is cleared away this often. */
const SWEEP_INTERVAL_MS = 60_000;

export interface ProvisioningService {
  /** Clears away what has run out. */
  tick(): Promise<void>;
}

export interface ProvisioningServiceOptions extends CertifyingParts, RegisteringParts {
  readonly requests: RequestBus;
  /** Left out: none. */
  readonly limits?: RateLimits;
}

export function startProvisioningService(options: ProvisioningServiceOptions): ProvisioningService {
  const service = new Service(options);
  for (const filter of PROVISIONING_REQUEST_FILTERS) {
    options.requests.onRequest(filter, (request) => service.handle(request));
  }
  return service;
}

class Service implements ProvisioningService {
  readonly #options: ProvisioningServiceOptions;
  readonly #limiter: RateLimiter;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProvisioningServiceOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.limits ?? {});
  }

  async handle(request: DeviceRequest): Promise<void> {
    const to = parseProvisioningRequestTopic(request.topic);
    const { log } = this.#options;
    if (!to) return log.info({ topic: request.topic }, 'ignored a message to a malformed topic');
    const [outcome, payload] = await this.#answer(to, request);
    await request.reply(provisioningReplyTopic({ outcome, to }), payload);
  }

  async tick(): Promise<void> {
    const { store, clock, log } = this.#options;
    const nowMs = clock();
    if (nowMs < this.#sweptAtMs + SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    const certificates = await deleteExpired(store, nowMs);
    if (certificates > 0) log.info({ certificates }, 'deleted certificates that nobody registered in time');
  }

  async #answer(
    to: ProvisioningRequestTopic,
    request: DeviceRequest,
  ): Promise<readonly [ProvisioningOutcome, Uint8Array]> {
    const { clientId, certificateId } = request;
    try {
      return ['accepted', await this.#carryOut(to, request)];
    } catch (error) {
      const { log } = this.#options;
      const asked = { operation: to.operation, clientId, certificateId };
      if (error instanceof Refusal || error instanceof Rejection)
        log.warn({ ...asked, reason: error.message }, 'refused');
      else log.error({ ...asked, error }, 'a provisioning request failed');
      return ['rejected', encodeProvisioningRejected(rejectionOf(error), to.format)];
    }
  }

  async #carryOut(to: ProvisioningRequestTopic, request: DeviceRequest): Promise<Uint8Array> {
    const caller = await this.#caller(request);
    if (!this.#limiter.take(to.operation, this.#options.clock())) {
      throw new Refusal('Throttling', 'too many requests: ask again in a second');
    }
    if (to.operation === 'register-thing') {
      const template = await this.#template(to.template, caller);
      const asked = decodeRegisterThing(request.payload, to.format);
      return encodeThingRegistered(await registerThing(this.#options, { template, asked, caller }), to.format);
    }
    if (to.operation === 'create-keys') {
      const { publicKey, privateKeyPem } = await createKeyPair('P-256');
      return encodeCertificateCreated(
        { ...(await certify(this.#options, publicKey, caller)), privateKey: privateKeyPem },
        to.format,
      );
    }
    const { certificateSigningRequest } = decodeCreateFromCsr(request.payload, to.format);
    return encodeCertificateCreated(
      await certify(this.#options, requestedKey(certificateSigningRequest), caller),
      to.format,
    );
  }

  async #caller({ certificateId, clientId }: DeviceRequest): Promise<Caller> {
    const { store, clock } = this.#options;
    const certificate = certificateId === undefined ? undefined : await certificateById(store, certificateId);
    const templates = certificate ? await usableTemplates(store, certificate) : [];
    return expectCaller({ certificate, clientId, templates, nowMs: clock() });
  }

  async #template(name: string, { templates }: Caller): Promise<ProvisioningTemplate> {
    const template = templates.some((it) => it.name === name)
      ? await templateByName(this.#options.store, name)
      : undefined;
    if (template) return template;
    throw new Refusal('AccessDenied', `the certificate of this connection may not use the template ${name}`);
  }
}

/** What the device is told. Of what goes wrong on our side it learns only that it did. */
function rejectionOf(error: unknown) {
  if (error instanceof Refusal) return provisioningRejected(error.code, error.message);
  if (error instanceof Rejection) return provisioningRejected('InvalidParameters', `${error.at}: ${error.detail}`);
  return provisioningRejected('InternalFailure', 'this cannot be carried out now');
}
