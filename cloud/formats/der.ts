/**
 * DER through @peculiar/asn1-schema, which reads BER as well and ignores what follows: bytes count as read only where
 * they are what we would have written. That also leaves no room for two readers of one certificate to differ.
 */
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { equalBytes } from '../../protocol/bytes.ts';
import { type Algorithm, algorithmByName, type AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { Rejection } from '../../protocol/errors.ts';

/** Bounds of one structure beside its size: a certificate has some 100 values, 10 deep. */
const MAX_DEPTH = 32;
const MAX_NODES = 4_096;

interface DerBounds {
  readonly at: string;
  readonly maxBytes: number;
}

/** @throws {Rejection} `too-large`, `not-der` */
export function decodeDer<T>(bytes: Uint8Array, type: new () => T, { at, maxBytes }: DerBounds): T {
  if (bytes.length > maxBytes)
    throw new Rejection('too-large', at, `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  const berOptions = { maxDepth: MAX_DEPTH, maxNodes: MAX_NODES, maxContentLength: maxBytes };
  try {
    const value = AsnConvert.parse(bytes, type, { berOptions });
    if (equalBytes(encodeDer(value), bytes)) return value;
  } catch (cause) {
    // The library has no error class of its own.
    throw notDer(type.name, bytes, { at, cause });
  }
  throw notDer(type.name, bytes, { at });
}

const notDer = (name: string, bytes: Uint8Array, { at, cause }: { at: string; cause?: unknown }): Rejection =>
  new Rejection('not-der', at, `expected the DER of ${name}, got ${bytes.length} other bytes`, { cause });

export const encodeDer = (value: unknown): Uint8Array => new Uint8Array(AsnConvert.serialize(value));

/** As the library's types want byte strings. */
export const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

export const octetString = (bytes: Uint8Array): OctetString => new OctetString(toArrayBuffer(bytes));

export const bytesOf = (value: OctetString | ArrayBuffer): Uint8Array =>
  new Uint8Array(value instanceof OctetString ? value.buffer : value);

/** RFC 9881 §2, RFC 5758 §3.2 (ecdsa-with-SHA256), RFC 8410 §3. The parameters of all of them must be absent. */
const SIGNATURE_OIDS: Readonly<Record<AlgorithmName, string>> = {
  ES256: '1.2.840.10045.4.3.2',
  ESP256: '1.2.840.10045.4.3.2',
  Ed25519: '1.3.101.112',
  'ML-DSA-44': '2.16.840.1.101.3.4.3.17',
  'ML-DSA-65': '2.16.840.1.101.3.4.3.18',
  'ML-DSA-87': '2.16.840.1.101.3.4.3.19',
};

export const signatureIdentifier = ({ name }: Algorithm): AlgorithmIdentifier =>
  new AlgorithmIdentifier({ algorithm: SIGNATURE_OIDS[name] });

/**
 * P-256 comes back as ES256.
 * @throws {Rejection} `unsupported-algorithm`, `wrong-shape` (with parameters)
 */
export function expectSignatureIdentifier(identifier: AlgorithmIdentifier, at: string): Algorithm {
  const [name] = Object.entries(SIGNATURE_OIDS).find(([, oid]) => oid === identifier.algorithm) ?? [];
  const algorithm = name === undefined ? undefined : algorithmByName(name);
  if (!algorithm) {
    const known = 'expected ML-DSA, Ed25519 or ECDSA with SHA-256';
    throw new Rejection('unsupported-algorithm', at, `${known}, got OID ${identifier.algorithm.slice(0, 64)}`);
  }
  // Absent, and NULL is not absent.
  if (identifier.parameters !== undefined)
    throw new Rejection('wrong-shape', at, `expected no parameters of ${algorithm.name}, got some`);
  return algorithm;
}
