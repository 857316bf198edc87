import { describe, expect, it } from 'vitest';
import type { DescribedKey } from '../../../../cloud/posture/inventory/described-key.ts';
import { inOrderOfRisk, rankRisk, type Risk } from '../../../../cloud/posture/inventory/rank-risk.ts';
import { arnOf, describedKey, NOW_MS } from '../../../support/described-keys.ts';

const rank = (changes: Partial<DescribedKey>) => rankRisk(describedKey(changes), NOW_MS);

const used = (at: string) => ({ lastUse: { known: 'used', at, operation: 'Sign' } }) as const;

describe('rankRisk', () => {
  it.each<[name: string, changes: Partial<DescribedKey>, risk: Risk, reason: RegExp]>([
    ['an ML-DSA key', { spec: 'ML_DSA_65' }, 'none', /no known quantum attack/],
    ['a symmetric key', { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' }, 'none', /symmetric/],
    ['a firmware signer, by alias', { aliases: ['alias/firmware-2024'] }, 'critical', /firmware signing/],
    ['a firmware signer, by camel case', { aliases: ['alias/hubFirmware'] }, 'critical', /firmware signing/],
    ['a firmware signer, by tag', { tags: { purpose: 'OTA' } }, 'critical', /firmware signing/],
    [
      'a firmware signer nobody used for years',
      { tags: { purpose: 'boot' }, lastUse: { known: 'never', since: '2020-01-01T00:00:00Z' } },
      'critical',
      /firmware/,
    ],
    ['a disabled firmware signer', { aliases: ['alias/boot'], state: 'Disabled' }, 'critical', /firmware/],
    ['a CA', { description: 'root of our device PKI' }, 'critical', /identity signing/],
    [
      'an encryption key of backups',
      { spec: 'RSA_4096', usage: 'ENCRYPT_DECRYPT', tags: { data: 'backup' } },
      'critical',
      /long-lived data/,
    ],
    ['any other encryption key', { spec: 'RSA_4096', usage: 'ENCRYPT_DECRYPT' }, 'high', /harvest now/],
    ['a key agreement key', { usage: 'KEY_AGREEMENT' }, 'high', /harvest now/],
    [
      'an encryption key nobody used for years',
      { usage: 'KEY_AGREEMENT', lastUse: { known: 'never', since: '2020-01-01T00:00:00Z' } },
      'high',
      /harvest now/,
    ],
    ['a signer of nobody in particular', {}, 'medium', /forgeable/],
    [
      'a signer nobody used for a year',
      { lastUse: { known: 'used', at: '2025-11-01T00:00:00Z', operation: 'Sign' } },
      'low',
      /not used for 365 days/,
    ],
    [
      'a signer used 364 days ago',
      { lastUse: { known: 'used', at: '2025-11-23T00:00:00Z', operation: 'Sign' } },
      'medium',
      /forgeable/,
    ],
    ['a signer of which no use is known', { lastUse: { known: 'unknown' } }, 'medium', /forgeable/],
    [
      'a signer never used, but not watched for long',
      { lastUse: { known: 'never', since: '2026-10-01T00:00:00Z' } },
      'medium',
      /forgeable/,
    ],
    ['a signer never used since nobody knows when', { lastUse: { known: 'never', since: '' } }, 'medium', /forgeable/],
    ['a disabled signer', { state: 'Disabled' }, 'low', /disabled/],
    ['a key that is going to be deleted', { aliases: ['alias/firmware'], state: 'PendingDeletion' }, 'low', /deleted/],
    ['a spec of tomorrow', { spec: 'SLH_DSA_128S' }, 'high', /does not know/],
    ['a key that could not be described', { spec: '', usage: '' }, 'high', /could not be described/],
  ])('%s', (_name, changes, risk, reason) => {
    const ranked = rank(changes);
    expect(ranked.risk).toBe(risk);
    expect(ranked.reasons[0]).toMatch(reason);
    expect(ranked.nextStep).toMatch(/\.$/);
  });

  it('does not take a part of a word for a purpose', () => {
    expect(rank({ aliases: ['alias/scathing-reboots'], description: 'canary' }).purposes).toEqual([]);
  });

  it('adds what else is known', () => {
    expect(rank({ spec: 'RSA_2048', origin: 'EXTERNAL', lastUse: { known: 'unknown' } }).reasons).toEqual([
      expect.stringMatching(/forgeable/),
      expect.stringMatching(/^112 bits/),
      expect.stringMatching(/imported/),
      expect.stringMatching(/last is not known/),
    ]);
    expect(rank({ spec: 'ML_DSA_44', aliases: ['alias/firmware'] }).reasons[1]).toMatch(/CNSA 2.0/);
    expect(rank({ spec: 'ML_DSA_87', aliases: ['alias/firmware'] }).reasons).toHaveLength(1);
  });
});

describe('inOrderOfRisk', () => {
  it('puts the highest risk first, then what was used last, then by ARN', () => {
    const keys = [
      rank({ keyId: 'f', spec: 'ML_DSA_87' }),
      rank({ keyId: 'e', ...used('2026-11-01T00:00:00.000Z') }),
      rank({ keyId: 'd', ...used('2026-11-02T00:00:00.000Z') }),
      rank({ keyId: 'c', ...used('2026-11-02T00:00:00.000Z') }),
      rank({ keyId: 'b', usage: 'KEY_AGREEMENT' }),
      rank({ keyId: 'a', aliases: ['alias/firmware'] }),
    ];
    expect(inOrderOfRisk(keys).map(({ keyArn }) => keyArn)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(arnOf));
  });
});
