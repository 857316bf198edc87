import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJobDocument, encodeJobDocument, type JobDocument } from '../../../protocol/aws-iot/job-document.ts';
import { decodeJsonObject, type JsonObject } from '../../../protocol/aws-iot/json.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const document: JobDocument = {
  stream: 'release-7',
  roots: [],
  envelope: { fileId: 0, bytes: 4321 },
  files: [{ fileId: 1, bytes: 102_432, uri: 'https://example.com/move-hub.bin' }],
};
const TEXT =
  '{"bristlecone":{"v":1,"stream":"release-7","envelope":{"fileId":0,"bytes":4321},' +
  '"files":[{"fileId":1,"bytes":102432,"uri":"https://example.com/move-hub.bin"}]}}';

const image = (fileId: number, uri: string) => ({ fileId, bytes: 1, uri });
const parsed = (text: string): JsonObject => decodeJsonObject(utf8(text), { at: 'test', maxBytes: 100_000 });
const changed = (from: string, to: string): JsonObject => {
  expect(TEXT).toContain(from);
  return parsed(TEXT.replace(from, to));
};

const withRoots: JobDocument = {
  ...document,
  roots: [
    { version: 2, fileId: 128, bytes: 6_543 },
    { version: 3, fileId: 128, bytes: 6_544, stream: 'release-7-roots-1' },
  ],
};
const ROOTS_TEXT =
  '"roots":[{"version":2,"fileId":128,"bytes":6543},' +
  '{"version":3,"fileId":128,"bytes":6544,"stream":"release-7-roots-1"}],';
const TEXT_WITH_ROOTS = TEXT.replace('"envelope"', `${ROOTS_TEXT}"envelope"`);

