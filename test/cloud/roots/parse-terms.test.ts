import { describe, expect, it } from 'vitest';
import {
  parseComponentId,
  parseFloor,
  parseThreshold,
  parseTime,
  parseWindow,
} from '../../../cloud/roots/parse-terms.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { createClassId, createVendorId, formatUuid } from '../../../protocol/suit/uuid.ts';
import { expectOperatorError } from '../../support/expect-operator-error.ts';
import { eitherRelease, FIRST, firstRoot, ROOT_KEYS, signer } from '../../support/trust.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z') / 1000;
const seconds = (text: string): number => Date.parse(text) / 1000;

describe('parseTime', () => {
  it.each([
    ['5y', '2031-11-22T10:00:00Z'],
    ['18m', '2028-05-22T10:00:00Z'],
    ['90d', '2027-02-20T10:00:00Z'],
    ['2031-11-22', '2031-11-22T00:00:00Z'],
    ['2031-11-22T08:30Z', '2031-11-22T08:30:00Z'],
  ])('takes %s for %s', (text, expected) => {
    expect(parseTime('--expires', text, NOW)).toBe(seconds(expected));
  });

  it.each(['', '5', 'y', '5 y', '-5y', '5w', '99999y', '2031-13-01', '22.11.2031', '2031-11-22T08:30', 'soon'])(
    'refuses %j',
    (text) => {
      expectOperatorError(() => parseTime('--expires', text, NOW), 'usage', '--expires', '5y');
    },
  );
});

describe('parseThreshold', () => {
  it('takes a number where the keys of the role are of one algorithm', () => {
    expect(parseThreshold('--threshold', 'root=3', FIRST)).toEqual({
      role: 'root',
      value: [{ algorithm: 'ML-DSA-44', threshold: 3 }],
    });
  });

  it('wants one for each algorithm where they are not', () => {
    const hybrid = firstRoot({ keys: [...ROOT_KEYS, signer('ES256', 31)] }, eitherRelease);
    expectOperatorError(() => parseThreshold('--threshold', 'root=3', hybrid), 'usage', 'root=ML-DSA-44:1,ES256:1');
    expect(parseThreshold('--threshold', 'root=ML-DSA-44:2,ES256:1', hybrid).value).toEqual([
      { algorithm: 'ML-DSA-44', threshold: 2 },
      { algorithm: 'ES256', threshold: 1 },
    ]);
  });

  it.each([
    '',
    'root',
    '=2',
    'root=',
    'root=two',
    'root=ML-DSA-44',
    'root=ML-DSA-44:',
    'root=RSA:1',
    'root=ML-DSA-44:1,',
    'nobody=1',
  ])('refuses %j', (text) => {
    expectOperatorError(() => parseThreshold('--threshold', text, FIRST), 'usage', '--threshold');
  });
});

describe('parseWindow', () => {
  it('takes what will do, and until when', () => {
    expect(parseWindow('--window', 'release=ML-DSA-65:1,ES256:2@2028-01-01', NOW)).toEqual({
      role: 'release',
      value: {
        any: [
          { algorithm: 'ML-DSA-65', threshold: 1 },
          { algorithm: 'ES256', threshold: 2 },
        ],
        untilSeconds: seconds('2028-01-01T00:00:00Z'),
      },
    });
  });

  it('takes that there is none any more', () => {
    expect(parseWindow('--window', 'release=none', NOW)).toEqual({ role: 'release', value: undefined });
  });

  it.each([
    'release=ES256:1',
    'release=ES256:1@',
    'release=@2028-01-01',
    'release=ES256:1@2028-01-01@2029-01-01',
    'ES256:1@1y',
  ])('refuses %j', (text) => {
    expectOperatorError(() => parseWindow('--window', text, NOW), 'usage', '--window');
  });
});

describe('parseFloor', () => {
  const classId = createClassId(createVendorId('example.com'), 'hub');
  const root = { ...FIRST, floors: [{ classId, epoch: 4, sequenceNumber: 9 }] };

  it('takes vendor and class, or the id of the class', () => {
    const expected = { classId, epoch: 4, sequenceNumber: 17 };
    expect(parseFloor('--floor', 'example.com/hub=17', root)).toEqual(expected);
    expect(parseFloor('--floor', `${formatUuid(classId)}=17`, root)).toEqual(expected);
  });

  it('takes an epoch, keeps that of the root where none is given, and begins at 0', () => {
    expect(parseFloor('--floor', 'example.com/hub=5:0', root)).toMatchObject({ epoch: 5, sequenceNumber: 0 });
    expect(parseFloor('--floor', 'example.com/hub=1', FIRST)).toMatchObject({ epoch: 0, sequenceNumber: 1 });
  });

  it.each(['hub=1', '/hub=1', 'example.com/hub', 'example.com/hub=', 'example.com/hub=-1', 'example.com/hub=1:2:3'])(
    'refuses %j',
    (text) => {
      expectOperatorError(() => parseFloor('--floor', text, root), 'usage', '--floor');
    },
  );
});

describe('parseComponentId', () => {
  it('takes parts in hex, as show writes them', () => {
    expect(parseComponentId('--prefix', '6d6f64656d/00').map(toHex)).toEqual(['6d6f64656d', '00']);
  });

  it.each(['', 'modem', '0', '00/', '/00'])('refuses %j', (text) => {
    expectOperatorError(() => parseComponentId('--prefix', text), 'usage', '--prefix');
  });
});
