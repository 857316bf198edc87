import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDataBlock,
  decodeDescribeStream,
  decodeGetStream,
  decodeStreamDescription,
  decodeStreamRejected,
  encodeDataBlock,
  encodeDescribeStream,
  encodeGetStream,
  encodeStreamDescription,
  encodeStreamRejected,
  type GetStream,
  streamClientTokenOf,
} from '../../../protocol/aws-iot/streams.ts';
import type { StreamFormat } from '../../../protocol/aws-iot/topics.ts';
import { fromHex, toHex, utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const FORMATS = ['cbor', 'json'] as const;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('GetStream as the AWS C library sends it', () => {
  it('in CBOR: with the ASCII of a base64 text for a bitmap', () => {
    const bytes = fromHex('a66163637264796166 00616c191000616f0361624 44d513d3d616e01'.replaceAll(' ', ''));
    expect(decodeGetStream(bytes, 'cbor')).toEqual({
      clientToken: 'rdy',
      streamVersion: undefined,
      fileId: 0,
      blockBytes: 4096,
      blockOffset: 3,
      blockCount: 1,
      bitmap: utf8('MQ=='),
    });
  });

  it('in JSON: with version 1 and no token', () => {
    expect(decodeGetStream(utf8('{"s": 1,"f": 0,"l": 4096,"o": 3,"n": 1}'), 'json')).toEqual({
      clientToken: undefined,
      streamVersion: 1,
      fileId: 0,
      blockBytes: 4096,
      blockOffset: 3,
      blockCount: 1,
      bitmap: undefined,
    });
  });
});

describe('data as the AWS C library reads it', () => {
  it('in JSON: the payload in base64', () => {
    const block = { fileId: 1, blockId: 3, payload: fromHex('deadbeef') };
    expect(text(encodeDataBlock(block, 'json'))).toBe('{"f":1,"i":3,"l":4,"p":"3q2+7w=="}');
  });

  it('in CBOR: the payload as a byte string, no token needed', () => {
    const block = { fileId: 1, blockId: 3, payload: fromHex('deadbeef') };
    expect(toHex(encodeDataBlock(block, 'cbor'))).toBe('a4616601616903616c04617044deadbeef');
  });

  it('keeps a payload apart from hex, whose base64 begins like it', () => {
    const payload = Uint8Array.fromBase64('0xABCDEF');
    const message = encodeDataBlock({ fileId: 1, blockId: 0, payload }, 'json');
    expect(text(message)).toContain('"0xABCDEF"');
    expect(decodeDataBlock(message, 'json').payload).toEqual(payload);
  });
});

describe.each(FORMATS)('messages in %s', (format) => {
  it('come back as they went', () => {
    const get: GetStream = {
      clientToken: 'ü'.repeat(32),
      streamVersion: 1,
      fileId: 255,
      blockBytes: 131_072,
      blockOffset: 98_304,
      blockCount: 98_304,
      bitmap: fromHex('130080'),
    };
    const bare: GetStream = { fileId: 0, blockBytes: 256 };
    const description = {
      clientToken: 'c',
      streamVersion: 1,
      description: 'release 7',
      files: [
        { fileId: 0, bytes: 4_321 },
        { fileId: 1, bytes: 25_165_824 },
      ],
    };
    const rejected = { code: 'OffsetOutOfBounds', message: 'no', clientToken: 'c' };
    const block = { clientToken: 'c', fileId: 1, blockId: 98_304, payload: new Uint8Array(131_072).fill(7) };

    expect(decodeGetStream(encodeGetStream(get, format), format)).toEqual(get);
    expect(decodeGetStream(encodeGetStream(bare, format), format)).toMatchObject(bare);
    expect(decodeDescribeStream(encodeDescribeStream({ clientToken: 'c' }, format), format)).toEqual({
      clientToken: 'c',
    });
    expect(decodeDescribeStream(encodeDescribeStream({}, format), format)).toEqual({});
    expect(decodeStreamDescription(encodeStreamDescription(description, format), format)).toEqual(description);
    expect(decodeStreamRejected(encodeStreamRejected(rejected, format), format)).toEqual(rejected);
    expect(decodeDataBlock(encodeDataBlock(block, format), format)).toEqual(block);
  });

  it('decode or are refused, whatever the bytes, and nothing else', () => {
    const decoders = [
      decodeGetStream,
      decodeDescribeStream,
      decodeStreamDescription,
      decodeStreamRejected,
      decodeDataBlock,
      streamClientTokenOf,
    ];
    const genuine = encodeGetStream({ fileId: 1, blockBytes: 4096, bitmap: fromHex('130080') }, format);
    const changed = fc.tuple(fc.nat(genuine.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = genuine.slice();
      bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
        const all = decoders.map((decode) => decodedOrRefused(() => decode(bytes, format)));
        expect(all).toHaveLength(6);
      }),
      { numRuns: 500 },
    );
  });
});

