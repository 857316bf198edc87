/**
 * SUIT_Manifest (draft-ietf-suit-manifest-37 §8.4, Appendix A):
 *
 *     { 1: 1, 2: sequence-number, 3: bstr { 2: [+ component id], 4: bstr shared sequence }, ? 4: reference uri,
 *       ? 7, 8, 9: bstr sequence, ? 16, 20: bstr sequence / SUIT_Digest, ? 23: bstr text / SUIT_Digest, * extensions }
 *
 * A manifest is decoded only after its signatures are verified (§6.2): `authenticate` does both in that order. What
 * `decodeManifest` gives is merely *shaped*: show it, re-encode it, but run only an `AuthenticatedEnvelope`.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectArray, expectBytes, expectInteger, expectMap, expectUint64, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_COMPONENTS, MAX_MANIFEST_BYTES } from '../limits.ts';
import { decodeSequence, encodeSequence, type Sequence } from './commands.ts';
import { type ComponentId, componentIdOf } from './component-id.ts';
import { digestValue, type SuitDigest, suitDigestOf } from './digest.ts';
import {
  byLabel,
  COMMON_MEMBERS,
  type Label,
  labelOf,
  MANIFEST_MEMBERS,
  type SectionName,
  SECTIONS,
} from './labels.ts';
import { uriOf } from './parameters.ts';

/** A member in its place, or only its digest: the member itself may then come in the envelope. */
export type Severable<T> =
  | { readonly severed: false; readonly value: T }
  | { readonly severed: true; readonly digest: SuitDigest };

/** A member of an extension draft, as it came: kept to be shown and refused by name. */
export interface UnsupportedMember {
  readonly label: number;
  readonly value: CborValue;
}

export interface Manifest {
  /** An anti-rollback counter; neither a version of the image nor a time. */
  readonly sequenceNumber: number | bigint;
  readonly components: readonly ComponentId[];
  readonly sharedSequence?: Sequence;
  readonly referenceUri?: string;
  /** Only payload-fetch and install can be severed. */
  readonly sections: ReadonlyMap<SectionName, Severable<Sequence>>;
  /** Undecoded: a device has no use for it. `decodeText` reads it for people. */
  readonly text?: Severable<Uint8Array>;
  readonly unsupported: readonly UnsupportedMember[];
  readonly unsupportedCommon: readonly UnsupportedMember[];
}

const MANIFEST_VERSION = 1;

const LABEL = {
  version: labelOf(MANIFEST_MEMBERS, 'version'),
  sequenceNumber: labelOf(MANIFEST_MEMBERS, 'sequence-number'),
  common: labelOf(MANIFEST_MEMBERS, 'common'),
  referenceUri: labelOf(MANIFEST_MEMBERS, 'reference-uri'),
  text: labelOf(MANIFEST_MEMBERS, 'text'),
  components: labelOf(COMMON_MEMBERS, 'components'),
  sharedSequence: labelOf(COMMON_MEMBERS, 'shared-sequence'),
} as const;

