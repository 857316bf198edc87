import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, InvalidExpression } from '../../../cloud/provisioning/expressions.ts';
import type { JsonValue } from '../../../protocol/aws-iot/json.ts';

const scope = {
  parameters: new Map([
    ['Serial', 'A1'],
    ['List', 'a,b,c'],
    ['Place', 'Seattle'],
    ['AWS::IoT::Certificate::Id', 'ab'],
  ]),
  mappings: { Table: { Seattle: { url: 'https://example.aws', list: ['x', 'y'] } } },
};

function outcomeOf(value: JsonValue): string {
  try {
    evaluate(value, scope);
    return 'value';
  } catch (error) {
    return error instanceof Error ? error.name : 'another';
  }
}

describe('evaluate', () => {
  it.each<[name: string, value: JsonValue, result: JsonValue]>([
    ['a text', 'hub', 'hub'],
    ['what has no functions', { a: [1, true, null, { b: 'c' }] }, { a: [1, true, null, { b: 'c' }] }],
    ['Ref', { Ref: 'Serial' }, 'A1'],
    ['Ref to what the cloud says', { Ref: 'AWS::IoT::Certificate::Id' }, 'ab'],
    ['Fn::Join', { 'Fn::Join': ['-', ['hub', { Ref: 'Serial' }]] }, 'hub-A1'],
    ['Fn::Join with nothing between', { 'Fn::Join': ['', ['ThingPrefix_', { Ref: 'Serial' }]] }, 'ThingPrefix_A1'],
    ['Fn::Join of what Fn::Split gives', { 'Fn::Join': ['+', { 'Fn::Split': [',', { Ref: 'List' }] }] }, 'a+b+c'],
    ['Fn::Split', { 'Fn::Split': [',', { Ref: 'List' }] }, ['a', 'b', 'c']],
    ['Fn::Select by a number', { 'Fn::Select': [1, { 'Fn::Split': [',', { Ref: 'List' }] }] }, 'b'],
    ['Fn::Select by a text', { 'Fn::Select': ['2', ['a', 'b', 'c']] }, 'c'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Table', { Ref: 'Place' }, 'url'] }, 'https://example.aws'],
    ['Fn::FindInMap of a list', { 'Fn::Select': [0, { 'Fn::FindInMap': ['Table', 'Seattle', 'list'] }] }, 'x'],
    ['Fn::Sub', { 'Fn::Sub': 'hub-${Serial}-${Place}' }, 'hub-A1-Seattle'],
    ['Fn::Sub with its own values', { 'Fn::Sub': ['${x}/${Serial}', { x: { Ref: 'Place' } }] }, 'Seattle/A1'],
    ['Fn::Sub, own values first', { 'Fn::Sub': ['${Serial}', { Serial: 'own' }] }, 'own'],
    [
      'Fn::Sub of what is to stay',
      { 'Fn::Sub': '${!iot:Connection.Thing.ThingName} ${Serial}' },
      '${iot:Connection.Thing.ThingName} A1',
    ],
    ['deep inside', { a: [{ b: { Ref: 'Serial' } }] }, { a: [{ b: 'A1' }] }],
  ])('%s', (_name, value, result) => {
    expect(evaluate(value, scope)).toEqual(result);
  });

  it('does not evaluate what parameters say', () => {
    const parameters = new Map([['Serial', '${Place}{"Ref":"Place"}']]);
    expect(evaluate({ 'Fn::Sub': '<${Serial}>' }, { ...scope, parameters })).toBe('<${Place}{"Ref":"Place"}>');
  });

  it.each<[name: string, value: JsonValue]>([
    ['a Ref to nothing', { Ref: 'Nobody' }],
    ['a Ref to what every object has', { Ref: 'constructor' }],
    ['a Ref that is no text', { Ref: ['Serial'] }],
    ['a function beside something else', { Ref: 'Serial', b: 1 }],
    ['two functions', { Ref: 'Serial', 'Fn::Sub': 'x' }],
    ['a function of CloudFormation', { 'Fn::GetAtt': ['a', 'b'] }],
    ['a function that is misspelt', { 'Fn:Join': ['', []] }],
    ['Fn::Join of three', { 'Fn::Join': ['', [], 'x'] }],
    ['Fn::Join of no texts', { 'Fn::Join': ['', [1]] }],
    ['Fn::Join of no list', { 'Fn::Join': ['', 'abc'] }],
    ['Fn::Join by no text', { 'Fn::Join': [{ Ref: 'Serial' }, ['a', 'b']] }],
    ['Fn::Split by nothing', { 'Fn::Split': ['', 'abc'] }],
    ['Fn::Split of a list', { 'Fn::Split': [',', ['a']] }],
    ['Fn::Select beyond the end', { 'Fn::Select': [3, ['a', 'b', 'c']] }],
    ['Fn::Select before the start', { 'Fn::Select': [-1, ['a']] }],
    ['Fn::Select between', { 'Fn::Select': [0.5, ['a', 'b']] }],
    ['Fn::Select of nothing', { 'Fn::Select': [0, [null]] }],
    ['Fn::Select by a word', { 'Fn::Select': ['length', ['a']] }],
    ['Fn::FindInMap of another table', { 'Fn::FindInMap': ['Other', 'Seattle', 'url'] }],
    ['Fn::FindInMap of what every object has', { 'Fn::FindInMap': ['Table', '__proto__', 'toString'] }],
    ['Fn::FindInMap too deep', { 'Fn::FindInMap': ['Table', 'Seattle', 'url', 'x'] }],
    ['Fn::Sub of nobody', { 'Fn::Sub': '${Nobody}' }],
    ['Fn::Sub of no text', { 'Fn::Sub': [1, {}] }],
    ['Fn::Sub with values of its own that are none', { 'Fn::Sub': ['${x}', { x: ['a'] }] }],
  ])('refuses %s', (_name, value) => {
    expect(() => evaluate(value, scope)).toThrow(InvalidExpression);
  });

  it('bounds what a device can make it produce', () => {
    const parameters = new Map([['Serial', 'x'.repeat(2_048)]]);
    const value = { 'Fn::Sub': '${Serial}'.repeat(1_000) };
    expect(() => evaluate(value, { ...scope, parameters })).toThrow(/produce more than/);
    const many = Array.from({ length: 40 }, () => ({ Ref: 'Serial' }));
    expect(() => evaluate(many, { ...scope, parameters })).toThrow(/produce more than/);
    expect(evaluate(many.slice(0, 30), { ...scope, parameters })).toHaveLength(30);
  });

  it('gives a value or says what is wrong, whatever it is given', () => {
    const leaf = fc.oneof(fc.constantFrom('Serial', ',', '${Serial}', '${', ''), fc.integer(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom('Ref', 'Fn::Join', 'Fn::Sub', 'Fn::Split', 'Fn::Select', 'Fn::FindInMap', 'a'),
          tie('tree'),
          { maxKeys: 2 },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(outcomeOf(value as JsonValue)).toMatch(/value|InvalidExpression/);
      }),
    );
  });
});
