/**
 * SUIT_Envelope (draft-ietf-suit-manifest-37 §8.1 to §8.3):
 *
 *     107({ 2: bstr [ bstr SUIT_Digest, * bstr COSE block ], 3: bstr manifest, ? severed members, * "uri" => bstr })
 *
 * Decoding looks at nothing but this shape. Whose blocks they are and whether the manifest is the one they cover is for
 * `authenticate`; only its result can be run. Severed members are pinned by digests in the manifest; integrated payloads
 * are covered by nothing but the image digest they must match.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectMap, expectTag, wrongShape } from '../cbor/expect.ts';
import { type CborValue, Tag } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_AUTHENTICATION_BLOCK_BYTES, MAX_ENVELOPE_BYTES, MAX_MANIFEST_BYTES, MAX_SIGNATURES } from '../limits.ts';
import { digestOfWrapped, encodeSuitDigest, SHA_256, type SuitDigest, suitDigestOf } from './digest.ts';
import { CBOR_TAGS, ENVELOPE_MEMBERS, labelOf, SEVERABLE, type SeverableName } from './labels.ts';
import { uriOf } from './parameters.ts';

/** Its shape is checked; nothing in it is trusted. */
export interface Envelope {
  readonly digest: SuitDigest;
  /** The encoded digest as received: what every block signs. 36 bytes for SHA-256. */
  readonly digestBytes: Uint8Array;
  /** COSE messages, at most `MAX_SIGNATURES`, undecoded. */
  readonly blocks: readonly Uint8Array[];
  /** The content of the byte string under key 3, undecoded. */
  readonly manifestBytes: Uint8Array;
  readonly severed: ReadonlyMap<SeverableName, Uint8Array>;
  /** By the URI that fetches them from here: `#firmware`. */
  readonly integrated: ReadonlyMap<string, Uint8Array>;
  /** Labels of members that are not implemented here. */
  readonly unsupported: readonly (number | bigint)[];
}

const LABEL = {
  authentication: labelOf(ENVELOPE_MEMBERS, 'authentication'),
  manifest: labelOf(ENVELOPE_MEMBERS, 'manifest'),
} as const;

/**
 * Keys come in deterministic order, so authentication precedes the manifest as §8.3 demands.
 *
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `limit-exceeded`, `unsupported-algorithm`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const at = 'envelope';
  const map = expectMap(expectTag(decodeCbor(bytes, { at, maxBytes: MAX_ENVELOPE_BYTES }), CBOR_TAGS.envelope, at), at);
  const manifestBytes = expectBytes(map.get(LABEL.manifest), `${at}.manifest`);
  if (manifestBytes.length > MAX_MANIFEST_BYTES) {
    const detail = `expected at most ${MAX_MANIFEST_BYTES} bytes, got ${manifestBytes.length}`;
    throw new Rejection('too-large', `${at}.manifest`, detail);
  }
  return {
    ...decodeAuthentication(map.get(LABEL.authentication), `${at}.authentication`),
    manifestBytes,
    ...membersOf(map, at),
  };
}

function decodeAuthentication(value: CborValue | undefined, at: string) {
  const bytes = expectBytes(value, at);
  const [digestItem, ...blocks] = expectArray(decodeCbor(bytes, { at, maxBytes: bytes.length }), at);
  if (blocks.length > MAX_SIGNATURES) {
    throw new Rejection('limit-exceeded', at, `expected at most ${MAX_SIGNATURES} blocks, got ${blocks.length}`);
  }
  const digestBytes = expectBytes(digestItem, `${at}[0]`);
  return {
    digest: suitDigestOf(decodeCbor(digestBytes, { at: `${at}[0]`, maxBytes: digestBytes.length }), `${at}[0]`),
    digestBytes,
    blocks: blocks.map((block, i) => blockOf(block, `${at}[${i + 1}]`)),
  };
}

function blockOf(value: CborValue, at: string): Uint8Array {
  const block = expectBytes(value, at);
  if (block.length > MAX_AUTHENTICATION_BLOCK_BYTES) {
    const detail = `expected at most ${MAX_AUTHENTICATION_BLOCK_BYTES} bytes, got ${block.length}`;
    throw new Rejection('too-large', at, detail);
  }
  return block;
}

function membersOf(map: ReadonlyMap<CborValue, CborValue>, at: string) {
  const severed = new Map<SeverableName, Uint8Array>();
  const integrated = new Map<string, Uint8Array>();
  const unsupported: (number | bigint)[] = [];
  for (const [key, value] of map) {
    if (key === LABEL.authentication || key === LABEL.manifest) continue;
    const severable = SEVERABLE.find(({ label }) => label === key);
    if (severable) severed.set(severable.name, expectBytes(value, `${at}.${severable.name}`));
    else if (typeof key === 'string') integrated.set(uriOf(key, `${at} key`), expectBytes(value, `${at} payload`));
    else if (typeof key === 'number' || typeof key === 'bigint') unsupported.push(key);
    else throw wrongShape(`${at} key`, 'an integer or a text', key);
  }
  return { severed, integrated, unsupported };
}

/** What a release hands over to be sent; `blocks` are COSE messages over `signedDigest(manifestBytes)`. */
export interface EnvelopeParts {
  readonly manifestBytes: Uint8Array;
  readonly blocks: readonly Uint8Array[];
  readonly digestAlgorithmId?: number;
  readonly severed?: ReadonlyMap<SeverableName, Uint8Array>;
  readonly integrated?: ReadonlyMap<string, Uint8Array>;
}

/** The payload of every signature: the encoded digest of the wrapped manifest. 36 bytes for SHA-256. */
export const signedDigest = (manifestBytes: Uint8Array, algorithmId: number = SHA_256): Uint8Array =>
  encodeSuitDigest(digestOfWrapped(manifestBytes, algorithmId));

export function encodeEnvelope({
  manifestBytes,
  blocks,
  digestAlgorithmId,
  severed,
  integrated,
}: EnvelopeParts): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [LABEL.authentication, encodeCbor([signedDigest(manifestBytes, digestAlgorithmId), ...blocks])],
    [LABEL.manifest, manifestBytes],
  ]);
  for (const [name, member] of severed ?? []) map.set(labelOf(ENVELOPE_MEMBERS, name), member);
  for (const [uri, payload] of integrated ?? []) map.set(uri, payload);
  return encodeCbor(new Tag(CBOR_TAGS.envelope, map));
}
