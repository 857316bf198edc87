/**
 * Certificates that wait: made for a key, and registered within the hour by whoever asked, or gone. The token says who
 * asked; only its digest is kept.
 */
import { hash } from 'node:crypto';
import { utf8 } from '../../protocol/bytes.ts';
import type { CertificateCreated } from '../../protocol/aws-iot/provisioning.ts';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import { readOne } from '../formats/documents.ts';
import { verifyCsr } from '../formats/x509.ts';
import type { Authority } from '../identity/authority.ts';
import type { Clock } from '../ports.ts';
import { verifyNatively } from '../signing/native-verifier.ts';
import { certificatesOfKey } from '../store/certificates.ts';
import { countPending, insertPending } from '../store/ownership-tokens.ts';
import type { Store } from '../store/store.ts';
import { type Caller, expectCleanKey, expectRoom } from './decide.ts';
import { Refusal } from './refusal.ts';

/** AWS IoT. */
const TOKEN_LIFE_MS = 3_600_000;
const TOKEN_BYTES = 32;
/** What a claim that was stolen can fill the store with; or a device, which needs one a year. */
const MAX_PENDING = { claim: 10_000, device: 20 } as const;
const NAME_OF_NOBODY = 'CN=Bristlecone Device';

export interface CertifyingParts {
  readonly store: Store;
  readonly deviceCa: Authority;
  readonly clock: Clock;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export const tokenDigest = (token: string): string => hash('sha256', token, 'hex');

/** @throws {Refusal} AccessDenied (a key that was revoked), Throttling */
export async function certify(
  { store, deviceCa, clock, random }: CertifyingParts,
  subjectKey: PublicKey,
  { certificateId: principal, kind, thing, authorityId, templates }: Caller,
): Promise<CertificateCreated> {
  expectRoom(await countPending(store, principal), MAX_PENDING[kind === 'claim' ? 'claim' : 'device']);
  const keyDigest = hash('sha256', encodeSpki(subjectKey), 'hex');
  expectCleanKey(await certificatesOfKey(store, keyDigest));
  const nowMs = clock();
  const { id, pem, expiresAtMs } = await deviceCa.issue({
    profile: 'device',
    // A name that a claim could choose would be believed by whoever trusts this CA and does not ask its registry.
    subject: thing === undefined ? NAME_OF_NOBODY : `CN=${thing}`,
    subjectKey,
    nowMs,
    days: Math.min(...templates.map(({ settings }) => settings.certificateDays)),
  });
  const certificateOwnershipToken = random(TOKEN_BYTES).toBase64({ alphabet: 'base64url', omitPadding: true });
  const waiting = { kind: 'device', status: 'PENDING_ACTIVATION', templates: [], policies: '[]' } as const;
  await insertPending(
    store,
    // Who was let in by a manufacturer CA goes with it, whatever certificates it got since.
    {
      id,
      pem,
      expiresAtMs,
      keyDigest,
      createdAtMs: nowMs,
      ...(authorityId !== undefined && { authorityId }),
      ...waiting,
    },
    {
      digest: tokenDigest(certificateOwnershipToken),
      certificateId: id,
      principal,
      expiresAtMs: nowMs + TOKEN_LIFE_MS,
    },
  );
  return { certificateId: id, certificatePem: pem, certificateOwnershipToken };
}

/**
 * The key of a certification request whose sender has shown that it holds the key.
 * @throws {Refusal} InvalidParameters
 * @throws {Rejection} those of verifyCsr
 */
export function requestedKey(pem: string): PublicKey {
  const { key } = verifyCsr(readOne(utf8(pem), 'CERTIFICATE REQUEST'), verifyNatively);
  if (key.algorithm.name === 'ES256' || key.algorithm.postQuantum) return key;
  throw new Refusal('InvalidParameters', `expected a P-256 or ML-DSA key, got ${key.algorithm.name}`);
}
