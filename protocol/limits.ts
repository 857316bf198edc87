/**
 * Every bound of the protocol in one place. The SUIT draft sets no numbers (draft-ietf-suit-manifest-37 §8),
 * so these are the device's own; each says what it must still let through.
 */

/** bytes. One MQTT payload of AWS IoT Core (128 KB), so an envelope never needs more than one stream request. */
export const MAX_ENVELOPE_BYTES = 131_072;

/** bytes. A manifest is held in RAM between check and use (RFC 9124 §4.3.21). */
export const MAX_MANIFEST_BYTES = 16_384;

/** bytes. A command sequence, also a severed one: held in RAM as the manifest is. */
export const MAX_SEQUENCE_BYTES = 16_384;

/** bytes. The text of a manifest, which is for people: example 2 of the draft has 523. */
export const MAX_TEXT_BYTES = 16_384;

/**
 * bytes. One COSE block: an ML-DSA-87 signature (4,627), or COSE_Sign with two of them, and headers; and so that envelopes of
 * other schemes can be carried and measured, though nobody here verifies them, one of SLH-DSA-192f (35,664: FIPS 205 §11).
 */
export const MAX_AUTHENTICATION_BLOCK_BYTES = 36_864;

/** Signatures looked at in one envelope, over all blocks: each costs the device a verification. */
export const MAX_SIGNATURES = 8;

/** bytes. An ML-DSA-87 COSE_Key with kid is 2,637 B; with its private seed 2,672 B. */
export const MAX_COSE_KEY_BYTES = 4_096;

/** Nesting of arrays, maps and tags in one CBOR item. The deepest SUIT structure here needs 6. */
export const MAX_CBOR_DEPTH = 16;

/** Data items in one CBOR item: bounds the memory that a decoded tree may take. */
export const MAX_CBOR_ITEMS = 4_096;

export const MAX_COMPONENTS = 16;

/** Elements of one component identifier, and bytes of each. */
export const MAX_COMPONENT_ID_PARTS = 8;
export const MAX_COMPONENT_ID_PART_BYTES = 64;

/** try-each and run-sequence inside each other. Example 3 of the draft needs 1. */
export const MAX_SEQUENCE_DEPTH = 8;

/** Commands executed over one procedure, shared sequences and repetitions over components included. */
export const MAX_COMMANDS = 4_096;

/** bytes of UTF-8. */
export const MAX_URI_BYTES = 1_024;

/** Records kept for the SUIT report; later ones are dropped, never the result. */
export const MAX_REPORT_RECORDS = 64;

/** bytes. A SUIT report: 64 records of a digest and two identifiers each are some 8 KB, a capability report 0.2 KB. */
export const MAX_REPORT_BYTES = 16_384;

/** bytes. A job document (AWS IoT quota). */
export const MAX_JOB_DOCUMENT_BYTES = 32_768;

/** Trust roots that one job may bring: a device that slept through 20 years of two rotations a year. */
export const MAX_JOB_ROOTS = 40;

/** bytes. A file of an AWS IoT stream (quota: 24 MB). */
export const MAX_STREAM_FILE_BYTES = 24 * 1024 * 1024;

/** bytes. Block size of an AWS IoT stream. */
export const MIN_BLOCK_BYTES = 256;
export const MAX_BLOCK_BYTES = 131_072;

/** bytes. A signed trust root: 7 keys of ML-DSA-87 in full and 6 signatures, which bridge to wholly new holders, are 47 KB. */
export const MAX_TRUST_ROOT_BYTES = 65_536;

/** Signatures of one trust root: two thresholds of hybrid signers. Each costs the device a verification. */
export const MAX_ROOT_SIGNATURES = 16;

export const MAX_ROLES = 16;

/** Keys of one role, both halves of a hybrid counted. */
export const MAX_ROLE_KEYS = 16;

/** Components that one named role speaks for. */
export const MAX_ROLE_PREFIXES = 8;

/** Classes of device with a sequence floor or epoch in one trust root. */
export const MAX_FLOORS = 64;

/** Revoked keys that one trust root names. */
export const MAX_REVOKED_KEYS = 64;

/** bytes of UTF-8. */
export const MAX_ROLE_NAME_BYTES = 64;

/** bytes. What a device remembers of its trust beside the roots: mostly public keys that are only pinned there. */
export const MAX_TRUST_STATE_BYTES = 65_536;
