/**
 * From an envelope that anyone may have sent to one whose manifest may be run:
 *
 *     Envelope ── digest of the manifest = the one that was signed ── blocks verified against the anchors
 *              ── all required algorithms among them ── manifest decoded ── severed members = their digests
 *              ──▶ AuthenticatedEnvelope
 *
 * Nothing of the manifest is parsed before a signature over it is verified (draft-ietf-suit-manifest-37 §6.2).
 *
 * Whoever forwards an envelope can drop a block or add one, so a block that does not verify spoils nothing; but the
 * anchors that did verify must cover every algorithm the device requires. Stripping the post-quantum block of a hybrid
 * envelope therefore fails, however good the classical one is.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { wrongShape } from '../cbor/expect.ts';
import { Tag } from '../cbor/value.ts';
import { algorithmByName, type AlgorithmName, type Anchor, describeAnchor, mayVerify } from '../cose/algorithms.ts';
import { COSE_SIGN_TAG, decodeSign, type SignOutcome, verifySign } from '../cose/sign.ts';
import { COSE_SIGN1_TAG, decodeSign1, verifySign1 } from '../cose/sign1.ts';
import { mostTelling, type Trust } from '../cose/verify-signature.ts';
import { Rejection } from '../errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES, MAX_SIGNATURES } from '../limits.ts';
import { decodeSequence, type Sequence } from './commands.ts';
import { describeDigest, digestOfWrapped, equalDigests, type SuitDigest } from './digest.ts';
import type { Envelope } from './envelope.ts';
import { describeLabel, ENVELOPE_MEMBERS, type SectionName } from './labels.ts';
import { decodeManifest, type Manifest } from './manifest.ts';

const COSE_MAC_TAGS: ReadonlyMap<number, string> = new Map([
  [17, 'COSE_Mac0'],
  [97, 'COSE_Mac'],
]);

export interface TrustPolicy extends Trust {
  /** Each of these must be the algorithm of an anchor that signed. Empty: any one anchor will do. */
  readonly requiredAlgorithms: readonly AlgorithmName[];
}

/** What else than a list of algorithms may decide whether those who signed are enough. */
export interface SigningRules extends Trust {
  /**
   * Before anything of the manifest is read.
   *
   * @param cause why signatures did not count, where some did not
   * @throws {Rejection} where these signers are enough for no manifest at all
   */
  readonly expectSigners: (signers: readonly Anchor[], cause: Rejection | undefined) => void;
  /** @throws {Rejection} where they are not enough for this manifest */
  readonly expectAuthority: (manifest: Manifest, signers: readonly Anchor[], cause: Rejection | undefined) => void;
}

/** The parts of an envelope that hold once it is authenticated. */
interface Content {
  readonly manifest: Manifest;
  readonly digest: SuitDigest;
  readonly authenticatedBy: readonly Anchor[];
  readonly sequences: ReadonlyMap<SectionName, Sequence>;
  readonly text: Uint8Array | undefined;
  readonly integrated: ReadonlyMap<string, Uint8Array>;
}

/** Only `authenticate` makes one: its private field keeps every other object from having this type. */
class Authenticated {
  readonly #content: Content;

  constructor(content: Content) {
    this.#content = content;
  }

  get manifest(): Manifest {
    return this.#content.manifest;
  }

  /** Of the manifest: how reports name it. */
  get digest(): SuitDigest {
    return this.#content.digest;
  }

  /** The anchors whose signatures verified, each once. */
  get authenticatedBy(): readonly Anchor[] {
    return this.#content.authenticatedBy;
  }

  /** Of the sections that are here, in the manifest or severed. */
  get sequences(): ReadonlyMap<SectionName, Sequence> {
    return this.#content.sequences;
  }

  /** The text member, undecoded, where it came along: `decodeText`. */
  get text(): Uint8Array | undefined {
    return this.#content.text;
  }

  /** Payloads that came in the envelope. Not signed: only an image digest that they match makes them good. */
  get integrated(): ReadonlyMap<string, Uint8Array> {
    return this.#content.integrated;
  }

