import { describe, expect, it } from 'vitest';
import type { Gap } from '../../../../cloud/posture/inventory/described-key.ts';
import { createInventory, decodeKeySpecs, describeGaps } from '../../../../cloud/posture/inventory/inventory.ts';
import { arnOf, describedKey, NOW_MS } from '../../../support/described-keys.ts';

const gap = (changes: Partial<Gap> = {}): Gap => ({
  what: 'DescribeKey',
  keyArn: arnOf('k1'),
  code: 'access-denied',
  message: 'KMS refused.',
  ...changes,
});

describe('createInventory', () => {
  it('counts by class and risk, and knows account and Region', () => {
    const keys = [describedKey({ spec: 'ML_DSA_65' }), describedKey(), describedKey({ aliases: ['alias/ota'] })];
    expect(createInventory({ keys, gaps: [], isAws: true }, NOW_MS)).toMatchObject({
      takenAt: '2026-11-22T00:00:00.000Z',
      accountId: '111122223333',
      region: 'us-east-1',
      partial: false,
      byClass: { 'classical-signing': 2, 'post-quantum': 1 },
      byRisk: { critical: 1, medium: 1, none: 1 },
    });
  });

  it.each<[name: string, gaps: readonly Gap[], partial: boolean]>([
    ['nothing missing', [], false],
    ['a description missing', [gap()], true],
    ['GetKeyLastUsage not there at all', [gap({ message: 'KMS refused (UnknownOperationException: x).' })], false],
  ])('is partial or not with %s', (_name, gaps, partial) => {
    expect(createInventory({ keys: [], gaps, isAws: true }, NOW_MS).partial).toBe(partial);
  });
});

describe('describeGaps', () => {
  it('says a thousand equal gaps in one line', () => {
    const gaps = [
      ...Array.from({ length: 1_000 }, () => gap()),
      gap({ what: 'ListKeys', keyArn: '', code: 'stopped' }),
    ];
    expect(describeGaps(gaps)).toEqual([
      'DescribeKey, 1000 times: KMS refused. [access-denied]',
      'ListKeys: KMS refused. [stopped]',
    ]);
    expect(describeGaps([gap()])).toEqual([`DescribeKey of ${arnOf('k1')}: KMS refused. [access-denied]`]);
  });
});

describe('decodeKeySpecs', () => {
  it('reads what --json prints', () => {
    const inventory = createInventory(
      { keys: [describedKey(), describedKey({ keyId: 'k2', spec: '' })], gaps: [], isAws: true },
      NOW_MS,
    );
    expect([...decodeKeySpecs(JSON.stringify(inventory), 'keys.json')]).toEqual([[arnOf('k1'), 'ECC_NIST_P256']]);
  });

  it.each([
    ['no text', ''],
    ['half a text', '{"keys":['],
    ['a number', '7'],
    ['null', 'null'],
    ['no keys', '{}'],
    ['keys of another kind', '{"keys":{}}'],
    ['a key that is null', '{"keys":[null]}'],
    ['a key without a spec', '{"keys":[{"keyArn":"a"}]}'],
    ['a spec of another kind', '{"keys":[{"keyArn":"a","spec":7}]}'],
  ])('refuses %s', (_name, text) => {
    expect(() => decodeKeySpecs(text, 'keys.json')).toThrow(
      expect.objectContaining({ code: 'inventory-invalid', message: expect.stringMatching(/^keys\.json: /) }),
    );
  });
});
