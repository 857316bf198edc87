import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { DIGEST_ALGORITHMS } from '../../../protocol/suit/digest.ts';
import {
  byLabel,
  COMMANDS,
  COMMON_MEMBERS,
  COMPONENT_TEXT_LABELS,
  describeLabel,
  ENVELOPE_MEMBERS,
  type Label,
  labelOf,
  MANIFEST_MEMBERS,
  PARAMETERS,
  TEXT_LABELS,
} from '../../../protocol/suit/labels.ts';
import { describeWithVectors, readVector } from '../../support/vectors.ts';

const TABLES: readonly [name: string, table: readonly Label[]][] = [
  ['envelope', ENVELOPE_MEMBERS],
  ['manifest', MANIFEST_MEMBERS],
  ['common', COMMON_MEMBERS],
  ['commands', COMMANDS],
  ['parameters', PARAMETERS],
  ['text', TEXT_LABELS],
  ['component text', COMPONENT_TEXT_LABELS],
];

describe.each(TABLES)('the table of %s', (_name, table) => {
  it('has each label and each name once, in ascending order', () => {
    const labels = table.map(({ label }) => label);
    expect(labels).toEqual([...new Set(labels)].toSorted((a, b) => a - b));
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  });

  it('finds each row by label and each label by name', () => {
    for (const row of table) {
      expect(byLabel<Label>(table).get(row.label)).toBe(row);
      expect(labelOf(table, row.name)).toBe(row.label);
    }
  });

  it('implements exactly what the manifest draft itself defines', () => {
    for (const { draft, implemented } of table) expect(implemented).toBe(draft === 'draft-ietf-suit-manifest-37');
  });
});

describe('describeLabel', () => {
  it.each<[label: number | bigint, text: string]>([
    [3, 'image-match (3) of draft-ietf-suit-manifest-37'],
    [26, 'minimum-battery (26) of draft-ietf-suit-update-management'],
    [7, 'dependency-integrity (7) of draft-ietf-suit-trust-domains'],
    [1000, 'the unregistered label 1000'],
    [-1, 'the unregistered label -1'],
    [-256, 'the unregistered label -256'],
    [-257, 'the custom label -257'],
    [-(2n ** 60n), 'the custom label -1152921504606846976'],
    [2n ** 60n, 'the unregistered label 1152921504606846976'],
  ])('of command %i: %s', (label, text) => {
    expect(describeLabel(COMMANDS, label)).toBe(text);
  });
});

/** `suit-condition-image-match = 3` → ['image-match', 3], for names that begin so. */
function definitions(cddl: string, prefix: string): readonly (readonly [name: string, label: number])[] {
  return [...cddl.matchAll(new RegExp(`^${prefix}([a-z0-9-]+) += (-?\\d+)$`, 'gm'))].map(
    ([, name, label]) => [name!, Number(label)] as const,
  );
}

describeWithVectors('the CDDL of draft-ietf-suit-manifest-37', () => {
  const cddl = new TextDecoder().decode(readVector('suit-ietf/draft-ietf-suit-manifest.cddl'));
  const all = definitions(cddl, 'suit-');

  it('defines 53 labels', () => {
    expect(all).toHaveLength(53);
  });

  it.each<[prefix: string, table: readonly Label[], count: number]>([
    ['suit-condition-', COMMANDS, 7],
    ['suit-directive-', COMMANDS, 9],
    ['suit-parameter-', PARAMETERS, 13],
    ['suit-text-manifest-', TEXT_LABELS, 3],
  ])('%s… is implemented by these names', (prefix, table, count) => {
    const defined = definitions(cddl, prefix).map(([name, label]) => [OTHER_NAMES[name] ?? name, label]);
    expect(defined).toHaveLength(count);
    for (const [name, label] of defined) {
      expect(table).toContainEqual(expect.objectContaining({ name, label, implemented: true }));
    }
  });

  it('has no label that no table has', () => {
    const known = new Set(TABLES.flatMap(([, table]) => table).map(({ name, label }) => `${name} ${label}`));
    const unknown = all
      .map(([name, label]) => [name.replace(/^(condition|directive|parameter|text)-/, ''), label] as const)
      .filter(([name, label]) => !known.has(`${OTHER_NAMES[name] ?? name} ${label}`));
    expect(unknown).toEqual([]);
  });

  it('names the digest algorithms that are implemented', () => {
    const hashes = definitions(cddl, 'cose-alg-').map(([, id]) => id);
    expect(new Set(hashes)).toEqual(new Set(DIGEST_ALGORITHMS.map(({ algorithmId }) => algorithmId)));
    expect(hashes.some((id) => ALGORITHMS.some(({ coseId }) => coseId === id))).toBe(false);
  });
});

/** Where our names are shorter, since their table says the rest. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'authentication-wrapper': 'authentication',
  'manifest-version': 'version',
  'manifest-sequence-number': 'sequence-number',
  'manifest-json-source': 'json-source',
  'manifest-yaml-source': 'yaml-source',
  description: 'manifest-description',
};