  /**
   * The sequence of a section, wherever it came from; undefined where the manifest has no such section.
   *
   * @throws {Rejection} `severed-missing`
   */
  sequence(name: SectionName): Sequence | undefined {
    const sequence = this.sequences.get(name);
    if (!sequence && this.manifest.sections.has(name)) {
      throw new Rejection(
        'severed-missing',
        `envelope.${name}`,
        'expected the member that the manifest pins, got none',
      );
    }
    return sequence;
  }
}

/** An envelope whose manifest may be run: signed, unchanged, decoded, its severed members as pinned. */
export type AuthenticatedEnvelope = Authenticated;

/**
 * @throws {Rejection} `unsigned`, `digest-mismatch`, `limit-exceeded`; where no block verifies, the most telling of
 *   `signature-invalid`, `algorithm-not-allowed`, `critical-header`, `unknown-key`, `unsupported-algorithm`,
 *   `wrong-shape`, `malformed`; `requirement-not-met`; then those of decodeManifest, and `unsupported-member`,
 *   `severed-mismatch`
 */
export const authenticate = (envelope: Envelope, policy: TrustPolicy): AuthenticatedEnvelope =>
  authenticateBy(envelope, {
    ...policy,
    expectSigners: (signers, cause) => checkRequirement(signers, policy.requiredAlgorithms, cause),
    expectAuthority: () => {},
  });

/** @throws {Rejection} as `authenticate`, with those of the rules in place of `requirement-not-met` */
export function authenticateBy(envelope: Envelope, rules: SigningRules): AuthenticatedEnvelope {
  checkDigest(envelope);
  const { signers, cause } = verifyBlocks(envelope, rules);
  rules.expectSigners(signers, cause);
  const manifest = decodeManifest(envelope.manifestBytes);
  rules.expectAuthority(manifest, signers, cause);
  checkMembers(envelope, manifest);
  return new Authenticated({
    manifest,
    digest: envelope.digest,
    authenticatedBy: signers,
    sequences: sequencesOf(envelope, manifest),
    text: textOf(envelope, manifest),
    integrated: envelope.integrated,
  });
}

/** Before any signature, since it is cheap: the signatures cover the digest, and only this ties it to the manifest. */
function checkDigest({ blocks, digest, manifestBytes }: Envelope): void {
  if (blocks.length === 0) throw new Rejection('unsigned', 'envelope.authentication', 'expected a signature, got none');
  const actual = digestOfWrapped(manifestBytes, digest.algorithmId);
  if (!equalDigests(actual, digest)) {
    const detail = `expected ${describeDigest(digest)}, got ${describeDigest(actual)}`;
    throw new Rejection('digest-mismatch', 'envelope.manifest', detail);
  }
}

/** One COSE message of the envelope, not yet verified. */
interface Block {
  readonly signatures: number;
  /** Who signed; refusals of single signatures are added to the list. */
  readonly verify: (refusals: Rejection[]) => readonly Anchor[];
}

interface Signers {
  /** At least one, each once. */
  readonly signers: readonly Anchor[];
  /** The most telling refusal of the other signatures. */
  readonly cause: Rejection | undefined;
}

function verifyBlocks({ blocks, digestBytes }: Envelope, trust: Trust): Signers {
  const refusals: Rejection[] = [];
  const messages = blocks.flatMap((bytes, index) =>
    collect(refusals, () => [decodeBlock(bytes, { ...trust, payload: digestBytes, at: blockPlace(index) })]),
  );
  const signatures = messages.reduce((sum, message) => sum + message.signatures, 0);
  if (signatures > MAX_SIGNATURES) {
    const detail = `expected at most ${MAX_SIGNATURES} signatures, got ${signatures}`;
    throw new Rejection('limit-exceeded', 'envelope.authentication', detail);
  }
  const anchors = new Set(messages.flatMap((message) => collect(refusals, () => message.verify(refusals))));
  if (anchors.size === 0) throw mostTelling(refusals);
  return { signers: [...anchors], cause: refusals.length === 0 ? undefined : mostTelling(refusals) };
}

