import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { createClassId, createVendorId, formatUuid, parseUuid, uuid5 } from '../../../protocol/suit/uuid.ts';

describe('uuid5', () => {
  it('makes the identifiers of the examples in draft-ietf-suit-manifest-37', () => {
    const vendorId = createVendorId('arm.com');
    expect(formatUuid(vendorId)).toBe('fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe');
    expect(formatUuid(createClassId(vendorId, 'suit'))).toBe('1492af14-2569-5e48-bf42-9b2d51f2ab45');
  });

  it('makes the CBOR PEN namespace of §8.4.8.1', () => {
    const namespaceOid = fromHex('6ba7b8129dad11d180b400c04fd430c8');
    expect(formatUuid(uuid5(namespaceOid, fromHex('d86f452b06010401')))).toBe('47fbdabb-f2e4-55f0-bb39-3620c2f6df4e');
  });

  it('takes the domain as it is written, in UTF-8', () => {
    expect(toHex(createVendorId('bücher.example'))).not.toBe(toHex(createVendorId('xn--bcher-kva.example')));
  });

  it('throws a RangeError for a namespace that is no UUID', () => {
    expect(() => uuid5(new Uint8Array(15), new Uint8Array())).toThrow(RangeError);
  });
});

describe('parseUuid', () => {
  const uuid = createVendorId('arm.com');

  it.each(['fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe', 'FA6B4A53-D5AD-5FDF-BE9D-E663E4D41FFE', toHex(uuid)])(
    'reads %s',
    (text) => {
      expect(parseUuid(text)).toEqual(uuid);
    },
  );

  it.each(['', 'arm.com', 'fa6b4a53', 'fa6b4a53d5ad-5fdf-be9d-e663e4d41ffe', `${toHex(uuid)}00`, 'g'.repeat(32)])(
    'does not take %j for one',
    (text) => {
      expect(parseUuid(text)).toBeUndefined();
    },
  );
});
