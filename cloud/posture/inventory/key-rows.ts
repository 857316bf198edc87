/** An inventory as rows of text, for tables, CSV and HTML alike. */
import type { RankedKey } from './rank-risk.ts';

export const KEY_COLUMNS = [
  'risk',
  'class',
  'spec',
  'usage',
  'state',
  'aliases',
  'key ARN',
  'created',
  'last used',
  'origin',
  'manager',
  'tags',
  'reasons',
  'next step',
] as const;

export const keyRow = (key: RankedKey): readonly string[] => [
  key.risk,
  key.class,
  key.spec,
  key.usage,
  key.state,
  key.aliases.join(' '),
  key.keyArn,
  key.createdAt,
  lastUsed(key),
  key.origin,
  key.manager,
  Object.entries(key.tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(' '),
  key.reasons.join('; '),
  key.nextStep,
];

export function lastUsed({ lastUse }: RankedKey): string {
  if (lastUse.known === 'used') return lastUse.at.slice(0, 10);
  return lastUse.known === 'never' ? 'never' : 'unknown';
}
