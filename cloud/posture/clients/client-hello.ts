/**
 * A TLS ClientHello, as far as it says which cryptography a client offers. Strict: every length must fit exactly, and
 * nothing may be left over; what is of no interest here is skipped by its length.
 *
 *     record { 22, version, length } ─▶ handshake { 1, length } ─▶ ClientHello { …, extensions { type, length, … } }
 *
 * Source: RFC 8446 §4.1.2, §4.2, §5.1; GREASE (RFC 8701) is left out of the lists.
 */
import { Rejection } from '../../../protocol/errors.ts';

export interface ClientHello {
  /** Highest first as a rule: 0x0304 is TLS 1.3. */
  readonly versions: readonly number[];
  readonly groups: readonly number[];
  /** Groups for which the client sent a key at once; any other costs a round trip more. */
  readonly keyShares: readonly { readonly group: number; readonly keyBytes: number }[];
  readonly signatureSchemes: readonly number[];
  /** bytes of the handshake message, header included. */
  readonly helloBytes: number;
}

/** bytes. A hello with a key share of ML-KEM-1024 has 2 KB; TLS would allow 16 MB. */
export const MAX_HELLO_BYTES = 65_536;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16_384;
/** Clients that cut their hello up, so that boxes between do not read it, make a handful. */
const MAX_RECORDS = 64;

/**
 * The ClientHello at the start of what a client sent; undefined while more is to come.
 *
 * @throws {Rejection} `malformed`, `too-large`: this is no TLS client
 */
export function decodeClientHello(received: Uint8Array): ClientHello | undefined {
  const message = handshakeMessage(received);
  if (message === undefined) return undefined;
  const reader = new Reader(message, 'client-hello');
  reader.skip(4);
  const versions = [reader.uint16()];
  reader.skip(32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  const hello = { versions, groups: [], keyShares: [], signatureSchemes: [], helloBytes: message.length };
  // A hello may end here: TLS 1.2 without extensions.
  if (reader.isAtEnd()) return hello;
  const extensions = decodeExtensions(reader.vector(2));
  reader.end();
  return { ...hello, ...extensions };
}

/** Undefined where the records, or the message in them, are not whole yet. */
function handshakeMessage(received: Uint8Array): Uint8Array | undefined {
  const message = new Uint8Array(received.length);
  let bytes = 0;
  let offset = 0;
  for (let records = 1; records <= MAX_RECORDS; records++) {
    const rest = received.subarray(offset);
    expectRecord(rest);
    if (rest.length < RECORD_HEADER_BYTES) return undefined;
    const length = (rest[3]! << 8) | rest[4]!;
    if (length === 0 || length > MAX_RECORD_BYTES) throw malformed('record', `a length of ${length}`);
    const fragment = rest.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + length);
    message.set(fragment, bytes);
    bytes += fragment.length;
    const wanted = messageBytes(message.subarray(0, bytes));
    if (wanted !== undefined && bytes > wanted) throw malformed('record', 'bytes after the ClientHello');
    if (bytes === wanted) return message.subarray(0, bytes);
    if (fragment.length < length) return undefined;
    offset += RECORD_HEADER_BYTES + length;
  }
  throw malformed('record', `a ClientHello in more than ${MAX_RECORDS} records`);
}

/** As early as possible: an HTTP request must not keep anybody waiting. */
function expectRecord(rest: Uint8Array): void {
  if (rest.length > 0 && rest[0] !== HANDSHAKE_RECORD) throw malformed('record', 'no TLS handshake');
  if (rest.length > 1 && rest[1] !== 3) throw malformed('record', 'no version of TLS');
}

function messageBytes(message: Uint8Array): number | undefined {
  if (message.length > 0 && message[0] !== CLIENT_HELLO) throw malformed('handshake', 'another message first');
  if (message.length < 4) return undefined;
  const bytes = 4 + ((message[1]! << 16) | (message[2]! << 8) | message[3]!);
  if (bytes > MAX_HELLO_BYTES)
    throw new Rejection('too-large', 'client-hello', `expected at most ${MAX_HELLO_BYTES} bytes, got ${bytes}`);
  return bytes;
}

type Extensions = Partial<Pick<ClientHello, 'versions' | 'groups' | 'keyShares' | 'signatureSchemes'>>;

const EXTENSIONS: ReadonlyMap<number, (data: Reader) => Extensions> = new Map<number, (data: Reader) => Extensions>([
  [10, (data) => ({ groups: uint16List(data.vector(2)).filter(isNoGrease) })],
  [13, (data) => ({ signatureSchemes: uint16List(data.vector(2)).filter(isNoGrease) })],
  [43, (data) => ({ versions: uint16List(data.vector(1)).filter(isNoGrease) })],
  [51, (data) => ({ keyShares: keyShareList(data.vector(2)).filter(({ group }) => isNoGrease(group)) })],
]);

function decodeExtensions(reader: Reader): Extensions {
  const seen = new Set<number>();
  let found: Extensions = {};
  while (!reader.isAtEnd()) {
    const type = reader.uint16();
    if (seen.has(type)) throw malformed('extensions', `extension ${type} twice`);
    seen.add(type);
    const data = reader.vector(2);
    const decode = EXTENSIONS.get(type);
    if (decode === undefined) continue;
    found = { ...found, ...decode(data) };
    data.end();
  }
  return found;
}

function uint16List(reader: Reader): number[] {
  const list: number[] = [];
  while (!reader.isAtEnd()) list.push(reader.uint16());
  if (list.length === 0) throw malformed('extensions', 'an empty list');
  return list;
}

function keyShareList(reader: Reader): { group: number; keyBytes: number }[] {
  const shares: { group: number; keyBytes: number }[] = [];
  while (!reader.isAtEnd()) shares.push({ group: reader.uint16(), keyBytes: reader.vector(2).length });
  return shares;
}

/** 0x0a0a, 0x1a1a, …, 0xfafa (RFC 8701 §2). */
const isNoGrease = (number: number): boolean => (number & 0x0f0f) !== 0x0a0a || number >> 8 !== (number & 0xff);

class Reader {
  readonly #bytes: Uint8Array;
  readonly #at: string;
  #offset = 0;

  constructor(bytes: Uint8Array, at: string) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get length(): number {
    return this.#bytes.length;
  }

  isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  skip(bytes: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#offset, this.#offset + bytes);
    if (taken.length !== bytes) throw malformed(this.#at, `expected ${bytes} bytes, got ${taken.length}`);
    this.#offset += bytes;
    return taken;
  }

  uint16(): number {
    const [high = 0, low = 0] = this.skip(2);
    return (high << 8) | low;
  }

  /** What follows a length of one or two bytes. */
  vector(lengthBytes: 1 | 2): Reader {
    const length = lengthBytes === 1 ? (this.skip(1)[0] ?? 0) : this.uint16();
    return new Reader(this.skip(length), this.#at);
  }

  end(): void {
    if (!this.isAtEnd()) throw malformed(this.#at, `${this.#bytes.length - this.#offset} bytes too many`);
  }
}

const malformed = (at: string, detail: string): Rejection => new Rejection('malformed', at, detail);
