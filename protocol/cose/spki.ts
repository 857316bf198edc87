/**
 * SubjectPublicKeyInfo, as AWS KMS GetPublicKey returns it, to and from raw public keys. Each algorithm has exactly one
 * DER header, since its parameters are fixed (RFC 5480) or absent (RFC 8410, RFC 9881 §2), so a table of headers is the
 * whole parser: any other byte is another key type or a mistake.
 */
import { concatBytes, equalBytes, fromBase64, fromHex } from '../bytes.ts';
import { Rejection } from '../errors.ts';
import { MAX_COSE_KEY_BYTES } from '../limits.ts';
import { algorithmByName, type AlgorithmName, ALGORITHMS, type Anchor, type PublicKey } from './algorithms.ts';
import { anchorOf, decodeCoseKey } from './key.ts';

// oxfmt-ignore
const SPKI_HEADERS: Readonly<Record<AlgorithmName, string>> = {
  'ES256':     '3059301306072a8648ce3d020106082a8648ce3d030107034200',
  'ESP256':    '3059301306072a8648ce3d020106082a8648ce3d030107034200',
  'Ed25519':   '302a300506032b6570032100',
  'ML-DSA-44': '30820532300b06096086480165030403110382052100',
  'ML-DSA-65': '308207b2300b0609608648016503040312038207a100',
  'ML-DSA-87': '30820a32300b060960864801650304031303820a2100',
};

const PEM = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;

export const encodeSpki = ({ algorithm, publicKey }: PublicKey): Uint8Array =>
  concatBytes(fromHex(SPKI_HEADERS[algorithm.name]), publicKey);

/**
 * P-256 comes back as ES256, the name that SUIT's own examples use.
 * @throws {Rejection} `unsupported-algorithm`
 */
export function decodeSpki(der: Uint8Array, at = 'spki'): Anchor {
  for (const algorithm of ALGORITHMS) {
    const header = fromHex(SPKI_HEADERS[algorithm.name]);
    if (der.length !== header.length + algorithm.publicKeyBytes) continue;
    if (equalBytes(der.subarray(0, header.length), header))
      return anchorOf({ algorithm, publicKey: der.subarray(header.length) });
  }
  throw new Rejection(
    'unsupported-algorithm',
    at,
    `expected an SPKI of P-256, Ed25519 or ML-DSA, got ${der.length} other bytes`,
  );
}

/**
 * A public key in whatever form a person has it: COSE_Key, SPKI (DER or PEM) or a raw ML-DSA public key, whose size
 * alone says which. Raw P-256 and Ed25519 keys are not accepted: their sizes are those of too many other things.
 *
 * @throws {Rejection} `too-large`, `wrong-shape`, `unsupported-algorithm`, and those of the COSE_Key reader
 */
export function decodePublicKey(bytes: Uint8Array, at: string): Anchor {
  if (bytes.length > MAX_COSE_KEY_BYTES) {
    throw new Rejection(
      'too-large',
      at,
      `expected a public key of at most ${MAX_COSE_KEY_BYTES} bytes, got ${bytes.length}`,
    );
  }
  const raw = ALGORITHMS.find(({ keyType, publicKeyBytes }) => keyType === 'AKP' && publicKeyBytes === bytes.length);
  if (raw) return anchorOf({ algorithm: raw, publicKey: bytes });
  if (bytes[0] === DER_SEQUENCE) return decodeSpki(bytes, at);
  if (isCborMap(bytes[0])) return decodeCoseKey(bytes, at);
  return decodeSpki(decodePem(bytes, at), at);
}

const DER_SEQUENCE = 0x30;
const isCborMap = (head: number | undefined): boolean => head !== undefined && head >> 5 === 5;

function decodePem(bytes: Uint8Array, at: string): Uint8Array {
  const [, body] = PEM.exec(new TextDecoder().decode(bytes)) ?? [];
  try {
    if (body !== undefined) return fromBase64(body);
  } catch {
    // Not base64 inside: the same answer as for anything else that is no key.
  }
  throw new Rejection('wrong-shape', at, 'expected a COSE_Key, an SPKI (DER or PEM) or a raw ML-DSA public key');
}

/** @throws {Rejection} `unsupported-algorithm` */
export function expectAlgorithmName(name: string, at: string): AlgorithmName {
  const algorithm = algorithmByName(name);
  if (algorithm) return algorithm.name;
  throw new Rejection(
    'unsupported-algorithm',
    at,
    `expected one of ${ALGORITHMS.map((row) => row.name).join(', ')}, got ${JSON.stringify(name.slice(0, 32))}`,
  );
}