/** The digest is element 0 of the array, so the first block is element 1. */
const blockPlace = (index: number): string => `envelope.authentication[${index + 1}]`;

/** What `attempt` gives, or nothing and its refusal in the list. */
function collect<T>(refusals: Rejection[], attempt: () => readonly T[]): readonly T[] {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    refusals.push(error);
    return [];
  }
}

function decodeBlock(bytes: Uint8Array, options: Trust & { readonly payload: Uint8Array; readonly at: string }): Block {
  const { at } = options;
  const item = decodeCbor(bytes, { at, maxBytes: MAX_AUTHENTICATION_BLOCK_BYTES, keyOrder: 'any' });
  if (!(item instanceof Tag)) throw wrongShape(at, 'a tagged COSE message', item);
  if (item.tag === COSE_SIGN1_TAG) {
    const sign1 = decodeSign1(item, { at });
    return { signatures: 1, verify: () => [verifySign1(sign1, options)] };
  }
  if (item.tag === COSE_SIGN_TAG) {
    const sign = decodeSign(item, { at });
    return { signatures: sign.signatures.length, verify: (refusals) => signersOf(verifySign(sign, options), refusals) };
  }
  const mac = COSE_MAC_TAGS.get(item.tag);
  if (mac === undefined) throw wrongShape(at, 'COSE_Sign1 or COSE_Sign', item);
  throw new Rejection(
    'unsupported-algorithm',
    at,
    `expected COSE_Sign1 or COSE_Sign, got ${mac}: no key is shared here`,
  );
}

function signersOf(outcome: SignOutcome, refusals: Rejection[]): readonly Anchor[] {
  refusals.push(...outcome.refusals);
  return outcome.anchors;
}

function checkRequirement(
  anchors: readonly Anchor[],
  required: readonly AlgorithmName[],
  cause: Rejection | undefined,
): void {
  const missing = required.filter((name) => !anchors.some((anchor) => fulfils(anchor, name)));
  if (missing.length === 0) return;
  const signed = anchors.map(describeAnchor).join(', ');
  const why = cause ? `; ${cause.message}` : '';
  const detail = `expected a signature of ${missing.join(' and ')} too, got only ${signed}${why}`;
  throw new Rejection('requirement-not-met', 'envelope.authentication', detail, { cause });
}

/** ES256 and ESP256 are one algorithm under two names. */
function fulfils(anchor: Anchor, name: AlgorithmName): boolean {
  const algorithm = algorithmByName(name);
  return algorithm !== undefined && mayVerify(anchor, algorithm.coseId);
}

/** Nothing in the envelope but what the manifest knows of, and each severed member as it pins it (§8.4.12). */
function checkMembers({ severed, unsupported }: Envelope, manifest: Manifest): void {
  const [label] = unsupported;
  if (label !== undefined) {
    throw new Rejection('unsupported-member', 'envelope', `got ${describeLabel(ENVELOPE_MEMBERS, label)}`);
  }
  for (const [name, bytes] of severed) {
    const pinned = name === 'text' ? manifest.text : manifest.sections.get(name);
    const at = `envelope.${name}`;
    if (!pinned?.severed) throw new Rejection('severed-mismatch', at, 'expected no member: the manifest pins none');
    const actual = digestOfWrapped(bytes, pinned.digest.algorithmId);
    if (!equalDigests(actual, pinned.digest)) {
      const detail = `expected ${describeDigest(pinned.digest)}, got ${describeDigest(actual)}`;
      throw new Rejection('severed-mismatch', at, detail);
    }
  }
}

function sequencesOf({ severed }: Envelope, { sections }: Manifest): ReadonlyMap<SectionName, Sequence> {
  const sequences = new Map<SectionName, Sequence>();
  for (const [name, section] of sections) if (!section.severed) sequences.set(name, section.value);
  for (const [name, bytes] of severed)
    if (name !== 'text') sequences.set(name, decodeSequence(bytes, `envelope.${name}`));
  return sequences;
}

function textOf({ severed }: Envelope, { text }: Manifest): Uint8Array | undefined {
  return text?.severed === false ? text.value : severed.get('text');
}
