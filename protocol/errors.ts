/**
 * The one error that `protocol` throws: somebody else's bytes or claims were refused.
 *
 * A caller's own mistake (wrong argument type, misuse of an API) is a plain `TypeError` or `RangeError`
 * instead, so `catch (e) { if (e instanceof Rejection) … }` never hides a bug of ours.
 */

/**
 * Every reason to refuse, with the sentence operators read. The keys are a public contract: device reports
 * carry them, dashboards group by them and tests match on them. Add freely; never rename or reuse one.
 */
// oxfmt-ignore
export const REJECTIONS = {
  // bytes
  'too-large': 'the input is larger than this side is willing to read',
  'malformed': 'the bytes are not exactly one deterministically encoded CBOR item',
  'wrong-shape': 'a field is missing, is extra, or has the wrong type or size',
  // signatures
  'unsigned': 'the envelope carries a digest but no signature',
  'unknown-key': 'no anchor has this key id or made this signature',
  'algorithm-not-allowed': 'the algorithm is not the one this anchor is for',
  'critical-header': 'a critical COSE header is not understood',
  'signature-invalid': 'the signature does not cover these bytes under this key',
  'requirement-not-met': 'not every algorithm that the trust root requires has signed',
  'digest-mismatch': 'the manifest is not the one that was signed',
  'severed-mismatch': 'a severed member is not the one the manifest pins',
  'severed-missing': 'the manifest pins a severed member that the envelope does not carry',
  // manifest
  'manifest-version': 'the manifest is of a version this processor does not know',
  'sequence-rollback': 'the manifest is older than the installed one',
  'unsupported-member': 'the manifest has a member this processor does not implement',
  'unsupported-command': 'the manifest uses a command this processor does not implement',
  'unsupported-parameter': 'the manifest uses a parameter this processor does not implement',
  'unsupported-component': 'the manifest names more components, or other ones, than the device has',
  'unsupported-algorithm': 'the digest or signature algorithm is not implemented here',
  'forbidden-command': 'a command stands where the draft does not allow it',
  // running it
  'wrong-vendor': 'the manifest is for another vendor',
  'wrong-class': 'the manifest is for another class of device',
  'wrong-device': 'the manifest is for another unit',
  'wrong-slot': 'the image is for another slot',
  'content-mismatch': 'the component does not hold the content the manifest expects',
  'image-mismatch': 'the image is not the one the manifest describes',
  'image-too-large': 'the image is larger than the manifest or the component allows',
  'image-unavailable': 'the image that the manifest names cannot be had',
  'parameter-missing': 'a command needs a parameter that is not set',
  'aborted': 'the manifest says to stop here, or no alternative of a try-each fits',
  'operation-failed': 'the device could not carry out an operation of the manifest',
  'image-unconfirmed': 'the new image did not start, or did not find itself healthy',
  'limit-exceeded': 'running the manifest would pass a bound of this processor',
  // trust roots
  'root-format': 'the trust root is of a format this side does not know, or says something critical that it does not know',
  'root-version-gap': 'the trust root skips a version: the one in between must come first',
  'root-replay': 'the trust root is the one that is trusted already',
  'root-downgrade': 'the trust root is older than the one that is trusted',
  'root-fork': 'the trust root is not the successor of the one that is trusted: another one has its place in the chain',
  'root-lineage': 'the trust root belongs to another chain: that of another fleet',
  'root-dated-back': 'the trust root says it was issued before the one it succeeds',
  'root-not-pinned': 'the trust root is not the one that was pinned',
  'root-not-bridged': 'too few keys of the trusted root have signed its successor',
  'root-expired': 'the trust root has expired: releases wait for a newer one',
  'threshold-not-met': 'fewer distinct keys have signed than the role demands',
  'threshold-unreachable': 'a role demands more keys than it has, so it could never sign again',
  'too-few-root-keys': 'the root role would depend on a single key',
  'key-duplicate': 'one key stands twice in the trust root: a key has one purpose and one id',
  'key-revoked': 'the key is revoked: it counts for nothing, least of all for what revokes it',
  'key-missing': 'the key is pinned by its thumbprint only, and neither held nor sent along',
  'key-not-pinned': 'the key that was sent along is not the one that is pinned',
  'key-unaccounted': 'a key of the trusted root is gone from its successor, which does not say why',
  'key-repurposed': 'a key has another purpose in the successor: it has one for all its life',
  'revocation-dropped': 'a key that was compromised is no longer named as such',
  'floor-lowered': 'an epoch or sequence floor of the trusted root goes down in its successor',
  'role-not-allowed': 'no signer has the role that may speak for this component',
  'window-over': 'the migration window is over: every algorithm of the role must sign now',
  'policy-forbidden': 'the role may not have such a policy',
  'profile-violated': 'an algorithm or digest is not one that the profile of the trust root allows',
  'sequence-floor': 'the release is older than the trust root allows for this class of device',
  'sequence-equivocation': 'another release with this sequence number is installed already',
  'burn-unproven': 'no image has been confirmed under the newer trust root, so the old one stays',
  // AWS IoT messages
  'not-json': 'the bytes are not one JSON text in UTF-8',
  'job-invalid': 'the job document is not one this agent can read',
  'job-refused': 'the job service refused a request of this device',
  'stream-refused': 'the stream service refused a request of this device',
  'block-invalid': 'a block does not fit the file that was asked for',
  // X.509, CMS and JOSE: read by the cloud side only
  'not-der': 'the bytes are not exactly one DER structure of the kind that was asked for',
  'not-current': 'the certificate or token is not valid at this time',
  'certificate-usage': 'the certificate may not be used for this',
  'certificate-extension': 'a critical extension of the certificate is not understood',
  'chain-untrusted': 'the certificates do not lead to a trusted root',
} as const;

export type RejectionCode = keyof typeof REJECTIONS;

export class Rejection extends Error {
  override readonly name = 'Rejection';

  /** Why, for programs. */
  readonly code: RejectionCode;

  /** Where in the input, as a path of field names from its root: `envelope.authentication[0].signature`. */
  readonly at: string;

  /** Expected and found, in that order, without place or code. */
  readonly detail: string;

  /**
   * @param detail expected and found, in that order: `expected 2420 bytes, got 2419`. It may quote lengths,
   *   integers and hex of at most 32 bytes; never a key's private part, never unbounded input.
   */
  constructor(code: RejectionCode, at: string, detail: string, options?: ErrorOptions) {
    super(`${at}: ${detail} [${code}]`, options);
    this.code = code;
    this.at = at;
    this.detail = detail;
  }
}
