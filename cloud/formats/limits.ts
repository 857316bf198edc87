/** Bounds of documents that the operator signs or verifies; those of what devices read are in protocol/limits.ts. */

/** bytes. Held in memory, and some formats hold it thrice. An AWS IoT stream carries at most 24 MB. */
export const MAX_CONTENT_BYTES = 64 * 1024 * 1024;

/** bytes. Content in base64 in a JWS or in PEM, with certificates and signature. */
export const MAX_DOCUMENT_BYTES = 2 * MAX_CONTENT_BYTES;

/** bytes. An ML-DSA-87 certificate is some 7.5 KB; a chain with classical cross-certificates of 8 fits. */
export const MAX_CERTIFICATE_BYTES = 32_768;

/** bytes. A file of certificates, in PEM. */
export const MAX_CERTIFICATES_BYTES = 1024 * 1024;

/** Certificates from a leaf to its root. Public web PKI needs 4. */
export const MAX_CHAIN_CERTIFICATES = 8;

/** bytes. A JOSE header with `alg`, `kid` and `typ` has some 100. */
export const MAX_JOSE_HEADER_BYTES = 4_096;
