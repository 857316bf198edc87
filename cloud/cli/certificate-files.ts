/** Certificates as commands take them: one file of one or several, in PEM, or of one in DER. */
import { MAX_CERTIFICATES_BYTES } from '../formats/limits.ts';
import { decodePemOrDer } from '../formats/pem.ts';
import { readInput } from './files.ts';

/** DER of each. @throws {Rejection} `too-large`, `not-der`, `wrong-shape` */
export const readCertificates = (bytes: Uint8Array, at: string): readonly Uint8Array[] =>
  decodePemOrDer(bytes, 'CERTIFICATE', { at, maxBytes: MAX_CERTIFICATES_BYTES });

/** DER of each. @throws {Rejection} also what node:fs throws */
export const readCertificateFile = (file: string): readonly Uint8Array[] =>
  readCertificates(readInput(file, MAX_CERTIFICATES_BYTES), file);
