import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KmsFault } from '../../../cloud/kms/faults.ts';
import { Members } from '../../../cloud/kms/members.ts';

const BOUNDS = { min: 1, max: 3 };
const constraint = (what: string, rule: string): string =>
  `1 validation error detected: ${what} failed to satisfy constraint: ${rule}`;

/** What was read, or the fault. Any other error is passed on. */
function readOrFault(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof KmsFault) return error;
    throw error;
  }
}

describe('Members', () => {
  const members = Members.of({ Text: 'ab', Blob: 'AQI=', Count: 2, Flag: true, List: [1], Null: null });

  it('reads what is there', () => {
    expect([
      members.text('Text', BOUNDS),
      members.oneOf('Text', ['ab']),
      members.blob('Blob', BOUNDS),
      members.integer('Count', BOUNDS),
      members.optionalFlag('Flag'),
      members.list('List', BOUNDS),
      members.has('Text'),
    ]).toEqual(['ab', 'ab', Uint8Array.of(1, 2), 2, true, [1], true]);
  });

  it.each(['Null', 'Absent', 'constructor', '__proto__'])('finds nothing at %s', (name) => {
    expect([
      members.optionalText(name, BOUNDS),
      members.optionalOneOf(name, ['a']),
      members.optionalInteger(name, BOUNDS),
      members.optionalFlag(name),
      members.optionalList(name, BOUNDS),
      members.has(name),
    ]).toEqual([undefined, undefined, undefined, false, undefined, false]);
  });

  it.each<[name: string, read: () => unknown, type: string, message: string]>([
    ['no object', () => Members.of('x'), 'SerializationException', 'STRING_VALUE can not be converted to a Structure'],
    ['a list', () => Members.of([]), 'SerializationException', 'LIST_VALUE can not be converted to a Structure'],
    ['null', () => Members.of(null), 'SerializationException', 'NULL_VALUE can not be converted to a Structure'],
    [
      'a number for a text',
      () => members.text('Count', BOUNDS),
      'SerializationException',
      'NUMBER_VALUE can not be converted to a String',
    ],
    [
      'a text for a number',
      () => members.integer('Text', BOUNDS),
      'SerializationException',
      'STRING_VALUE can not be converted to a Integer',
    ],
    [
      'a fraction',
      () => Members.of({ Count: 1.5 }).integer('Count', BOUNDS),
      'SerializationException',
      'NUMBER_VALUE can not be converted to a Integer',
    ],
    [
      'a text for a flag',
      () => members.optionalFlag('Text'),
      'SerializationException',
      'STRING_VALUE can not be converted to a Boolean',
    ],
    [
      'an object for a list',
      () => Members.of({ List: {} }).list('List', BOUNDS),
      'SerializationException',
      'STRUCTURE_VALUE can not be converted to a List',
    ],
    ['no base64', () => members.blob('Text', BOUNDS), 'SerializationException', 'Invalid base64 in a blob'],
    [
      'nothing',
      () => members.text('KeyId', BOUNDS),
      'ValidationException',
      constraint("Value null at 'keyId'", 'Member must not be null'),
    ],
    [
      'a long text',
      () => members.text('Text', { min: 0, max: 1 }),
      'ValidationException',
      constraint("Value at 'text'", 'Member must have length less than or equal to 1'),
    ],
    [
      'a short blob',
      () => members.blob('Blob', { min: 3, max: 3 }),
      'ValidationException',
      constraint("Value at 'blob'", 'Member must have length greater than or equal to 3'),
    ],
    [
      'a text that fits its pattern only in part',
      () => members.text('Text', { ...BOUNDS, pattern: /a/ }),
      'ValidationException',
      constraint("Value 'ab' at 'text'", 'Member must satisfy regular expression pattern: ^a$'),
    ],
    [
      'a small number',
      () => members.integer('Count', { min: 3, max: 9 }),
      'ValidationException',
      constraint("Value '2' at 'count'", 'Member must have value greater than or equal to 3'),
    ],
  ])('refuses %s', (_name, read, type, message) => {
    expect(readOrFault(read)).toMatchObject({ type, message, status: 400 });
  });

  it('reads or refuses any JSON, and never fails otherwise', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const read of [
          () => Members.of(value),
          () => Members.of({ M: value }).text('M', BOUNDS),
          () => Members.of({ M: value }).oneOf('M', ['a']),
          () => Members.of({ M: value }).blob('M', BOUNDS),
          () => Members.of({ M: value }).integer('M', BOUNDS),
          () => Members.of({ M: value }).optionalFlag('M'),
          () => Members.of({ M: value }).list('M', BOUNDS),
        ]) {
          expect(() => readOrFault(read)).not.toThrow();
        }
      }),
    );
  });
});
