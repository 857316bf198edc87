import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../../cloud/errors.ts';
import { recordsOfDocument, recordsOfLines } from '../../../../cloud/posture/audit/trail-records.ts';
import { utf8 } from '../../../../protocol/bytes.ts';
import { signEvent, trailDocument } from '../../../support/trail.ts';

async function* inChunks(text: string | Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? utf8(text) : text;
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** What was read, and the code of what ended it. */
async function readAll(records: AsyncGenerator): Promise<{ records: unknown[]; code: string }> {
  const read: unknown[] = [];
  try {
    for await (const record of records) read.push(record);
    return { records: read, code: '' };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { records: read, code: error.code };
  }
}

const events = [signEvent(), signEvent({ eventID: 'é\u{1F511}"\\' }), signEvent({ extra: [[], {}, null, 1.5e3] })];
const WHOLE = trailDocument(...events);

describe.each([
  ['at once', 1e9],
  ['by streaming', 0],
])('a document %s', (_name, smallBytes) => {
  const read = (text: string | Uint8Array, chunkBytes = 13) =>
    readAll(recordsOfDocument(inChunks(text, chunkBytes), smallBytes));

  it.each([1, 7, 64, 1e6])('gives its events in chunks of %i bytes', async (chunkBytes) => {
    expect(await read(WHOLE, chunkBytes)).toEqual({ records: events, code: '' });
  });

  it('gives the events before the end wherever it is cut short', async () => {
    const one = trailDocument(signEvent());
    for (let length = 1; length < one.length; length += 7) {
      const { records, code } = await read(one.slice(0, length));
      expect(code).toBe('trail-cut-short');
      expect(records).toEqual(length >= one.length - 2 ? [signEvent()] : []);
    }
  });

  it.each<[name: string, text: string, records: number, code: string]>([
    ['nothing', '', 0, 'trail-cut-short'],
    ['text', 'hello', 0, 'trail-malformed'],
    ['a mistake after two events', WHOLE.replace('"extra":[[', '"extra":[x'), 2, 'trail-malformed'],
    ['a comma too many', '{"Records":[{"a":1},]}', 1, 'trail-malformed'],
    ['something after the document', `${trailDocument({ a: 1 })} {}`, 1, 'trail-malformed'],
    ['a document without records', '{"Events":[]}', 0, 'trail-malformed'],
    ['a digest file', '{"digestStartTime":"x","logFiles":[{"hashValue":"y"}]}', 0, 'trail-malformed'],
    ['lines', '{"eventName":"a"}\n{"eventName":"b"}\n', 0, 'trail-malformed'],
  ])('refuses %s and keeps what came before', async (_title, text, records, code) => {
    const read1 = await read(text);
    expect({ ...read1, records: read1.records.length }).toEqual({ records, code });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const bytes = utf8('{"Records":["a"');
    bytes[12] = 0xff;
    expect((await read(bytes)).code).not.toBe('');
  });

  it('touches no prototype', async () => {
    const { records } = await read(
      '{"Records":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]}',
    );
    expect(records).toHaveLength(1);
    expect(Object.keys({})).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });
});

describe('a document by streaming', () => {
  it('refuses an event without end', async () => {
    expect(await readAll(recordsOfDocument(endless(), 0))).toEqual({ records: [], code: 'event-too-large' });
  });

  it('holds no more than an event, however long the document', async () => {
    let count = 0;
    const heldBytes: number[] = [];
    for await (const record of recordsOfDocument(manyEvents(20_000), 0)) {
      if (record !== null && ++count % 5_000 === 0) heldBytes.push(heapBytesInUse());
    }
    expect(count).toBe(20_000);
    const [first = 0, , , last = 0] = heldBytes;
    // 5,000 events are 5 MB of JSON, and more as objects.
    expect(last - first).toBeLessThan(3e6);
  });
});

describe('lines', () => {
  const LINES = events.map((event) => `${JSON.stringify(event)}\n`).join('');

  it.each([1, 7, 1e6])('give their events in chunks of %i bytes', async (chunkBytes) => {
    expect(await readLines(LINES, chunkBytes)).toEqual({ records: events, code: '' });
  });

  it('may have Windows ends, empty lines and no end at the last', async () => {
    expect(await readLines('{"a":1}\r\n\r\n\n{"b":2}')).toEqual({ records: [{ a: 1 }, { b: 2 }], code: '' });
  });

  it.each<[name: string, text: string, records: number]>([
    ['a line that is cut short', LINES.slice(0, -20), 2],
    ['a line that is no JSON', '{"a":1}\nhello\n{"b":2}\n', 1],
    ['two values in a line', '{"a":1}\n{"b":2} {"c":3}\n', 1],
  ])('refuse %s and keep what came before', async (_name, text, records) => {
    const found = await readLines(text);
    expect({ ...found, records: found.records.length }).toEqual({ records, code: 'trail-malformed' });
  });

  it('refuse a line without end', async () => {
    expect((await readLines('a'.repeat(3e6), 65_536)).code).toBe('event-too-large');
  });
});

describe('any bytes', () => {
  const nearlyJson = fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'u', '0', 'Records', '\n', '-', 'e'),
  });
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), nearlyJson.map(utf8));

  it('are read or refused with a code', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        await readAll(recordsOfDocument(inChunks(bytes, 5)));
        await readAll(recordsOfDocument(inChunks(bytes, 5), 0));
        await readAll(recordsOfLines(inChunks(bytes, 5)));
        runs++;
      }),
    );
    expect(runs).toBe(100);
  });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  yield utf8('{"Records":[{"a":"');
  for (;;) yield new Uint8Array(65_536).fill(0x61);
}

async function* manyEvents(count: number): AsyncGenerator<Uint8Array> {
  const event = utf8(`${JSON.stringify(signEvent())},`);
  yield utf8('{"Records":[');
  for (let i = 1; i < count; i++) yield event;
  yield utf8('{}]}');
}

function readLines(text: string, chunkBytes = 13) {
  return readAll(recordsOfLines(inChunks(text, chunkBytes)));
}

/** After a collection of garbage: what is really held. */
function heapBytesInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
