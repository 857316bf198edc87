/** The signature into the document, and the document checked as its receiver will check it, before it is handed out. */
import { createPublicKey } from 'node:crypto';
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { anchorOf } from '../../protocol/cose/key.ts';
import { verifyWithNoble } from '../../protocol/cose/reference-verifier.ts';
import { encodeSpki } from '../../protocol/cose/spki.ts';
import { Rejection } from '../../protocol/errors.ts';
import { decodeCertificate } from './certificate.ts';
import { completeDocument, readOne, verifyDocument } from './documents.ts';
import type { Unsigned } from './unsigned.ts';
import { verifyCsr } from './x509.ts';

/**
 * @param signature in COSE form
 * @returns the document with its signature, as `completeDocument` gives it
 * @throws {Rejection} `signature-invalid`: not over this document by this key; others where the document is damaged
 */
export function finishDocument(unsigned: Unsigned, signature: Uint8Array): Uint8Array {
  const { key, toBeSigned } = unsigned;
  if (!verifyWithNoble(key, toBeSigned, signature)) {
    const expected = `a signature of ${key.algorithm.signatureBytes} bytes by this ${key.algorithm.name} key`;
    throw new Rejection('signature-invalid', 'signature', `expected ${expected}, got ${signature.length} other bytes`);
  }
  const document = completeDocument(unsigned, signature);
  expectSigned(unsigned, document);
  return document;
}

function expectSigned({ format, key, detachedContent }: Unsigned, document: Uint8Array): void {
  if (format === 'csr') return void verifyCsr(readOne(document, 'CERTIFICATE REQUEST'), verifyWithNoble);
  if (format === 'certificate') return expectSignedCertificate(document, key);
  const content = detachedContent ? { content: detachedContent } : {};
  const trust = { anchors: [anchorOf(key)], verify: verifyWithNoble };
  // Whether the claims of a token are of today is its receiver's question.
  verifyDocument(format === 'jwt' ? 'jws' : format, document, { ...content, ...trust, nowMs: 0 });
}

function expectSignedCertificate(document: Uint8Array, key: PublicKey): void {
  const { openSsl } = decodeCertificate(readOne(document, 'CERTIFICATE'), 'certificate');
  const issuer = createPublicKey({ key: encodeSpki(key), format: 'der', type: 'spki' });
  if (openSsl.verify(issuer)) return;
  throw new Rejection('signature-invalid', 'certificate', 'expected a signature by the issuer, got another');
}
