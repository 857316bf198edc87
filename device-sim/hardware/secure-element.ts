/**
 * A chip that keeps private keys, by node:crypto: two for the device itself. It has memory of its own, so a cut of the
 * board's power finds each of its operations done or not begun.
 *
 * This is a program's memory and a plain file, no hardware: what it shows is who asks it for what.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signWithNode,
  X509Certificate,
} from 'node:crypto';
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509';
import { Rejection } from '../../protocol/errors.ts';
import type { KeyAlgorithm, KeySlot, SecureElement, Validity } from '../provisioning/ports.ts';

/** Where the keys are from one start to the next: PKCS #8 in DER. */
export interface KeyMemory {
  read(slot: KeySlot): Uint8Array | undefined;
  /** Undefined: erased. Takes effect whole or not at all. */
  write(slot: KeySlot, privateKey: Uint8Array | undefined): void;
}

const ID_AT_COMMON_NAME = '2.5.4.3';

/** By `asymmetricKeyType` of node:crypto. RFC 5758 §3.2, RFC 9881 §2: parameters must be absent. */
const SIGNATURE_OIDS: Readonly<Record<string, string>> = {
  ec: '1.2.840.10045.4.3.2',
  'ml-dsa-44': '2.16.840.1.101.3.4.3.17',
  'ml-dsa-65': '2.16.840.1.101.3.4.3.18',
  'ml-dsa-87': '2.16.840.1.101.3.4.3.19',
};

export class SimulatedSecureElement implements SecureElement {
  readonly #memory: KeyMemory;

  constructor(memory: KeyMemory) {
    this.#memory = memory;
  }

  generateKey(slot: KeySlot, algorithm: KeyAlgorithm): void {
    this.#memory.write(slot, exported(GENERATE[algorithm]()));
  }

  importKey(slot: KeySlot, privateKey: Uint8Array): void {
    this.#memory.write(slot, exported(decodePrivateKey(privateKey)));
  }

  csr(slot: KeySlot, commonName: string): Uint8Array {
    const key = this.privateKey(slot);
    const certificationRequestInfo = new CertificationRequestInfo({
      subject: nameOf(commonName),
      subjectPKInfo: AsnConvert.parse(publicKeyInfo(key), SubjectPublicKeyInfo),
    });
    const request = new CertificationRequest({
      certificationRequestInfo,
      signatureAlgorithm: new AlgorithmIdentifier({ algorithm: SIGNATURE_OIDS[key.asymmetricKeyType ?? ''] ?? '' }),
      signature: new Uint8Array(signWith(key, new Uint8Array(AsnConvert.serialize(certificationRequestInfo)))).buffer,
    });
    return new Uint8Array(AsnConvert.serialize(request));
  }

  sign(slot: KeySlot, message: Uint8Array): Uint8Array {
    return new Uint8Array(signWith(this.privateKey(slot), message));
  }

  isCertifiedBy(slot: KeySlot, certificate: Uint8Array): boolean {
    const x509 = parsed(certificate);
    return x509?.checkPrivateKey(this.privateKey(slot)) ?? false;
  }

  validityOf(certificate: Uint8Array): Validity {
    const x509 = parsed(certificate);
    if (!x509) throw notDer('certificate', certificate);
    return { notBefore: secondsOf(x509.validFromDate), notAfter: secondsOf(x509.validToDate) };
  }

  eraseKey(slot: KeySlot): void {
    this.#memory.write(slot, undefined);
  }

  /** For the simulated TLS stack alone: a real one asks the chip to sign. */
  privateKey(slot: KeySlot): KeyObject {
    const key = this.#memory.read(slot);
    if (!key) throw new RangeError(`secure element: no key in slot ${slot}`);
    return decodePrivateKey(key);
  }
}

const GENERATE: Readonly<Record<KeyAlgorithm, () => KeyObject>> = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ML-DSA-44': () => generateKeyPairSync('ml-dsa-44').privateKey,
  'ML-DSA-65': () => generateKeyPairSync('ml-dsa-65').privateKey,
  'ML-DSA-87': () => generateKeyPairSync('ml-dsa-87').privateKey,
};

function decodePrivateKey(der: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw notDer('privateKey', der, { cause });
  }
  if (SIGNATURE_OIDS[key.asymmetricKeyType ?? ''] !== undefined) return key;
  throw new Rejection('unsupported-algorithm', 'privateKey', `got ${key.asymmetricKeyType}`);
}

const exported = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));

const publicKeyInfo = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));

const signWith = (key: KeyObject, message: Uint8Array): Uint8Array =>
  signWithNode(key.asymmetricKeyType === 'ec' ? 'sha256' : null, message, key);

/** `CN=…`, in UTF-8. */
const nameOf = (commonName: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: ID_AT_COMMON_NAME, value: new AttributeValue({ utf8String: commonName }) }),
    ]),
  ]);

/** OpenSSL has no error class of its own for what it cannot read. */
function parsed(certificate: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000);

const notDer = (at: string, bytes: Uint8Array, options?: ErrorOptions): Rejection =>
  new Rejection('not-der', at, `expected DER, got ${bytes.length} other bytes`, options);
