/**
 * Devices with certificates of their manufacturer: what becomes of the first connection with one.
 *
 *   CA with a template      the template is carried out with what the subject says (AWS: just-in-time provisioning)
 *   CA without              the certificate waits for the operator, who is told (AWS: just-in-time registration)
 *
 * Unlike AWS, which ends that first connection in either case, a device that is registered by a template comes in.
 */
import { hash } from 'node:crypto';
import { encodeJson } from '../../protocol/aws-iot/json.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { Rejection } from '../../protocol/errors.ts';
import { decodeCertificate, type DecodedCertificate } from '../formats/certificate.ts';
import { isIssuedBy, subjectOf } from '../formats/client-certificate.ts';
import { readOne } from '../formats/documents.ts';
import { encodePem } from '../formats/pem.ts';
import { certificateIdOf } from '../identity/authority.ts';
import type { RegisterManufactured } from '../identity/device-registry.ts';
import type { Bus, Clock, Log } from '../ports.ts';
import { listAuthorities, type ManufacturerAuthority } from '../store/authorities.ts';
import { type Certificate, certificatesOfKey, insertCertificate } from '../store/certificates.ts';
import { isAllowed, templateByName } from '../store/provisioning-templates.ts';
import { commitRegistration } from '../store/registrations.ts';
import type { Store } from '../store/store.ts';
import { expectCleanKey, expectKeyOn, expectMayRegister } from './decide.ts';
import { certificateParameters, mergeParameters, planRegistration } from './plan-registration.ts';
import { Refusal } from './refusal.ts';

export interface ManufacturedOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly accountId: string;
}

export function registerManufacturedWith(options: ManufacturedOptions): RegisterManufactured {
  return async (der) => {
    const { store, clock, log } = options;
    const decoded = decodeOrNothing(der);
    const authority = decoded && (await findAuthority(store, decoded, clock()));
    if (!decoded || !authority) return 'unknown';
    const certificate = newCertificate(decoded, authority, clock());
    try {
      const others = await certificatesOfKey(store, certificate.keyDigest);
      expectCleanKey(others);
      expectKeyOn(others);
      if (authority.template === undefined) await announce(options, certificate, authority);
      else await register(options, { certificate, decoded, template: authority.template });
      return 'registered';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      log.warn(
        { certificateId: certificate.id, authority: authority.id, code: error.code, reason: error.message },
        'registration refused',
      );
      return 'refused';
    }
  };
}

function decodeOrNothing(der: Uint8Array): DecodedCertificate | undefined {
  try {
    return decodeCertificate(der, 'certificate');
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

async function findAuthority(
  store: Store,
  client: DecodedCertificate,
  nowMs: number,
): Promise<ManufacturerAuthority | undefined> {
  const authorities = await listAuthorities(store);
  return authorities.find(({ pem }) =>
    isIssuedBy(client, decodeCertificate(readOne(utf8(pem), 'CERTIFICATE'), 'authority'), nowMs),
  );
}

const newCertificate = (
  { der, spki, notAfterMs }: DecodedCertificate,
  authority: ManufacturerAuthority,
  nowMs: number,
): Certificate => ({
  id: certificateIdOf(der),
  pem: encodePem('CERTIFICATE', der),
  kind: 'device',
  status: 'PENDING_ACTIVATION',
  keyDigest: hash('sha256', spki, 'hex'),
  templates: [],
  policies: '[]',
  authorityId: authority.id,
  createdAtMs: nowMs,
  expiresAtMs: notAfterMs,
});

interface Manufactured {
  readonly certificate: Certificate;
  readonly decoded: DecodedCertificate;
  readonly template: string;
}

async function register(
  { store, clock }: ManufacturedOptions,
  { certificate, decoded, template: name }: Manufactured,
): Promise<void> {
  const template = await templateByName(store, name);
  if (!template?.settings.enabled)
    throw new Refusal('ResourceNotFound', `there is no template ${name} that is enabled`);
  const { body, settings } = template;
  const ofCertificate = certificateParameters(certificate.id, subjectOf(decoded));
  const parameters = mergeParameters(body, { said: {}, ofCertificate });
  const { allowListParameter: listed } = settings;
  if (listed !== undefined && !(await isAllowed(store, name, parameters.get(listed) ?? '')))
    throw new Refusal('AccessDenied', 'it is not on the allow-list');
  const { thing, describe, status, policies } = planRegistration(body, parameters);
  const nowMs = clock();
  await commitRegistration(store, {
    thing,
    describe,
    status,
    policies: JSON.stringify(policies),
    certificateId: certificate.id,
    template: name,
    nowMs,
    newCertificate: certificate,
    check: (existing) =>
      expectMayRegister({ caller: { kind: 'manufactured' }, thing, certificate, existing, template, nowMs }),
  });
}

async function announce(
  { store, bus, clock, accountId }: ManufacturedOptions,
  certificate: Certificate,
  authority: ManufacturerAuthority,
): Promise<void> {
  await insertCertificate(store, certificate);
  const timestamp = clock();
  const event = {
    certificateId: certificate.id,
    caCertificateId: authority.id,
    timestamp,
    certificateStatus: certificate.status,
    awsAccountId: accountId,
    certificateRegistrationTimestamp: String(timestamp),
  };
  await bus.publish(`$aws/events/certificates/registered/${authority.id}`, encodeJson(event), { qos: 1 });
}
