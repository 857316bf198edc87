import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClientHello,
  decodeClientHello,
  MAX_HELLO_BYTES,
} from '../../../../cloud/posture/clients/client-hello.ts';
import { concatBytes, fromHex } from '../../../../protocol/bytes.ts';
import { Rejection, type RejectionCode } from '../../../../protocol/errors.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';

/** The ClientHello of RFC 8448 §3, in its record. */
const RFC_8448 = fromHex(
  '16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302010000' +
    '910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400230000003300260024' +
    '001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603' +
    '020308040805080604010501060102010402050206020202002d00020101001c00024001',
);

const uint16 = (number: number) => Uint8Array.of(number >> 8, number & 0xff);
const vector16 = (...parts: Uint8Array[]) => {
  const whole = concatBytes(...parts);
  return concatBytes(uint16(whole.length), whole);
};
const extension = (type: number, data: Uint8Array) => concatBytes(uint16(type), vector16(data));
const list16 = (...numbers: number[]) => vector16(...numbers.map(uint16));

interface Parts {
  readonly tail?: Uint8Array;
  readonly extensions?: Uint8Array;
}

function hello({ extensions = vector16(), tail = new Uint8Array() }: Parts = {}): Uint8Array {
  const body = concatBytes(
    uint16(0x0303),
    new Uint8Array(32),
    Uint8Array.of(0),
    list16(0x1301),
    Uint8Array.of(1, 0),
    extensions,
    tail,
  );
  return concatBytes(Uint8Array.of(1, 0), uint16(body.length), body);
}

const record = (fragment: Uint8Array) => concatBytes(Uint8Array.of(22, 3, 1), vector16(fragment));
const withExtensions = (...extensions: Uint8Array[]) => record(hello({ extensions: vector16(...extensions) }));

/** What the TLS of this Node sends. */
function helloOfNode(options: ConnectionOptions): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const wire = new Duplex({ read: () => undefined, write: (chunk: Uint8Array) => resolve(new Uint8Array(chunk)) });
    connect({ ...options, socket: wire }).on('error', () => undefined);
  });
}

