/** A content in one of the formats that carry or accompany one, but for its signature. */
import type { PublicKey } from '../../protocol/cose/algorithms.ts';
import { prepareCms } from './cms.ts';
import { prepareCose } from './cose.ts';
import type { ContentFormat } from './documents.ts';
import { prepareJws, prepareJwt } from './jws.ts';
import { prepareRaw } from './raw.ts';
import type { Unsigned } from './unsigned.ts';

export interface PrepareOptions {
  /** The document leaves the content out. Of cose, jws and cms; a raw signature always does, a JWT never. */
  readonly detached: boolean;
  /** DER, of the signing key first. Of cms. */
  readonly certificates: readonly Uint8Array[];
}

type Prepare = (content: Uint8Array, key: PublicKey, options: PrepareOptions) => Unsigned;

const PREPARE: Readonly<Record<ContentFormat, Prepare>> = {
  raw: prepareRaw,
  cose: prepareCose,
  jws: prepareJws,
  jwt: prepareJwt,
  cms: prepareCms,
};

/** @throws {Rejection | OperatorError} those of the format */
export const prepareDocument = (
  format: ContentFormat,
  content: Uint8Array,
  { key, ...options }: PrepareOptions & { readonly key: PublicKey },
): Unsigned => PREPARE[format](content, key, options);
