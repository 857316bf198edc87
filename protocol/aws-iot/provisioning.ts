/**
 * The messages of AWS IoT fleet provisioning, for both sides, in JSON and CBOR. Field names are AWS's, and so are the
 * request and reply of each operation:
 *
 *     create-keys       {}                                         → certificateId, certificatePem, privateKey, token
 *     create-from-csr   certificateSigningRequest                  → certificateId, certificatePem, token
 *     register-thing    token, parameters                          → thingName, deviceConfiguration
 *     any of them                                     when refused → statusCode, errorCode, errorMessage
 *
 * where `token` is `certificateOwnershipToken`. AWS IoT developer guide, "Device provisioning MQTT API". Decoders check
 * shape and bounds; whether a token is good is for cloud/provisioning to say.
 */
import { Rejection } from '../errors.ts';
import { expectObject, expectText, expectUint, field, type JsonObject, type JsonValue, optional } from './json.ts';
import { decodeProvisioning, encodeProvisioning, expectTextOf } from './provisioning-codec.ts';
import type { ProvisioningFormat } from './provisioning-topics.ts';

/** bytes. A request for an ML-DSA-87 key is 7.4 KB of DER, 10 KB of PEM. */
export const MAX_CSR_BYTES = 16_384;
/** bytes. AWS's are some 470; AWS's C demo keeps 512. */
export const MAX_OWNERSHIP_TOKEN_BYTES = 1_024;
export const MAX_PARAMETERS = 64;
/** bytes of UTF-8. */
export const MAX_PARAMETER_NAME_BYTES = 128;
export const MAX_PARAMETER_VALUE_BYTES = 2_048;
/** bytes. A certificate or a private key in PEM, in a reply. */
const MAX_PEM_BYTES = 32_768;

/** Texts by name: what a device says about itself. Untrusted. */
export type Parameters = Readonly<Record<string, string>>;

export interface CreateFromCsrRequest {
  /** PEM of PKCS #10. */
  readonly certificateSigningRequest: string;
}

export interface RegisterThingRequest {
  readonly certificateOwnershipToken: string;
  readonly parameters: Parameters;
}

/** Of create-from-csr; create-keys adds the private key. */
export interface CertificateCreated {
  /** SHA-256 of the certificate's DER, in hex. */
  readonly certificateId: string;
  readonly certificatePem: string;
  readonly certificateOwnershipToken: string;
  /** PEM. Only where the cloud made the key. */
  readonly privateKey?: string | undefined;
}

export interface ThingRegistered {
  readonly thingName: string;
  readonly deviceConfiguration: JsonObject;
}

/**
 * The error codes, each with its status. Seen from AWS IoT: InvalidCertificateOwnershipToken with 400, AccessDenied with
 * 403. The others are not documented; they are named as in AWS's HTTP API.
 */
// oxfmt-ignore
export const PROVISIONING_ERRORS = {
  InvalidParameters:                400,
  InvalidCertificateOwnershipToken: 400,
  AccessDenied:                     403,
  ResourceNotFound:                 404,
  ResourceConflicts:                409,
  Throttling:                       429,
  InternalFailure:                  500,
} as const;

export type ProvisioningErrorCode = keyof typeof PROVISIONING_ERRORS;

export interface ProvisioningRejected {
  readonly statusCode: number;
  /** A `ProvisioningErrorCode`, or one of AWS's that is not known here. */
  readonly errorCode: string;
  readonly errorMessage: string;
}

export const provisioningRejected = (errorCode: ProvisioningErrorCode, errorMessage: string): ProvisioningRejected => ({
  statusCode: PROVISIONING_ERRORS[errorCode],
  errorCode,
  errorMessage,
});

export const encodeCreateKeys = (format: ProvisioningFormat): Uint8Array => encodeProvisioning({}, format);

export const encodeCreateFromCsr = (it: CreateFromCsrRequest, format: ProvisioningFormat): Uint8Array =>
  encodeProvisioning({ certificateSigningRequest: it.certificateSigningRequest }, format);

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeCreateFromCsr(bytes: Uint8Array, format: ProvisioningFormat): CreateFromCsrRequest {
  const at = 'create-from-csr';
  const csr = field(decodeProvisioning(bytes, format, at), 'certificateSigningRequest');
  return { certificateSigningRequest: expectTextOf(csr, `${at}.certificateSigningRequest`, MAX_CSR_BYTES) };
}