describe('decodeClientHello', () => {
  it('reads the example of RFC 8448', () => {
    expect(decodeClientHello(RFC_8448)).toEqual<ClientHello>({
      versions: [0x0304],
      groups: [0x1d, 0x17, 0x18, 0x19, 0x100, 0x101, 0x102, 0x103, 0x104],
      keyShares: [{ group: 0x1d, keyBytes: 32 }],
      signatureSchemes: [
        0x403, 0x503, 0x603, 0x203, 0x804, 0x805, 0x806, 0x401, 0x501, 0x601, 0x201, 0x402, 0x502, 0x602, 0x202,
      ],
      helloBytes: 196,
    });
  });

  it('reads what OpenSSL sends', async () => {
    const hybrid = decodeClientHello(await helloOfNode({ ecdhCurve: 'X25519MLKEM768:X25519', minVersion: 'TLSv1.3' }));
    expect(hybrid?.groups).toEqual([0x11ec, 0x1d]);
    expect(hybrid?.keyShares[0]).toEqual({ group: 0x11ec, keyBytes: 1216 });
    expect(hybrid?.signatureSchemes).toContain(0x0905);
    const old = decodeClientHello(await helloOfNode({ maxVersion: 'TLSv1.2', ecdhCurve: 'P-256' }));
    expect(old).toMatchObject({ versions: [0x0303], groups: [0x17], keyShares: [] });
  });

  it('waits for the rest wherever it was cut', () => {
    for (let length = 0; length < RFC_8448.length; length++)
      expect(decodeClientHello(RFC_8448.subarray(0, length))).toBeUndefined();
    expect(RFC_8448).toHaveLength(201);
  });

  it('reads a hello in many records', () => {
    const message = RFC_8448.subarray(5);
    const records = Array.from({ length: 49 }, (_, i) => record(message.subarray(i * 4, i * 4 + 4)));
    expect(decodeClientHello(concatBytes(...records))).toEqual(decodeClientHello(RFC_8448));
    expect(decodeClientHello(concatBytes(...records.slice(0, -1)))).toBeUndefined();
  });

  it('reads a hello without extensions, as of TLS 1.2', () => {
    expect(decodeClientHello(record(hello({ extensions: new Uint8Array() })))).toMatchObject({
      versions: [0x0303],
      groups: [],
    });
  });

  it('leaves GREASE out, and only that', () => {
    const bytes = withExtensions(
      extension(0x0a0a, new Uint8Array()),
      extension(10, list16(0x1a1a, 0x11ec, 0xfafa, 0x0a1a)),
    );
    expect(decodeClientHello(bytes)?.groups).toEqual([0x11ec, 0x0a1a]);
  });

  const groups = extension(10, list16(0x1d));

  it.each<[name: string, bytes: Uint8Array, code: RejectionCode, at: string]>([
    ['an HTTP request', new TextEncoder().encode('GET / HTTP/1.1\r\n'), 'malformed', 'record'],
    ['its first letter', new TextEncoder().encode('G'), 'malformed', 'record'],
    ['an SSL 2 hello', fromHex('802e0103010015'), 'malformed', 'record'],
    ['a version that is none of TLS', Uint8Array.of(22, 2), 'malformed', 'record'],
    ['an alert', Uint8Array.of(21, 3, 3, 0, 2, 2, 40), 'malformed', 'record'],
    ['an empty record', Uint8Array.of(22, 3, 1, 0, 0), 'malformed', 'record'],
    ['a record that is too long', Uint8Array.of(22, 3, 1, 0x40, 1), 'malformed', 'record'],
    ['a ServerHello', record(Uint8Array.of(2, 0, 0, 0)), 'malformed', 'handshake'],
    ['a hello of 16 MB', record(Uint8Array.of(1, 0xff, 0xff, 0xff)), 'too-large', 'client-hello'],
    ['a hello one byte over the limit', record(Uint8Array.of(1, 0, 0xff, 0xfd)), 'too-large', 'client-hello'],
    [
      'a hello in crumbs',
      concatBytes(...[1, 0, 0xff, 0, ...new Uint8Array(70)].map((byte) => record(Uint8Array.of(byte)))),
      'malformed',
      'record',
    ],
    ['an empty hello', record(Uint8Array.of(1, 0, 0, 0)), 'malformed', 'client-hello'],
    ['a second message in the record', record(concatBytes(hello(), hello())), 'malformed', 'record'],
    ['bytes after the extensions', record(hello({ tail: Uint8Array.of(0) })), 'malformed', 'client-hello'],
    [
      'extensions longer than the hello',
      record(hello({ extensions: Uint8Array.of(0, 9, 0) })),
      'malformed',
      'client-hello',
    ],
    [
      'an extension longer than the extensions',
      record(hello({ extensions: vector16(Uint8Array.of(0, 10, 0, 9, 0)) })),
      'malformed',
      'client-hello',
    ],
    ['half an extension type', record(hello({ extensions: vector16(Uint8Array.of(0)) })), 'malformed', 'client-hello'],
    ['groups twice', withExtensions(groups, groups), 'malformed', 'extensions'],
    ['an empty list of groups', withExtensions(extension(10, vector16())), 'malformed', 'extensions'],
    ['half a group', withExtensions(extension(10, vector16(Uint8Array.of(0)))), 'malformed', 'client-hello'],
    [
      'bytes after the groups',
      withExtensions(extension(10, concatBytes(list16(0x1d), Uint8Array.of(0)))),
      'malformed',
      'client-hello',
    ],
    ['groups without their length', withExtensions(extension(10, new Uint8Array())), 'malformed', 'client-hello'],
    [
      'a key share longer than its list',
      withExtensions(extension(51, vector16(uint16(0x1d), uint16(99)))),
      'malformed',
      'client-hello',
    ],
    ['no versions', withExtensions(extension(43, Uint8Array.of(0))), 'malformed', 'extensions'],
  ])('refuses %s', (_name, bytes, code, at) => {
    expectRejection(() => decodeClientHello(bytes), code, at);
  });

  it('takes the largest hello there may be, and asks for the rest of it', () => {
    const bytes = record(Uint8Array.of(1, 0, (MAX_HELLO_BYTES - 4) >> 8, (MAX_HELLO_BYTES - 4) & 0xff));
    expect(decodeClientHello(bytes)).toBeUndefined();
  });

  it('reads any bytes, waits for more, or refuses', () => {
    const nearly = fc.tuple(fc.nat(200), fc.nat(255)).map(([at, value]) => RFC_8448.with(at, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), nearly), (bytes) => isReadOrRefused(bytes)),
      { numRuns: 1_000 },
    );
  });
});

function isReadOrRefused(bytes: Uint8Array): boolean {
  try {
    decodeClientHello(bytes);
    return true;
  } catch (error) {
    return error instanceof Rejection;
  }
}
