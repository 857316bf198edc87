/** KMS keys as an inventory reads them, without a KMS. */
import type { DescribedKey } from '../../cloud/posture/inventory/described-key.ts';

export const NOW_MS = Date.parse('2026-11-22T00:00:00Z');

export const arnOf = (id: string): string => `arn:aws:kms:us-east-1:111122223333:key/${id}`;

export const describedKey = (changes: Partial<DescribedKey> = {}): DescribedKey => ({
  keyId: 'k1',
  keyArn: arnOf(changes.keyId ?? 'k1'),
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  state: 'Enabled',
  origin: 'AWS_KMS',
  manager: 'CUSTOMER',
  multiRegion: false,
  aliases: [],
  description: '',
  tags: {},
  createdAt: '2020-01-01T00:00:00.000Z',
  lastUse: { known: 'used', at: '2026-11-20T00:00:00.000Z', operation: 'Sign' },
  ...changes,
});