describe('job documents', () => {
  it('are written as agreed', () => {
    expect(JSON.stringify(encodeJobDocument(document))).toBe(TEXT);
  });

  it('are read', () => {
    expect(decodeJobDocument(parsed(TEXT))).toEqual(document);
  });

  it('may bring trust roots, before the envelope or instead of it', () => {
    expect(JSON.stringify(encodeJobDocument(withRoots))).toBe(TEXT_WITH_ROOTS);
    expect(decodeJobDocument(parsed(TEXT_WITH_ROOTS))).toEqual(withRoots);
    const rootsOnly = { stream: 'release-7', roots: withRoots.roots, files: [] };
    expect(decodeJobDocument(encodeJobDocument(rootsOnly))).toEqual(rootsOnly);
  });

  it.each<[name: string, from: string, to: string, at: string]>([
    ['a gap', '"version":3', '"version":4', 'roots[1].version'],
    ['one version twice', '"version":3', '"version":2', 'roots[1].version'],
    ['the newest first', '"version":3', '"version":1', 'roots[1].version'],
    ['half a version', '"version":2', '"version":1.5', 'roots[0].version'],
    ['a file id of images', '"fileId":128', '"fileId":127', 'roots[0].fileId'],
    ['a file id that is none', '"fileId":128', '"fileId":256', 'roots[0].fileId'],
    ['a stream that is a path', 'release-7-roots-1', '../x', 'roots[1].stream'],
    ['a file id of roots for the envelope', '"fileId":0', '"fileId":128', 'envelope.fileId'],
    ['a file id of roots for an image', '"fileId":1,', '"fileId":129,', 'files[0].fileId'],
    ['roots that are none', ROOTS_TEXT, '"roots":{},', 'roots'],
  ])('with %s among the roots are refused', (_name, from, to, at) => {
    expect(TEXT_WITH_ROOTS).toContain(from);
    const changed = parsed(TEXT_WITH_ROOTS.replace(from, to));
    expectRejection(() => decodeJobDocument(changed), 'job-invalid', `job.bristlecone.${at}`);
  });

  it('bring something: no roots without an envelope', () => {
    const nothing = parsed('{"bristlecone":{"v":1,"stream":"s","roots":[]}}');
    expectRejection(() => decodeJobDocument(nothing), 'job-invalid', 'job.bristlecone.envelope');
  });

  it('bring no more than 40 roots', () => {
    const roots = Array.from({ length: 41 }, (_, i) => ({ version: i + 2, fileId: 128, bytes: 1 }));
    const decode = (count: number) =>
      decodeJobDocument(encodeJobDocument({ ...document, roots: roots.slice(0, count) }));
    expect(decode(40).roots).toHaveLength(40);
    expectRejection(() => decode(41), 'job-invalid', 'job.bristlecone.roots');
  });

  it('may carry more for others', () => {
    expect(decodeJobDocument(parsed(TEXT.replace('{"bristlecone"', '{"afr_ota":{},"bristlecone"')))).toEqual(document);
  });

  it('need no image: an envelope may carry it', () => {
    expect(decodeJobDocument(encodeJobDocument({ ...document, files: [] })).files).toEqual([]);
  });

  it.each<[name: string, document: JsonObject, at: string]>([
    ['nothing', {}, 'job.bristlecone'],
    ['another agent', parsed('{"afr_ota":{}}'), 'job.bristlecone'],
    ['another version', changed('"v":1', '"v":2'), 'job.bristlecone.v'],
    ['no version', changed('"v":1,', ''), 'job.bristlecone.v'],
    ['a stream that is a path', changed('release-7', '../x'), 'job.bristlecone.stream'],
    ['a wildcard for a stream', changed('release-7', '+'), 'job.bristlecone.stream'],
    ['no envelope', changed('"envelope":{"fileId":0,"bytes":4321},', ''), 'job.bristlecone.envelope'],
    ['an envelope larger than we hold', changed('4321', '131073'), 'job.bristlecone.envelope.bytes'],
    ['a size below 0', changed('4321', '-1'), 'job.bristlecone.envelope.bytes'],
    ['file id 256', changed('"fileId":1', '"fileId":256'), 'job.bristlecone.files[0].fileId'],
    ['an image over 24 MB', changed('102432', '25165825'), 'job.bristlecone.files[0].bytes'],
    ['half a byte', changed('102432', '0.5'), 'job.bristlecone.files[0].bytes'],
    ['a uri over 1 KB', changed('move-hub', 'x'.repeat(1_024)), 'job.bristlecone.files[0].uri'],
    ['no uri', changed(',"uri":"https://example.com/move-hub.bin"', ''), 'job.bristlecone.files[0].uri'],
    ['an image in the envelope’s file', changed('"fileId":1', '"fileId":0'), 'job.bristlecone.files'],
    [
      'files that are none',
      parsed('{"bristlecone":{"v":1,"stream":"s","envelope":{"fileId":0,"bytes":1},"files":{}}}'),
      'job.bristlecone.files',
    ],
  ])('%s is refused', (_name, refused, at) => {
    expectRejection(() => decodeJobDocument(refused), 'job-invalid', at);
  });

  it('refuse one uri for two files, and a tenth image', () => {
    const twice = encodeJobDocument({ ...document, files: [image(1, 'a'), image(2, 'a')] });
    const ten = encodeJobDocument({
      ...document,
      files: Array.from({ length: 10 }, (_, i) => image(i + 1, String(i))),
    });
    expectRejection(() => decodeJobDocument(twice), 'job-invalid', 'job.bristlecone.files');
    expectRejection(() => decodeJobDocument(ten), 'job-invalid', 'job.bristlecone.files');
  });

  it('are not made larger than AWS IoT takes', () => {
    const files = Array.from({ length: 9 }, (_, i) => ({ fileId: i + 1, bytes: 1, uri: 'x'.repeat(4_000) }));
    expect(() => encodeJobDocument({ ...document, files })).toThrow(RangeError);
  });

  it('are read or refused, whatever is in them', () => {
    const names = ['v', 'stream', 'roots', 'version', 'envelope', 'files', 'fileId', 'bytes', 'uri'];
    const object = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(object, (ours) => {
        const read = decodedOrRefused(() => decodeJobDocument(parsed(JSON.stringify({ bristlecone: ours }))));
        expect([undefined, ours['stream']]).toContain(read?.stream);
      }),
    );
  });
});
