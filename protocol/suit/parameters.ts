/**
 * The parameters of a component (draft-ietf-suit-manifest-37 §8.4.8): what conditions compare with and directives use.
 * One row of `CODECS` each: how it is read, checked and written. Those of extension drafts, and custom ones, are kept as
 * they came, so that a manifest can be shown and re-encoded; the whole-manifest check then refuses them by name.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { expectBoolean, expectBytes, expectInteger, expectMap, expectText, expectUint } from '../cbor/expect.ts';
import { type CborValue, Tag } from '../cbor/value.ts';
import { Rejection } from '../errors.ts';
import { MAX_URI_BYTES } from '../limits.ts';
import { utf8Bytes } from '../bytes.ts';
import { encodeSuitDigest, type SuitDigest, suitDigestOf } from './digest.ts';
import { CBOR_TAGS, labelOf, PARAMETERS } from './labels.ts';
import { UUID_BYTES } from './uuid.ts';

/** A UUID, or an IANA Private Enterprise Number as a relative OID (RFC 9090). */
export type VendorId =
  | { readonly form: 'uuid'; /** 16 bytes. */ readonly bytes: Uint8Array }
  | { readonly form: 'pen'; readonly bytes: Uint8Array };

interface ImplementedParameters {
  vendorId: VendorId;
  /** 16 bytes. */
  classId: Uint8Array;
  /** 16 bytes. */
  deviceId: Uint8Array;
  imageDigest: SuitDigest;
  imageBytes: number;
  componentSlot: number;
  content: Uint8Array;
  uri: string;
  /** Index into the manifest's components, not an identifier. */
  sourceComponent: number;
  invokeArguments: Uint8Array;
  fetchArguments: Uint8Array;
  /** Of the sequence being run, not of a component. */
  strictOrder: boolean;
  /** Of the sequence being run, not of a component. */
  softFailure: boolean;
}

type ParameterKey = keyof ImplementedParameters;

export type Parameters = Readonly<Partial<ImplementedParameters>> & {
  /** Label and value of each parameter that is not implemented here. */
  readonly unsupported?: ReadonlyMap<number, CborValue>;
};

interface Codec<T> {
  readonly label: number;
  readonly decode: (value: CborValue, at: string) => T;
  readonly encode: (value: T) => CborValue;
}

type Name = (typeof PARAMETERS)[number]['name'];

/** A PEN has at most 32 bits, which is 5 bytes of relative OID; more would not be one. */
const MAX_PEN_BYTES = 5;

const row = <T extends CborValue>(name: Name, expect: (value: CborValue, at: string) => T): Codec<T> => ({
  label: labelOf(PARAMETERS, name),
  decode: expect,
  encode: (value) => value,
});
const uuid = (value: CborValue, at: string): Uint8Array => expectBytes(value, at, UUID_BYTES);
const bytes = (value: CborValue, at: string): Uint8Array => expectBytes(value, at);

// oxfmt-ignore
const CODECS: { readonly [K in ParameterKey]: Codec<ImplementedParameters[K]> } = {
  vendorId: { label: labelOf(PARAMETERS, 'vendor-identifier'), decode: vendorIdOf, encode: vendorIdValue },
  classId: row('class-identifier', uuid),
  deviceId: row('device-identifier', uuid),
  imageDigest: { label: labelOf(PARAMETERS, 'image-digest'), decode: wrappedDigestOf, encode: encodeSuitDigest },
  imageBytes: row('image-size', expectUint),
  componentSlot: row('component-slot', expectUint),
  content: row('content', bytes),
  uri: row('uri', uriOf),
  sourceComponent: row('source-component', expectUint),
  invokeArguments: row('invoke-args', bytes),
  fetchArguments: row('fetch-arguments', bytes),
  strictOrder: row('strict-order', expectBoolean),
  softFailure: row('soft-failure', expectBoolean),
};

const KEYS = new Map<number, ParameterKey>(parameterKeys().map((key) => [CODECS[key].label, key]));

function parameterKeys(): readonly ParameterKey[] {
  const isKey = (key: string): key is ParameterKey => key in CODECS;
  return Object.keys(CODECS).filter(isKey);
}

type Draft = { -readonly [K in ParameterKey]?: ImplementedParameters[K] };

/** @throws {Rejection} `wrong-shape`, `malformed`, `unsupported-algorithm`, `limit-exceeded` */
export function parametersOf(value: CborValue | undefined, at: string): Parameters {
  const known: Draft = {};
  const unsupported = new Map<number, CborValue>();
  for (const [key, item] of expectMap(value, at)) {
    const label = expectInteger(key, `${at} key`);
    const parameter = KEYS.get(label);
    if (parameter === undefined) unsupported.set(label, item);
    else decodeInto(known, parameter, { value: item, at: `${at}[${label}]` });
  }
  return unsupported.size === 0 ? known : { ...known, unsupported };
}

function decodeInto<K extends ParameterKey>(
  known: Pick<Draft, K>,
  key: K,
  { value, at }: { value: CborValue; at: string },
): void {
  known[key] = CODECS[key].decode(value, at);
}

export function parametersValue(parameters: Parameters): ReadonlyMap<CborValue, CborValue> {
  const map = new Map<CborValue, CborValue>(parameters.unsupported);
  for (const key of parameterKeys()) encodeInto(map, key, parameters[key]);
  return map;
}

function encodeInto<K extends ParameterKey>(
  map: Map<CborValue, CborValue>,
  key: K,
  value: ImplementedParameters[K] | undefined,
): void {
  if (value !== undefined) map.set(CODECS[key].label, CODECS[key].encode(value));
}

function vendorIdOf(value: CborValue, at: string): VendorId {
  if (!(value instanceof Tag) || value.tag !== CBOR_TAGS.privateEnterpriseNumber) {
    return { form: 'uuid', bytes: uuid(value, at) };
  }
  const pen = expectBytes(value.value, at);
  if (pen.length === 0 || pen.length > MAX_PEN_BYTES) {
    throw new Rejection('wrong-shape', at, `expected a PEN of 1 to ${MAX_PEN_BYTES} bytes, got ${pen.length}`);
  }
  return { form: 'pen', bytes: pen };
}

function vendorIdValue({ form, bytes }: VendorId): CborValue {
  return form === 'uuid' ? bytes : new Tag(CBOR_TAGS.privateEnterpriseNumber, bytes);
}

function wrappedDigestOf(value: CborValue, at: string): SuitDigest {
  const wrapped = expectBytes(value, at);
  return suitDigestOf(decodeCbor(wrapped, { at, maxBytes: wrapped.length }), at);
}

/** A URI that is used or repeated later: bounded here once. */
export function uriOf(value: CborValue | undefined, at: string): string {
  const uri = expectText(value, at);
  const bytes = utf8Bytes(uri);
  if (bytes > MAX_URI_BYTES) {
    throw new Rejection('limit-exceeded', at, `expected a URI of at most ${MAX_URI_BYTES} bytes, got ${bytes}`);
  }
  return uri;
}

/** What a sequence sets for the processor itself, apart from what it sets for components (§8.4.8). */
export function splitParameters({ strictOrder, softFailure, ...component }: Parameters): {
  readonly component: Parameters;
  readonly strictOrder: boolean | undefined;
  readonly softFailure: boolean | undefined;
} {
  return { component, strictOrder, softFailure };
}