/**
 * @param bytes the content of the byte string under key 3 of the envelope
 * @throws {Rejection} `manifest-version`, `too-large`, `malformed`, `wrong-shape`, `limit-exceeded`, `unsupported-algorithm`
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const at = 'manifest';
  const map = expectMap(decodeCbor(bytes, { at, maxBytes: MAX_MANIFEST_BYTES }), at);
  // First of all: a manifest of another version may have any other shape.
  const version = expectInteger(map.get(LABEL.version), `${at}.version`);
  if (version !== MANIFEST_VERSION) {
    throw new Rejection('manifest-version', `${at}.version`, `expected ${MANIFEST_VERSION}, got ${version}`);
  }
  const referenceUri = map.get(LABEL.referenceUri);
  const text = map.get(LABEL.text);
  return {
    sequenceNumber: expectUint64(map.get(LABEL.sequenceNumber), `${at}.sequence-number`),
    ...decodeCommon(map.get(LABEL.common)),
    ...(referenceUri !== undefined && { referenceUri: uriOf(referenceUri, `${at}.reference-uri`) }),
    sections: decodeSections(map, at),
    ...(text !== undefined && { text: severableOf(text, `${at}.text`) }),
    unsupported: unsupportedMembers(map, MANIFEST_ROWS, at),
  };
}

function decodeCommon(value: CborValue | undefined) {
  const at = 'manifest.common';
  const bytes = expectBytes(value, at);
  const map = expectMap(decodeCbor(bytes, { at, maxBytes: MAX_MANIFEST_BYTES }), at);
  const shared = map.get(LABEL.sharedSequence);
  const sharedAt = 'manifest.shared-sequence';
  return {
    components: componentsOf(map.get(LABEL.components), `${at}.components`),
    ...(shared !== undefined && { sharedSequence: decodeSequence(expectBytes(shared, sharedAt), sharedAt) }),
    unsupportedCommon: unsupportedMembers(map, COMMON_ROWS, at),
  };
}

/** Optional by the CDDL; a manifest without components has nothing to act on, and the processor says so. */
function componentsOf(value: CborValue | undefined, at: string): readonly ComponentId[] {
  if (value === undefined) return [];
  const items = expectArray(value, at);
  if (items.length === 0) throw wrongShape(at, 'at least one component', value);
  if (items.length > MAX_COMPONENTS) {
    throw new Rejection('limit-exceeded', at, `expected at most ${MAX_COMPONENTS} components, got ${items.length}`);
  }
  return items.map((item, i) => componentIdOf(item, `${at}[${i}]`));
}

function decodeSections(map: ReadonlyMap<CborValue, CborValue>, at: string): Manifest['sections'] {
  const sections = new Map<SectionName, Severable<Sequence>>();
  for (const { name, label, severable } of SECTIONS) {
    const value = map.get(label);
    if (value === undefined) continue;
    const place = `${at}.${name}`;
    const member = severable ? severableOf(value, place) : inline(expectBytes(value, place));
    sections.set(name, member.severed ? member : inline(decodeSequence(member.value, place)));
  }
  return sections;
}

const inline = <T>(value: T): Severable<T> => ({ severed: false, value });

/** An array is a digest, a byte string the member itself (§8.4.12). */
function severableOf(value: CborValue, at: string): Severable<Uint8Array> {
  if (Array.isArray(value)) return { severed: true, digest: suitDigestOf(value, at) };
  return inline(expectBytes(value, at));
}

const MANIFEST_ROWS = byLabel(MANIFEST_MEMBERS);
const COMMON_ROWS = byLabel(COMMON_MEMBERS);

function unsupportedMembers(
  map: ReadonlyMap<CborValue, CborValue>,
  rows: ReadonlyMap<number, Label>,
  at: string,
): readonly UnsupportedMember[] {
  const unsupported: UnsupportedMember[] = [];
  for (const [key, value] of map) {
    const label = expectInteger(key, `${at} key`);
    if (!rows.get(label)?.implemented) unsupported.push({ label, value });
  }
  return unsupported;
}

/** The content of the byte string under key 3 of the envelope. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [LABEL.version, MANIFEST_VERSION],
    [LABEL.sequenceNumber, manifest.sequenceNumber],
    [LABEL.common, encodeCommon(manifest)],
  ]);
  if (manifest.referenceUri !== undefined) map.set(LABEL.referenceUri, manifest.referenceUri);
  for (const { name, label } of SECTIONS) {
    const section = manifest.sections.get(name);
    if (section) map.set(label, section.severed ? digestValue(section.digest) : encodeSequence(section.value));
  }
  const { text } = manifest;
  if (text) map.set(LABEL.text, text.severed ? digestValue(text.digest) : text.value);
  for (const { label, value } of manifest.unsupported) map.set(label, value);
  return encodeCbor(map);
}

function encodeCommon({ components, sharedSequence, unsupportedCommon }: Manifest): Uint8Array {
  const map = new Map<CborValue, CborValue>();
  if (components.length > 0) map.set(LABEL.components, components);
  if (sharedSequence) map.set(LABEL.sharedSequence, encodeSequence(sharedSequence));
  for (const { label, value } of unsupportedCommon) map.set(label, value);
  return encodeCbor(map);
}
