import { describe, expect, it } from 'vitest';
import {
  certificateParameters,
  mergeParameters,
  planRegistration,
  type ThingDescription,
} from '../../../cloud/provisioning/plan-registration.ts';
import { Refusal } from '../../../cloud/provisioning/refusal.ts';
import { parseTemplate } from '../../../cloud/provisioning/template.ts';

const ID = 'ab'.repeat(32);

interface Parts {
  readonly thing?: object;
  readonly overrides?: object;
  readonly certificate?: object;
  readonly policies?: readonly object[];
  readonly configuration?: object;
}

const templateOf = ({ thing, overrides = {}, certificate = {}, policies = [], configuration = {} }: Parts) =>
  parseTemplate(
    JSON.stringify({
      Parameters: { Serial: { Type: 'String' }, Place: { Type: 'String', Default: 'WA' } },
      Resources: {
        thing: {
          Type: 'AWS::IoT::Thing',
          Properties: { ThingName: { Ref: 'Serial' }, ...thing },
          OverrideSettings: overrides,
        },
        certificate: {
          Type: 'AWS::IoT::Certificate',
          Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, ...certificate },
        },
        ...Object.fromEntries(policies.map((it, i) => [`policy${i}`, { Type: 'AWS::IoT::Policy', Properties: it }])),
      },
      DeviceConfiguration: configuration,
    }),
  );

const plan = (parts: Parts = {}, said: Record<string, string> = { Serial: 'hub-1' }) => {
  const template = templateOf(parts);
  return planRegistration(template, mergeParameters(template, { said, ofCertificate: certificateParameters(ID, {}) }));
};

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'nothing';
}

describe('mergeParameters', () => {
  const template = templateOf({});
  const ofCertificate = certificateParameters(ID, { CommonName: 'x', Other: 'y' });

  it('takes defaults, what the device says, over that the hook, over all the certificate', () => {
    const merged = mergeParameters(template, {
      said: { Serial: '1', extra: 'e' },
      overrides: { Serial: '2' },
      ofCertificate,
    });
    expect(Object.fromEntries(merged)).toEqual({
      Serial: '2',
      Place: 'WA',
      extra: 'e',
      'AWS::IoT::Certificate::Id': ID,
      'AWS::IoT::Certificate::CommonName': 'x',
    });
  });

  it('misses what has no default, and lets neither device nor hook say what is the cloud’s', () => {
    const reserved = { 'AWS::IoT::Certificate::Id': 'other' };
    expect(codeOf(() => mergeParameters(template, { said: {}, ofCertificate }))).toBe('InvalidParameters');
    expect(codeOf(() => mergeParameters(template, { said: reserved, ofCertificate }))).toBe('InvalidParameters');
    expect(codeOf(() => mergeParameters(template, { said: { Serial: '1' }, overrides: reserved, ofCertificate }))).toBe(
      'InvalidParameters',
    );
  });
});

