/**
 * Provisioning, as the device does it: from the claim that its factory flashed to a certificate of its own, and from that
 * one to the next. Each step is in flash before the next begins, so it goes on from any point at which the power fails.
 *
 *     plan.ts says what comes next ──▶ here it is done ──▶ credentials.ts keeps what came of it ──▶ plan.ts ...
 */
import type { CertificateCreated, ProvisioningRejected } from '../../protocol/aws-iot/provisioning.ts';
import { Rejection } from '../../protocol/errors.ts';
import { Link, type LinkPorts, type Session } from '../agent/link.ts';
import { type Credentials, decodeCredentials, encodeCredentials, type Registered } from './credentials.ts';
import { decodePem } from './pem.ts';
import { isRenewalDue, nextStep, proven, startedOver, type Step, withCertificate, withKey, withThing } from './plan.ts';
import { type Credential, CredentialRefused, type KeySlot, type ProvisioningPorts } from './ports.ts';
import { judgeRejection, type ProvisioningRefusal, ProvisioningRefused } from './refusals.ts';
import { type Answer, createFromCsr, createKeys, registerThing, type Service } from './service.ts';

type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;

export interface Provisioned extends Registered {
  /** Whether this certificate has come into use now; else there was nothing to do. */
  readonly isNew: boolean;
}

/**
 * Until the device has a certificate that is not near its end, and no claim.
 *
 * @throws {ProvisioningRefused} where asking again would not help
 * @throws {Rejection} where the flash holds no credentials that could be read, or the cloud sends more than fits
 * @throws {Unavailable} where the cloud could not be reached, or stopped answering: it goes on from there the next time
 */
export const provision = async (ports: ProvisioningPorts): Promise<Provisioned> => new Provisioning(ports).run();

class Provisioning {
  readonly #ports: ProvisioningPorts;
  #credentials: Credentials;
  #isRenewalDue: boolean;
  #isNew = false;
  /** Certificates, in this run. */
  #asked = 0;
  /** Why the certificate before was not taken: what is reported where no other one may be asked for. */
  #lastRefusal: ProvisioningRefused | undefined;

  constructor(ports: ProvisioningPorts) {
    this.#ports = ports;
    this.#credentials = decodeCredentials(ports.credentials.read());
    this.#isRenewalDue = this.#isNearItsEnd();
  }

  async run(): Promise<Provisioned> {
    for (;;) {
      const step = this.#next();
      this.#ports.observe({ kind: 'step', step: step.kind });
      if (step.kind === 'done') return { ...step.operational, isNew: this.#isNew };
      await this.#take(step);
    }
  }

  #next(): Step {
    return nextStep(this.#credentials, { hasClaim: this.#ports.claim.isThere(), isRenewalDue: this.#isRenewalDue });
  }

  async #take(step: Exclude<Step, StepOf<'done'>>): Promise<void> {
    switch (step.kind) {
      case 'make-key':
        this.#makeKey(step);
        return;
      case 'get-certificate':
      case 'register':
        await this.#getRegistered();
        return;
      case 'prove':
        await this.#prove(step);
        return;
      case 'erase-claim':
        this.#ports.claim.erase();
        return;
      case 'no-credential':
        throw new ProvisioningRefused('no-credential', this.#ports.deviceId);
    }
  }

  #makeKey({ slot }: StepOf<'make-key'>): void {
    const { keys, settings } = this.#ports;
    if (settings.keysFrom === 'device') keys.generateKey(slot, settings.algorithm);
    this.#save(withKey(this.#credentials, slot));
  }

