/**
 * SUIT_Text_Map (draft-ietf-suit-manifest-37 §8.4.4): what a manifest says to people, per language, about the whole and
 * about each component. No device needs it; it is usually severed, and read by `bristlecone explain`.
 *
 *     { + language => { * label => text, * [* bstr] => { * label => text } } }
 *
 * A component identifier is an array, so an array stands as a map key here: the only place in SUIT.
 */
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { expectInteger, expectMap, expectText, wrongShape } from '../cbor/expect.ts';
import type { CborValue } from '../cbor/value.ts';
import { MAX_TEXT_BYTES } from '../limits.ts';
import { type ComponentId, componentIdOf, equalComponentIds } from './component-id.ts';

/** By label of TEXT_LABELS or COMPONENT_TEXT_LABELS; negative ones are the application's own. */
type TextFields = ReadonlyMap<number, string>;

interface LanguageText {
  readonly fields: TextFields;
  readonly components: readonly { readonly id: ComponentId; readonly fields: TextFields }[];
}

/** By language tag (RFC 5646): `en-US`. */
export type ManifestText = ReadonlyMap<string, LanguageText>;

/** The grammar of tag 38 in RFC 9290 Appendix A. */
const LANGUAGE_TAG = /^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$/;

/**
 * @param bytes the content of the byte string under key 23
 * @param components with them, text about any other component is refused (§8.4.4)
 * @throws {Rejection} `too-large`, `malformed`, `wrong-shape`, `limit-exceeded`
 */
export function decodeText(bytes: Uint8Array, components?: readonly ComponentId[]): ManifestText {
  const at = 'text';
  const map = expectMap(decodeCbor(bytes, { at, maxBytes: MAX_TEXT_BYTES }), at);
  if (map.size === 0) throw wrongShape(at, 'at least one language', map);
  return new Map([...map].map(([key, value]) => languageOf(key, value, { components, at })));
}

interface Place {
  readonly components: readonly ComponentId[] | undefined;
  readonly at: string;
}

function languageOf(key: CborValue, value: CborValue, { components, at }: Place): [string, LanguageText] {
  const language = expectText(key, `${at} language`);
  if (!LANGUAGE_TAG.test(language)) throw wrongShape(`${at} language`, 'a language tag', key);
  const place = `${at}.${language.slice(0, 35)}`;
  const entries = [...expectMap(value, place)];
  const about = entries
    .filter(([label]) => Array.isArray(label))
    .map(([id, fields]) => ({ id: componentIdOf(id, place), fields: fieldsOf(expectMap(fields, place), place) }));
  for (const { id } of about) {
    if (components && !components.some((known) => equalComponentIds(known, id))) {
      throw wrongShape(place, 'a component of the manifest', id);
    }
  }
  const fields = new Map(entries.filter(([label]) => !Array.isArray(label)));
  return [language, { fields: fieldsOf(fields, place), components: about }];
}

const fieldsOf = (map: ReadonlyMap<CborValue, CborValue>, at: string): TextFields =>
  new Map([...map].map(([label, text]) => [expectInteger(label, `${at} key`), expectText(text, at)]));

/** The content of the byte string under key 23. */
export const encodeText = (text: ManifestText): Uint8Array =>
  encodeCbor(new Map([...text].map(([language, parts]): [CborValue, CborValue] => [language, languageValue(parts)])));

function languageValue({ fields, components }: LanguageText): ReadonlyMap<CborValue, CborValue> {
  const map = new Map<CborValue, CborValue>(fields);
  for (const component of components) map.set(component.id, component.fields);
  return map;
}
