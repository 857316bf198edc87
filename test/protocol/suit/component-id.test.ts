import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import type { CborValue } from '../../../protocol/cbor/value.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { componentIdOf, describeComponentId, equalComponentIds } from '../../../protocol/suit/component-id.ts';
import { expectRejection } from '../../support/expect-rejection.ts';

describe('componentIdOf', () => {
  it.each<[text: string, value: CborValue]>([
    ['', []],
    ['00', [Uint8Array.of(0)]],
    ['757372/62696e', [utf8('usr'), utf8('bin')]],
  ])('reads %j', (text, value) => {
    expect(describeComponentId(componentIdOf(value, 'id'))).toBe(text);
  });

  it.each<[name: string, value: CborValue | undefined, code: RejectionCode, at: string]>([
    ['nothing', undefined, 'wrong-shape', 'id'],
    ['bytes', Uint8Array.of(0), 'wrong-shape', 'id'],
    ['a path of texts', ['usr', 'bin'], 'wrong-shape', 'id[0]'],
    ['nine parts', Array.from({ length: 9 }, () => Uint8Array.of(0)), 'limit-exceeded', 'id'],
    ['a part of 65 bytes', [new Uint8Array(65)], 'limit-exceeded', 'id'],
  ])('refuses %s', (_name, value, code, at) => {
    expectRejection(() => componentIdOf(value, 'id'), code, at);
  });
});

describe('equalComponentIds', () => {
  it.each<[a: string[], b: string[], equal: boolean]>([
    [['usr', 'bin'], ['usr', 'bin'], true],
    [['usr', 'bin'], ['usr'], false],
    [['usr'], ['usr', 'bin'], false],
    [['usr', 'bin'], ['usrbin'], false],
    [['a'], ['b'], false],
  ])('%j and %j: %o', (a, b, equal) => {
    expect(equalComponentIds(a.map(utf8), b.map(utf8))).toBe(equal);
  });
});