describe('planRegistration', () => {
  it('says what the thing, its certificate and its configuration shall be', () => {
    const { describe: describeThing, ...rest } = plan({
      thing: {
        AttributePayload: { serial: { Ref: 'Serial' } },
        ThingTypeName: 'hub',
        ThingGroups: ['all', { Ref: 'Place' }],
      },
      certificate: { Status: 'Inactive' },
      policies: [{ PolicyName: 'hub' }, { PolicyDocument: { Version: '2012-10-17', Statement: [] } }],
      configuration: { place: { Ref: 'Place' }, n: 1 },
    });
    expect(rest).toEqual({
      thing: 'hub-1',
      status: 'INACTIVE',
      policies: [{ PolicyName: 'hub' }, { PolicyDocument: { Version: '2012-10-17', Statement: [] } }],
      deviceConfiguration: { place: 'WA', n: 1 },
    });
    const described = { attributes: { serial: 'hub-1' }, thingType: 'hub', thingGroups: ['all', 'WA'] };
    expect(describeThing(undefined)).toEqual(described);
    expect(describeThing({ attributes: {}, thingGroups: [] })).toEqual(described);
  });

  it.each<[name: string, parts: Parts, said: Record<string, string>]>([
    ['a thing name with a slash', {}, { Serial: 'a/b' }],
    ['a thing name with a wildcard', {}, { Serial: '+' }],
    ['no thing name', {}, { Serial: '' }],
    ['a thing name that is too long', {}, { Serial: 'x'.repeat(129) }],
    [
      'a thing name that is a list',
      { thing: { ThingName: { 'Fn::Split': [',', { Ref: 'Serial' }] } } },
      { Serial: 'a,b' },
    ],
    [
      'an attribute that AWS does not take',
      { thing: { AttributePayload: { a: { Ref: 'Place' } } } },
      { Serial: 'a', Place: 'Bad Aibling' },
    ],
    ['an attribute that is no text', { thing: { AttributePayload: { a: 1 } } }, { Serial: 'a' }],
    [
      'too many attributes',
      { thing: { AttributePayload: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`a${i}`, ''])) } },
      { Serial: 'a' },
    ],
    ['too many groups', { thing: { ThingGroups: Array.from({ length: 11 }, (_, i) => `g${i}`) } }, { Serial: 'a' }],
    ['a group with a space', { thing: { ThingGroups: ['a b'] } }, { Serial: 'a' }],
    ['a status that there is not', { certificate: { Status: { Ref: 'Place' } } }, { Serial: 'a', Place: 'REVOKED' }],
    ['a policy name with a space', { policies: [{ PolicyName: { Ref: 'Place' } }] }, { Serial: 'a', Place: 'a b' }],
  ])('refuses %s', (_name, parts, said) => {
    expect(codeOf(() => plan(parts, said))).toBe('InvalidParameters');
  });

  const old: ThingDescription = { attributes: { a: '1', b: '2' }, thingType: 'old', thingGroups: ['g1'] };
  const thing = { AttributePayload: { a: 'x', c: '3' }, ThingTypeName: 'new', ThingGroups: ['g2'] };
  it.each<[setting: string, overrides: object, result: ThingDescription]>([
    ['nothing', {}, old],
    ['DO_NOTHING', { AttributePayload: 'DO_NOTHING', ThingTypeName: 'DO_NOTHING', ThingGroups: 'DO_NOTHING' }, old],
    [
      'REPLACE',
      { AttributePayload: 'REPLACE', ThingTypeName: 'REPLACE', ThingGroups: 'REPLACE' },
      { attributes: { a: 'x', c: '3' }, thingType: 'new', thingGroups: ['g2'] },
    ],
    [
      'MERGE',
      { AttributePayload: 'MERGE', ThingGroups: 'MERGE' },
      { attributes: { a: 'x', b: '2', c: '3' }, thingType: 'old', thingGroups: ['g1', 'g2'] },
    ],
  ])('where the thing is there already and OverrideSettings say %s', (_setting, overrides, result) => {
    expect(plan({ thing, overrides }).describe(old)).toEqual(result);
  });

  it.each(['AttributePayload', 'ThingTypeName', 'ThingGroups'])(
    'FAIL of %s refuses another, and takes the same',
    (name) => {
      const { describe: describeThing } = plan({ thing, overrides: { [name]: 'FAIL' } });
      expect(codeOf(() => describeThing(old))).toBe('ResourceConflicts');
      const same = { attributes: { a: 'x', c: '3' }, thingType: 'new', thingGroups: ['g2'] };
      expect(describeThing(same)).toEqual(same);
    },
  );

  it('bounds what is merged over the years', () => {
    const groups = Array.from({ length: 10 }, (_, i) => `g${i + 10}`);
    const { describe: describeThing } = plan({ thing, overrides: { ThingGroups: 'MERGE' } });
    expect(codeOf(() => describeThing({ ...old, thingGroups: groups }))).toBe('InvalidParameters');
  });
});
