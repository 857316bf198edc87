/**
 * The three requests of Fleet Provisioning, over a session. Nothing in a message ties an answer to its request, so there
 * is one in flight at a time, and a certificate counts as the answer only where it is for the key that was asked about:
 * a late one, a doubled one or a stranger's is passed over.
 */
import {
  type CertificateCreated,
  decodeCertificateCreated,
  decodeProvisioningRejected,
  decodeThingRegistered,
  encodeCreateFromCsr,
  encodeCreateKeys,
  encodeRegisterThing,
  type ProvisioningRejected,
  type ThingRegistered,
} from '../../protocol/aws-iot/provisioning.ts';
import {
  provisioningReplyTopic,
  type ProvisioningRequestTopic,
  provisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { ask } from '../agent/ask.ts';
import type { LinkPorts, Session } from '../agent/link.ts';
import { retryDelayMs } from '../agent/retry.ts';
import type { Message } from '../ports.ts';
import { encodePem } from './pem.ts';
import type { ProvisioningSettings } from './ports.ts';
import { judgeRejection } from './refusals.ts';

export interface Service {
  readonly session: Session;
  readonly settings: ProvisioningSettings;
  readonly link: LinkPorts;
  readonly onRejected: (what: string, rejected: ProvisioningRejected) => void;
}

export type Answer<T> = { readonly accepted: T } | { readonly rejected: ProvisioningRejected };

interface Request<T> {
  readonly topic: ProvisioningRequestTopic;
  readonly payload: Uint8Array;
  /** What the accepted answer says; undefined where it is not the answer to this. */
  readonly read: (payload: Uint8Array) => T | undefined;
}

/** @param isOurs whether a certificate that came in PEM is for the key of this request */
export function createFromCsr(
  service: Service,
  request: Uint8Array,
  isOurs: (certificatePem: string) => boolean,
): Promise<Answer<CertificateCreated>> {
  const { format } = service.settings;
  const certificateSigningRequest = encodePem('CERTIFICATE REQUEST', request);
  return exchange(service, {
    topic: { operation: 'create-from-csr', format },
    payload: encodeCreateFromCsr({ certificateSigningRequest }, format),
    read: (payload) => {
      const created = decodeCertificateCreated(payload, format);
      return isOurs(created.certificatePem) ? created : undefined;
    },
  });
}

export function createKeys(service: Service): Promise<Answer<CertificateCreated & { readonly privateKey: string }>> {
  const { format } = service.settings;
  return exchange(service, {
    topic: { operation: 'create-keys', format },
    payload: encodeCreateKeys(format),
    read: (payload) => {
      const { privateKey, ...created } = decodeCertificateCreated(payload, format);
      return privateKey === undefined ? undefined : { ...created, privateKey };
    },
  });
}

export function registerThing(service: Service, certificateOwnershipToken: string): Promise<Answer<ThingRegistered>> {
  const { format, template, parameters } = service.settings;
  return exchange(service, {
    topic: { operation: 'register-thing', template, format },
    payload: encodeRegisterThing({ certificateOwnershipToken, parameters }, format),
    read: (payload) => {
      const registered = decodeThingRegistered(payload, format);
      return isThingName(registered.thingName) ? registered : undefined;
    },
  });
}

/**
 * Asks until the service says yes, or a no that will stay one.
 *
 * @throws {Unavailable} where no answer comes
 */
async function exchange<T>(service: Service, { topic, payload, read }: Request<T>): Promise<Answer<T>> {
  const { session, settings, link } = service;
  const what = topic.operation;
  const accepted = provisioningReplyTopic({ outcome: 'accepted', to: topic });
  const rejected = provisioningReplyTopic({ outcome: 'rejected', to: topic });
  const answerOf = (message: Message): Answer<T> | undefined => {
    if (message.topic === rejected) return { rejected: decodeProvisioningRejected(message.payload, settings.format) };
    const value = message.topic === accepted ? read(message.payload) : undefined;
    return value === undefined ? undefined : { accepted: value };
  };
  await session.subscribe([accepted, rejected]);
  for (let attempt = 1; ; attempt++) {
    const question = { what, topic: provisioningRequestTopic(topic), payload, read: answerOf };
    const answer = await ask(session, question, link);
    if ('accepted' in answer) {
      session.noteProgress();
      return answer;
    }
    service.onRejected(what, answer.rejected);
    if (judgeRejection(answer.rejected) !== 'again' || attempt >= settings.attempts) return answer;
    await link.clock.sleep(retryDelayMs(attempt, settings.backoffMs, link.random()));
  }
}
