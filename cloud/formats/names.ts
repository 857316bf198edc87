/** Distinguished names as people write them: `CN=Release CA, O=Example` (RFC 4514, in the order of the DER). */
import { Name as AsnName } from '@peculiar/asn1-x509';
import { Name } from './peculiar-x509.ts';
import { OperatorError } from '../errors.ts';
import { decodeDer } from './der.ts';
import { MAX_CERTIFICATE_BYTES } from './limits.ts';

/** @throws {OperatorError} `invalid-name` */
export function parseName(text: string): AsnName {
  const name = readName(text);
  // The library skips what it does not understand; what it read must be what was written.
  const read = name?.toString() ?? '';
  const values = name?.toJSON().flatMap((part) => Object.values(part).flat()) ?? [];
  if (!name || values.length === 0 || values.includes('') || withoutSpaces(read) !== withoutSpaces(text)) {
    throw new OperatorError(
      'invalid-name',
      `expected a name such as "CN=Release CA, O=Example, C=DE", got ${JSON.stringify(text.slice(0, 100))}` +
        (read === '' ? '' : ` (read as ${JSON.stringify(read.slice(0, 100))})`),
    );
  }
  return decodeDer(new Uint8Array(name.toArrayBuffer()), AsnName, { at: 'name', maxBytes: MAX_CERTIFICATE_BYTES });
}

export const nameText = (name: AsnName): string => new Name(name).toString();

/** What a name says by attribute type (OID); of a type that stands twice the first. */
export function nameAttributes(name: AsnName): ReadonlyMap<string, string> {
  const attributes = name.flatMap((part) => [...part]).map(({ type, value }) => [type, value.toString()] as const);
  return new Map(attributes.toReversed());
}

function readName(text: string): Name | undefined {
  try {
    return new Name(text);
  } catch {
    // The library has no error class of its own; an attribute type that it does not know ends here.
    return undefined;
  }
}

const withoutSpaces = (text: string): string => text.trim().replace(/,\s+/g, ',');