describe('refused', () => {
  const nested = `{"r":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;

  it.each<[name: string, format: StreamFormat, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['no bytes', 'cbor', new Uint8Array(), 'malformed', 'get'],
    ['JSON for CBOR', 'cbor', utf8('{"f":0,"l":256}'), 'malformed', 'get'],
    ['CBOR for JSON', 'json', fromHex('a2616600616c190100'), 'not-json', 'get'],
    ['an array', 'cbor', fromHex('80'), 'wrong-shape', 'get'],
    ['a duplicate field', 'cbor', fromHex('a3616600616600616c190100'), 'malformed', 'get'],
    ['an indefinite map', 'cbor', fromHex('bf616600616c190100ff'), 'malformed', 'get'],
    ['a byte too many', 'cbor', fromHex('a2616600616c19010000'), 'malformed', 'get'],
    ['no file', 'cbor', fromHex('a1616c190100'), 'wrong-shape', 'get.f'],
    ['no block size', 'cbor', fromHex('a1616600'), 'wrong-shape', 'get.l'],
    ['a file below 0', 'cbor', fromHex('a2616620616c190100'), 'wrong-shape', 'get.f'],
    ['a bitmap that is text', 'cbor', fromHex('a3616600616c19010061626131'), 'wrong-shape', 'get.b'],
    ['a token that is bytes', 'cbor', fromHex('a3616600616c19010061634131'), 'wrong-shape', 'get.c'],
    ['half a block', 'json', utf8('{"f":0,"l":256,"o":0.5}'), 'wrong-shape', 'get.o'],
    ['a block size of 1e400', 'json', utf8('{"f":0,"l":1e400}'), 'wrong-shape', 'get.l'],
    ['a bitmap in half a byte of hex', 'json', utf8('{"f":0,"l":256,"b":"0x1"}'), 'wrong-shape', 'get.b'],
    ['a bitmap in bad base64', 'json', utf8('{"f":0,"l":256,"b":"*"}'), 'wrong-shape', 'get.b'],
    ['a payload in bad base64', 'json', utf8('{"f":0,"l":256,"p":"a"}'), 'wrong-shape', 'get.p'],
    ['levels without end', 'json', utf8(nested), 'wrong-shape', 'get.r[0][0][0]'],
    ['more than the largest message', 'json', new Uint8Array(180_000).fill(0x20), 'too-large', 'get'],
  ])('%s in %s', (_name, format, bytes, code, at) => {
    expectRejection(() => decodeGetStream(bytes, format), code, at);
  });

  it('a block that says another length than it has', () => {
    expectRejection(
      () => decodeDataBlock(fromHex('a4616601616903616c05617044deadbeef'), 'cbor'),
      'wrong-shape',
      'data.l',
    );
  });

  it('a description whose files have no size', () => {
    expectRejection(
      () => decodeStreamDescription(utf8('{"s":1,"r":[{"f":1}]}'), 'json'),
      'wrong-shape',
      'description.r[0].z',
    );
    expectRejection(() => decodeStreamDescription(utf8('{"s":1,"r":{}}'), 'json'), 'wrong-shape', 'description.r');
  });
});

describe('a refusal', () => {
  it('is also read with the long names that older services wrote', () => {
    expect(decodeStreamRejected(utf8('{"code":"InvalidTopic","message":"m"}'), 'json')).toMatchObject({
      code: 'InvalidTopic',
      message: 'm',
    });
  });

  it('finds the token of a request that cannot be read otherwise', () => {
    expect(streamClientTokenOf(utf8('{"c":"t","f":"x"}'), 'json')).toBe('t');
    expect(streamClientTokenOf(utf8('{"c":7}'), 'json')).toBeUndefined();
    expect(streamClientTokenOf(utf8('{'), 'json')).toBeUndefined();
  });
});
