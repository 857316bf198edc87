/**
 * A claim: the credential that a factory puts into many devices, good for provisioning with its templates and for nothing
 * else. With a life of minutes it is what AWS IoT's CreateProvisioningClaim gives a trusted user.
 */
import { hash } from 'node:crypto';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import type { Authority } from '../identity/authority.ts';
import { createKeyPair, type KeyAlgorithm } from '../identity/key-pairs.ts';
import { insertCertificate } from '../store/certificates.ts';
import { expectTemplate } from '../store/provisioning-templates.ts';
import type { Store } from '../store/store.ts';

export interface ClaimOptions {
  readonly deviceCa: Authority;
  /** Names. */
  readonly templates: readonly string[];
  readonly algorithm: KeyAlgorithm;
  readonly nowMs: number;
  /** From now; its CA may end sooner. */
  readonly lifeMs: number;
}

export interface Claim {
  readonly certificateId: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly expiresAtMs: number;
}

const DAY_MS = 86_400_000;

/** @throws {OperatorError} `unknown-template` */
export async function createClaim(store: Store, options: ClaimOptions): Promise<Claim> {
  const { deviceCa, templates, algorithm, nowMs, lifeMs } = options;
  for (const name of templates) await expectTemplate(store, name);
  const { publicKey, privateKeyPem } = await createKeyPair(algorithm);
  const { id, pem, expiresAtMs } = await deviceCa.issue({
    profile: 'device',
    subject: 'CN=Bristlecone Claim',
    subjectKey: publicKey,
    nowMs,
    days: lifeMs / DAY_MS,
  });
  await insertCertificate(store, {
    id,
    pem,
    kind: 'claim',
    status: 'ACTIVE',
    keyDigest: hash('sha256', encodeSpki(publicKey), 'hex'),
    templates,
    policies: '[]',
    createdAtMs: nowMs,
    expiresAtMs,
  });
  return { certificateId: id, certificatePem: pem, privateKeyPem, expiresAtMs };
}
