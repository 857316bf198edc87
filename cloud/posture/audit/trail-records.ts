/**
 * The events in the bytes of a trail file, one at a time.
 *
 *     {"Records":[{…},{…}]}     a document      small: JSON.parse; large or damaged: a streaming parser
 *     {…}\n{…}\n                lines           JSON.parse each
 *
 * Memory is bounded by the size of one event and of a small document, not by the file. A file that is damaged gives the
 * events before the damage, then throws: half a trail is worth reading, and worth saying so.
 */
import { JSONParser } from '@streamparser/json';
import { concatBytes } from '../../../protocol/bytes.ts';
import { OperatorError } from '../../errors.ts';

/** bytes. Files as AWS delivers them are smaller; parsing at once is 20 times as fast as streaming. */
const SMALL_DOCUMENT_BYTES = 33_554_432;
/** bytes. CloudTrail cuts its events off at 256 KB. */
const MAX_EVENT_BYTES = 2_097_152;

const NEWLINE = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true });

type Chunks = AsyncIterable<Uint8Array>;

/** @throws {OperatorError} `trail-cut-short`, `trail-malformed`, `event-too-large` */
export async function* recordsOfDocument(chunks: Chunks, smallBytes = SMALL_DOCUMENT_BYTES): AsyncGenerator {
  const reader = new DocumentReader();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of chunks) {
      if (heldBytes <= smallBytes) {
        held.push(chunk);
        heldBytes += chunk.length;
        if (heldBytes <= smallBytes) continue;
        yield* reader.readAll(held.splice(0));
      } else yield* reader.read(chunk);
    }
  } catch (error) {
    // What came before the damage of the packing is still good.
    yield* reader.readAll(held);
    throw error;
  }
  const records = held.length === 0 ? undefined : parseWhole(held);
  if (records) yield* records;
  else {
    yield* reader.readAll(held);
    reader.end();
  }
}

/** @throws {OperatorError} `trail-malformed`, `event-too-large` */
export async function* recordsOfLines(chunks: Chunks): AsyncGenerator {
  let rest: Uint8Array = new Uint8Array();
  let line = 1;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield* parseLine(joined(rest, chunk.subarray(start, end)), line++);
      rest = new Uint8Array();
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start));
  }
  yield* parseLine(rest, line);
}

/** Undefined where the bytes are not one good document: the streaming parser then finds out how far they are. */
function parseWhole(parts: readonly Uint8Array[]): readonly unknown[] | undefined {
  try {
    const document: unknown = JSON.parse(decoder.decode(concatBytes(...parts)));
    if (typeof document !== 'object' || document === null || !('Records' in document)) return undefined;
    return Array.isArray(document.Records) ? document.Records : undefined;
  } catch {
    return undefined;
  }
}

function* parseLine(bytes: Uint8Array, line: number): Generator {
  let text: string;
  try {
    text = decoder.decode(bytes).trim();
    if (text !== '') yield JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
    throw new OperatorError('trail-malformed', `line ${line} is not one JSON value in UTF-8`, { cause });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length + b.length > MAX_EVENT_BYTES) throw tooLarge();
  return a.length === 0 ? b : concatBytes(a, b);
}

class DocumentReader {
  readonly #parser = new JSONParser({ paths: ['$.Records.*'], keepStack: false });
  #ready: unknown[] = [];
  #bytesSinceEvent = 0;
  #count = 0;

  constructor() {
    this.#parser.onValue = ({ value }) => {
      this.#ready.push(value);
      this.#bytesSinceEvent = 0;
    };
  }

  *readAll(chunks: readonly Uint8Array[]): Generator {
    for (const chunk of chunks) yield* this.read(chunk);
  }

  /** The events that end in `chunk`, also those before a mistake in it. */
  *read(chunk: Uint8Array): Generator {
    this.#bytesSinceEvent += chunk.length;
    let mistake: unknown;
    try {
      this.#parser.write(chunk);
    } catch (error) {
      mistake = error;
    }
    const ready = this.#ready;
    this.#ready = [];
    this.#count += ready.length;
    yield* ready;
    if (mistake !== undefined) throw this.#malformed(mistake);
    if (this.#bytesSinceEvent > MAX_EVENT_BYTES) throw tooLarge();
  }

  end(): void {
    if (!this.#parser.isEnded)
      throw new OperatorError('trail-cut-short', `the JSON ends after ${this.#count} events, in the middle`);
    if (this.#count === 0)
      throw new OperatorError(
        'trail-malformed',
        'expected {"Records":[…]}; a file of one event a line is called .jsonl',
      );
  }

  #malformed(cause: unknown): OperatorError {
    const hint = this.#count === 0 ? '; a file of one event a line is called .jsonl' : '';
    return new OperatorError('trail-malformed', `not {"Records":[…]} after ${this.#count} events${hint}`, { cause });
  }
}

const tooLarge = (): OperatorError =>
  new OperatorError('event-too-large', `an event is larger than ${MAX_EVENT_BYTES} bytes: this is no trail`);
