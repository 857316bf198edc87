/**
 * A document that lacks only its signature. Whoever holds the key — KMS, or a machine behind an air gap — needs
 * nothing but `toBeSigned`; whoever has the signature needs nothing but `document` to put it into.
 */
import type { PublicKey } from '../../protocol/cose/algorithms.ts';

export const FORMATS = ['raw', 'cose', 'jws', 'jwt', 'cms', 'csr', 'certificate'] as const;

export type Format = (typeof FORMATS)[number];

export interface Unsigned {
  readonly format: Format;
  /** Whose signature it waits for. */
  readonly key: PublicKey;
  /** What the signature covers, byte for byte. */
  readonly toBeSigned: Uint8Array;
  /** The document, with a placeholder or nothing where its signature will be. */
  readonly document: Uint8Array;
  /** What a verifier needs beside a document that does not carry it. */
  readonly detachedContent?: Uint8Array;
}
