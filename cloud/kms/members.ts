/**
 * From a JSON object to typed values, refusing in the sentences of AWS's request validation. AWS names every violated
 * member in one message; this names the first one.
 */
import { KmsFault, validation } from './faults.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface TextBounds extends Bounds {
  /** The value must match as a whole. */
  readonly pattern?: RegExp;
}

export class Members {
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /** @throws {KmsFault} SerializationException where `value` is not a JSON object */
  static of(value: unknown): Members {
    return new Members(new Map(Object.entries(Members.objectOf(value))));
  }

  /** @throws {KmsFault} SerializationException where `value` is not a JSON object */
  static objectOf(value: unknown): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new KmsFault('SerializationException', `${kindOf(value)} can not be converted to a Structure`);
    return { ...value };
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string, bounds: TextBounds): string {
    return present(name, this.optionalText(name, bounds));
  }

  optionalText(name: string, { min, max, pattern }: TextBounds): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw wrongType(value, 'String');
    expectLength(name, value.length, { min, max });
    if (pattern && pattern.exec(value)?.[0] !== value) {
      const rule = `Member must satisfy regular expression pattern: ^${pattern.source}$`;
      throw violated(`Value '${value}' at '${wireName(name)}'`, rule);
    }
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    return present(name, this.optionalOneOf(name, allowed));
  }

  optionalOneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw wrongType(value, 'String');
    const found = allowed.find((it) => it === value);
    if (found !== undefined) return found;
    const shown = value.slice(0, 128);
    const rule = `Member must satisfy enum value set: [${allowed.join(', ')}]`;
    throw violated(`Value '${shown}' at '${wireName(name)}'`, rule);
  }

  /** Base64 on the wire. */
  blob(name: string, bounds: Bounds): Uint8Array {
    const value = present(name, this.#get(name));
    if (typeof value !== 'string') throw wrongType(value, 'Blob');
    const bytes = decodeBlob(value);
    expectLength(name, bytes.length, bounds);
    return bytes;
  }

  integer(name: string, bounds: Bounds): number {
    return present(name, this.optionalInteger(name, bounds));
  }

  optionalInteger(name: string, { min, max }: Bounds): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(value, 'Integer');
    const at = `Value '${value}' at '${wireName(name)}'`;
    if (value < min) throw violated(at, `Member must have value greater than or equal to ${min}`);
    if (value > max) throw violated(at, `Member must have value less than or equal to ${max}`);
    return value;
  }

  /** Seconds since 1970 on the wire, with a fraction. */
  optionalTimeMs(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongType(value, 'Timestamp');
    return Math.round(value * 1000);
  }

  optionalFlag(name: string): boolean {
    const value = this.#get(name) ?? false;
    if (typeof value !== 'boolean') throw wrongType(value, 'Boolean');
    return value;
  }

  list(name: string, bounds: Bounds): readonly unknown[] {
    return present(name, this.optionalList(name, bounds));
  }

  optionalList(name: string, bounds: Bounds): readonly unknown[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw wrongType(value, 'List');
    expectLength(name, value.length, bounds);
    return value;
  }

  /** A list, or its only item without the brackets, as policies have it. */
  oneOrMore(name: string, bounds: Bounds): readonly unknown[] {
    const value = present(name, this.#get(name));
    return Array.isArray(value) ? this.list(name, bounds) : [value];
  }

  /** A list of strings. */
  texts(name: string, bounds: Bounds): readonly string[] {
    return this.list(name, bounds).map((item) => {
      if (typeof item !== 'string') throw wrongType(item, 'String');
      return item;
    });
  }

  /** @throws {KmsFault} SerializationException where it is not a JSON object */
  optionalMembers(name: string): Members | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : Members.of(value);
  }

  /** JSON null is the same as absent. */
  #get(name: string): unknown {
    return this.#values.get(name) ?? undefined;
  }
}

/** AWS's own client sends standard base64; anything looser is refused. */
function decodeBlob(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch (cause) {
    throw new KmsFault('SerializationException', 'Invalid base64 in a blob', { cause });
  }
}

function present<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw violated(`Value null at '${wireName(name)}'`, 'Member must not be null');
  return value;
}

function expectLength(name: string, length: number, { min, max }: Bounds): void {
  const at = `Value at '${wireName(name)}'`;
  if (length < min) throw violated(at, `Member must have length greater than or equal to ${min}`);
  if (length > max) throw violated(at, `Member must have length less than or equal to ${max}`);
}

const violated = (what: string, rule: string): KmsFault =>
  validation(`1 validation error detected: ${what} failed to satisfy constraint: ${rule}`);

/** AWS names members with a small first letter in these sentences. */
const wireName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const wrongType = (value: unknown, wanted: string): KmsFault =>
  new KmsFault('SerializationException', `${kindOf(value)} can not be converted to a ${wanted}`);

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'LIST_VALUE';
  if (value === null || value === undefined) return 'NULL_VALUE';
  return typeof value === 'object' ? 'STRUCTURE_VALUE' : `${typeof value}_VALUE`.toUpperCase();
}