  /** Both requests over one connection, with the credential that the device has: its claim, or its own certificate. */
  async #getRegistered(): Promise<void> {
    const { operational } = this.#credentials;
    const credential: Credential = operational ? { kind: 'device', ...operational } : { kind: 'claim' };
    const link = this.#linkAs(credential, operational?.thing ?? this.#ports.deviceId, 'credential-refused');
    await using connection = new Link(link);
    await connection.use(async (session) => {
      for (;;) {
        const step = this.#next();
        const service = this.#service(session, link);
        if (step.kind === 'get-certificate') await this.#getCertificate(service, step.pending.slot);
        else if (step.kind === 'register') await this.#register(service, step);
        else return;
      }
    });
  }

  async #getCertificate(service: Service, slot: KeySlot): Promise<void> {
    const { settings } = this.#ports;
    if (this.#lastRefusal && this.#asked >= settings.certificates) throw this.#lastRefusal;
    this.#asked += 1;
    const created =
      settings.keysFrom === 'device' ? await this.#certify(service, slot) : await this.#takeKey(service, slot);
    const certificate = decodeCertificate(created.certificatePem);
    this.#save(withCertificate(this.#credentials, { slot, certificate, token: created.certificateOwnershipToken }));
  }

  async #certify(service: Service, slot: KeySlot): Promise<CertificateCreated> {
    const { keys, deviceId } = this.#ports;
    const isOurs = (pem: string): boolean => keys.isCertifiedBy(slot, decodeCertificate(pem));
    const answer = await createFromCsr(service, keys.csr(slot, deviceId), isOurs);
    return acceptedOf('create-from-csr', answer);
  }

  /** @throws {ProvisioningRefused} `key-refused` */
  async #takeKey(service: Service, slot: KeySlot): Promise<CertificateCreated> {
    const { keys } = this.#ports;
    const created = acceptedOf('create-keys', await createKeys(service));
    try {
      keys.importKey(slot, decodePem('PRIVATE KEY', created.privateKey, 'created.privateKey'));
      if (keys.isCertifiedBy(slot, decodeCertificate(created.certificatePem))) return created;
    } catch (error) {
      if (error instanceof Rejection) throw new ProvisioningRefused('key-refused', error.message);
      throw error;
    }
    throw new ProvisioningRefused('key-refused', 'the certificate is for another key than the one that came with it');
  }

  async #register(service: Service, { pending }: StepOf<'register'>): Promise<void> {
    const answer = await registerThing(service, pending.token);
    if ('rejected' in answer && judgeRejection(answer.rejected) === 'new-certificate') {
      this.#lastRefusal = refusalOf('token-refused', answer.rejected);
      this.#save(withKey(this.#credentials, pending.slot));
      return;
    }
    const { thingName, deviceConfiguration } = acceptedOf('register-thing', answer);
    const { operational } = this.#credentials;
    if (operational && operational.thing !== thingName) {
      this.#save(startedOver(this.#credentials));
      throw new ProvisioningRefused('wrong-thing', `expected ${operational.thing}, got ${thingName}`);
    }
    this.#save(withThing(this.#credentials, pending, { thing: thingName, configuration: deviceConfiguration }));
  }

  /** With the new certificate; the one before counts until this has succeeded. */
  async #prove({ pending }: StepOf<'prove'>): Promise<void> {
    const link = this.#linkAs({ kind: 'device', ...pending }, pending.thing, 'certificate-refused');
    await using connection = new Link(link);
    try {
      await connection.use(async () => this.#save(proven(pending)));
    } catch (error) {
      if (!(error instanceof ProvisioningRefused)) throw error;
      this.#lastRefusal = error;
      this.#save(startedOver(this.#credentials));
      return;
    }
    this.#isNew = true;
    this.#isRenewalDue = false;
    this.#ports.keys.eraseKey(pending.slot === 0 ? 1 : 0);
  }

  #save(credentials: Credentials): void {
    this.#ports.credentials.write(encodeCredentials(credentials));
    this.#credentials = credentials;
  }

  #isNearItsEnd(): boolean {
    const { renewal, keys } = this.#ports;
    const { operational } = this.#credentials;
    if (!renewal || !operational) return false;
    return isRenewalDue(keys.validityOf(operational.certificate), renewal.nowSeconds(), renewal.share);
  }

  #service(session: Session, link: LinkPorts): Service {
    const { settings, observe } = this.#ports;
    return {
      session,
      settings,
      link,
      onRejected: (what, { errorCode, errorMessage }) =>
        observe({ kind: 'refused', what, code: errorCode, detail: errorMessage }),
    };
  }

  /** What a link needs to connect with `credential`; so many refusals of it are an end, others are waited out. */
  #linkAs(credential: Credential, clientId: string, code: ProvisioningRefusal): LinkPorts {
    const { settings, connectAs, observe, clock, random, ram } = this.#ports;
    let refusals = 0;
    return {
      clock,
      random,
      ram,
      observe,
      settings: { ...settings, blockBytes: settings.answerBytes, requestBytes: 0, idleTimeoutMs: 0 },
      connect: async ({ receiveBytes }) => {
        try {
          return await connectAs(credential, { clientId, receiveBytes });
        } catch (error) {
          if (error instanceof CredentialRefused && ++refusals >= settings.refusals) {
            throw new ProvisioningRefused(code, error.message);
          }
          throw error;
        }
      },
    };
  }
}

const decodeCertificate = (pem: string): Uint8Array => decodePem('CERTIFICATE', pem, 'created.certificatePem');

const refusalOf = (code: ProvisioningRefusal, { statusCode, errorCode, errorMessage }: ProvisioningRejected) =>
  new ProvisioningRefused(code, `${errorCode} (${statusCode}): ${errorMessage.slice(0, 200)}`, errorCode);

/** @throws {ProvisioningRefused} `service-refused` */
function acceptedOf<T>(what: string, answer: Answer<T>): T {
  if ('accepted' in answer) return answer.accepted;
  const { errorMessage } = answer.rejected;
  throw refusalOf('service-refused', { ...answer.rejected, errorMessage: `${what}: ${errorMessage}` });
}
