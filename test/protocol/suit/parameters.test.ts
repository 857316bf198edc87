import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCbor } from '../../../protocol/cbor/encode.ts';
import { type CborValue, Tag } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { PARAMETERS } from '../../../protocol/suit/labels.ts';
import {
  type Parameters,
  parametersOf,
  parametersValue,
  splitParameters,
  uriOf,
} from '../../../protocol/suit/parameters.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const uuid = fromHex('fa6b4a53d5ad5fdfbe9de663e4d41ffe');
const digest = digestOfImage(utf8('an image'));

/** One of each that is implemented. */
const all: Parameters = {
  vendorId: { form: 'uuid', bytes: uuid },
  classId: uuid,
  deviceId: uuid,
  imageDigest: digest,
  imageBytes: 34_768,
  componentSlot: 1,
  content: utf8('content'),
  uri: 'http://example.com/file.bin',
  sourceComponent: 1,
  invokeArguments: utf8('quiet'),
  fetchArguments: utf8('once'),
  strictOrder: false,
  softFailure: true,
};

describe('parametersOf', () => {
  it('reads back every implemented parameter', () => {
    const implemented = PARAMETERS.filter((row) => row.implemented).map(({ label }) => label);
    expect([...parametersValue(all).keys()].toSorted((a, b) => Number(a) - Number(b))).toEqual(implemented);
    expect(parametersOf(parametersValue(all), 'p')).toEqual(all);
  });

  it('reads a vendor as a Private Enterprise Number', () => {
    const vendorId = { form: 'pen', bytes: fromHex('83a612') } as const;
    const value = parametersValue({ vendorId });
    expect(value).toEqual(new Map([[1, new Tag(112, vendorId.bytes)]]));
    expect(parametersOf(value, 'p')).toEqual({ vendorId });
  });

  it('keeps those of extension drafts, and custom ones, as they came', () => {
    const value = new Map<CborValue, CborValue>([
      [14, 5],
      [26, 100],
      [-300, 'custom'],
    ]);
    const parameters = parametersOf(value, 'p');
    expect(parameters).toMatchObject({
      imageBytes: 5,
      unsupported: new Map<number, CborValue>([
        [26, 100],
        [-300, 'custom'],
      ]),
    });
    expect(parametersValue(parameters)).toEqual(value);
  });

  it.each<[name: string, label: number, value: CborValue, code: RejectionCode]>([
    ['a vendor id of 15 bytes', 1, uuid.subarray(1), 'wrong-shape'],
    ['a vendor id as a text', 1, 'arm.com', 'wrong-shape'],
    ['a vendor id of another tag', 1, new Tag(37, uuid), 'wrong-shape'],
    ['an empty PEN', 1, new Tag(112, new Uint8Array()), 'wrong-shape'],
    ['a PEN of 16 bytes, which could pass for a UUID', 1, new Tag(112, uuid), 'wrong-shape'],
    ['a class id of 17 bytes', 2, Uint8Array.of(...uuid, 0), 'wrong-shape'],
    ['a digest that is not wrapped', 3, [-16, digest.bytes], 'wrong-shape'],
    ['a wrapped digest with a byte after it', 3, Uint8Array.of(...encodeCbor([-16, digest.bytes]), 0), 'malformed'],
    ['a digest by SHA-1', 3, encodeCbor([-14, new Uint8Array(20)]), 'unsupported-algorithm'],
    ['a negative slot', 5, -1, 'wrong-shape'],
    ['strict-order 0', 12, 0, 'wrong-shape'],
    ['soft-failure nil', 13, null, 'wrong-shape'],
    ['a negative size', 14, -1, 'wrong-shape'],
    ['a size beyond 2^53', 14, 2n ** 60n, 'wrong-shape'],
    ['a content as a text', 18, 'text', 'wrong-shape'],
    ['a URI with tag 32', 21, new Tag(32, 'http://example.com'), 'wrong-shape'],
    ['a URI of 1025 bytes', 21, 'x'.repeat(1025), 'limit-exceeded'],
    ['a URI of 600 characters and 1200 bytes', 21, 'é'.repeat(600), 'limit-exceeded'],
    ['a source by identifier', 22, [Uint8Array.of(0)], 'wrong-shape'],
    ['a device id of 0 bytes', 24, new Uint8Array(), 'wrong-shape'],
    ['invoke arguments as an array', 23, [], 'wrong-shape'],
  ])('refuses %s', (_name, label, value, code) => {
    const { at } = expectRejection(() => parametersOf(new Map([[label, value]]), 'p'), code);
    expect(at).toMatch(new RegExp(`^p\\[${label}\\]`));
  });

  it.each<[name: string, value: CborValue | undefined]>([
    ['nothing', undefined],
    ['an array', [14, 5]],
    ['a text as a key', new Map([['image-size', 5]])],
    ['a key beyond 2^53', new Map([[2n ** 60n, 5]])],
  ])('refuses %s', (_name, value) => {
    expectRejection(() => parametersOf(value, 'p'), 'wrong-shape');
  });
});

describe('splitParameters', () => {
  it('takes out the two that are about the sequence and not about a component', () => {
    const { component, strictOrder, softFailure } = splitParameters(all);
    expect({ strictOrder, softFailure }).toEqual({ strictOrder: false, softFailure: true });
    expect(component).not.toHaveProperty('strictOrder');
    expect(component).toMatchObject({ imageBytes: 34_768, classId: uuid });
  });
});

describe('uriOf', () => {
  it('takes 1024 bytes', () => {
    expect(uriOf('x'.repeat(1024), 'uri')).toHaveLength(1024);
  });
});
