import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import {
  type CapabilityReport,
  capabilitiesOf,
  capabilitiesValue,
  ownCapabilities,
} from '../../../protocol/suit/capabilities.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

const components = [[Uint8Array.of(0)], [Uint8Array.of(1)]];
const own = ownCapabilities(components);

/** A good capability report with these members changed; undefined takes one away. */
function value(...entries: readonly [CborValue, CborValue | undefined][]): CborValue {
  const map = new Map<CborValue, CborValue>([
    [1, [[Uint8Array.of(0)]]],
    [2, [1]],
    [3, [1]],
    [4, [-16]],
  ]);
  for (const [key, item] of entries) {
    if (item === undefined) map.delete(key);
    else map.set(key, item);
  }
  return map;
}

describe('ownCapabilities', () => {
  it('advertises what is implemented, ML-DSA with the rest', () => {
    expect(own.lists.get('algorithms')).toEqual(expect.arrayContaining([-16, -7, -9, -48, -49, -50]));
    expect(own.lists.get('commands')).toEqual([1, 2, 3, 5, 6, 12, 14, 15, 18, 20, 21, 22, 23, 24, 31, 32]);
    expect(own.lists.get('parameters')).toEqual([1, 2, 3, 5, 12, 13, 14, 18, 21, 22, 23, 24, 25]);
    expect(own.lists.get('manifest')).toEqual([1, 2, 3, 4, 7, 8, 9, 16, 20, 23]);
    expect(own.lists.has('dependency')).toBe(false);
    expect(own.components.map(({ id }) => id)).toEqual(components);
  });

  it('reads back', () => {
    expect(capabilitiesOf(capabilitiesValue(own), 'c')).toEqual(own);
  });
});

describe('capabilitiesOf', () => {
  it('reads a prefix of components', () => {
    const report: CapabilityReport = {
      components: [{ id: [utf8('usr')], isPrefix: true }],
      lists: new Map([
        ['commands', [1]],
        ['parameters', [1]],
        ['algorithms', [-16]],
      ]),
    };
    expect(capabilitiesOf(value([1, [[utf8('usr'), true]]]), 'c')).toEqual(report);
    expect(capabilitiesOf(capabilitiesValue(report), 'c')).toEqual(report);
  });

  it('leaves out the lists of extensions', () => {
    expect(capabilitiesOf(value([[14, 1], [1]]), 'c').lists.size).toBe(3);
  });

  it.each<[name: string, value: CborValue | undefined, at: string]>([
    ['nothing', undefined, 'c'],
    ['no components', value([1, undefined]), 'c.components'],
    ['an empty list of components', value([1, []]), 'c.components'],
    ['a component as bytes', value([1, [utf8('usr')]]), 'c.components[0]'],
    ['a prefix mark in the middle', value([1, [[true, utf8('usr')]]]), 'c.components[0][0]'],
    ['no commands', value([2, undefined]), 'c.commands'],
    ['no parameters', value([3, []]), 'c.parameters'],
    ['an algorithm by name', value([4, ['ES256']]), 'c.algorithms[0]'],
    ['an empty list of manifest members', value([6, []]), 'c.manifest'],
  ])('refuses %s', (_name, item, at) => {
    expectRejection(() => capabilitiesOf(item, 'c'), 'wrong-shape', at);
  });
});