export const encodeRegisterThing = (it: RegisterThingRequest, format: ProvisioningFormat): Uint8Array =>
  encodeProvisioning({ certificateOwnershipToken: it.certificateOwnershipToken, parameters: it.parameters }, format);

/**
 * A token that is missing comes out empty: AWS answers that with an error of its own, not as a malformed message.
 * @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape`
 */
export function decodeRegisterThing(bytes: Uint8Array, format: ProvisioningFormat): RegisterThingRequest {
  const at = 'register-thing';
  const message = decodeProvisioning(bytes, format, at);
  const token = field(message, 'certificateOwnershipToken') ?? '';
  return {
    certificateOwnershipToken: expectTextOf(token, `${at}.certificateOwnershipToken`, MAX_OWNERSHIP_TOKEN_BYTES),
    parameters: expectParameters(field(message, 'parameters') ?? {}, `${at}.parameters`),
  };
}

/** @throws {Rejection} `too-large`, `wrong-shape` */
export function expectParameters(value: JsonValue | undefined, at: string): Parameters {
  const entries = Object.entries(expectObject(value, at));
  if (entries.length > MAX_PARAMETERS) {
    throw new Rejection('too-large', at, `expected at most ${MAX_PARAMETERS} parameters, got ${entries.length}`);
  }
  const read = entries.map(([name, item]): [string, string] => {
    const place = `${at}.${name.slice(0, 40)}`;
    return [expectTextOf(name, at, MAX_PARAMETER_NAME_BYTES), expectTextOf(item, place, MAX_PARAMETER_VALUE_BYTES)];
  });
  return Object.fromEntries(read);
}

export function encodeCertificateCreated(it: CertificateCreated, format: ProvisioningFormat): Uint8Array {
  const { certificateId, certificatePem, certificateOwnershipToken, privateKey } = it;
  const message = { certificateId, certificatePem, certificateOwnershipToken };
  return encodeProvisioning(privateKey === undefined ? message : { ...message, privateKey }, format);
}

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeCertificateCreated(bytes: Uint8Array, format: ProvisioningFormat): CertificateCreated {
  const at = 'created';
  const message = decodeProvisioning(bytes, format, at);
  const text = (name: string, maxBytes: number): string =>
    expectTextOf(field(message, name), `${at}.${name}`, maxBytes);
  const privateKey = optional(field(message, 'privateKey'), `${at}.privateKey`, expectText);
  return {
    certificateId: text('certificateId', 64),
    certificatePem: text('certificatePem', MAX_PEM_BYTES),
    certificateOwnershipToken: text('certificateOwnershipToken', MAX_OWNERSHIP_TOKEN_BYTES),
    ...(privateKey === undefined ? {} : { privateKey }),
  };
}

/** @throws {TypeError} where the configuration has what CBOR cannot say */
export const encodeThingRegistered = (it: ThingRegistered, format: ProvisioningFormat): Uint8Array =>
  encodeProvisioning({ deviceConfiguration: it.deviceConfiguration, thingName: it.thingName }, format);

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeThingRegistered(bytes: Uint8Array, format: ProvisioningFormat): ThingRegistered {
  const at = 'registered';
  const message = decodeProvisioning(bytes, format, at);
  return {
    thingName: expectTextOf(field(message, 'thingName'), `${at}.thingName`, 128),
    deviceConfiguration: expectObject(field(message, 'deviceConfiguration') ?? {}, `${at}.deviceConfiguration`),
  };
}

export const encodeProvisioningRejected = (it: ProvisioningRejected, format: ProvisioningFormat): Uint8Array =>
  encodeProvisioning({ statusCode: it.statusCode, errorCode: it.errorCode, errorMessage: it.errorMessage }, format);

/** @throws {Rejection} `too-large`, `malformed`, `not-json`, `wrong-shape` */
export function decodeProvisioningRejected(bytes: Uint8Array, format: ProvisioningFormat): ProvisioningRejected {
  const at = 'rejected';
  const message = decodeProvisioning(bytes, format, at);
  return {
    statusCode: expectUint(field(message, 'statusCode'), `${at}.statusCode`),
    errorCode: expectText(field(message, 'errorCode'), `${at}.errorCode`),
    errorMessage: optional(field(message, 'errorMessage'), `${at}.errorMessage`, expectText) ?? '',
  };
}
