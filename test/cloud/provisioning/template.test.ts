import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../../cloud/errors.ts';
import { createTemplate, DEFAULT_SETTINGS, DEFAULT_TEMPLATE } from '../../../cloud/provisioning/settings.ts';
import { MAX_TEMPLATE_LENGTH, parseTemplate } from '../../../cloud/provisioning/template.ts';

/** The example of the developer guide, "Fleet provisioning template example", with what it lacks: ThingName. */
const AWS_EXAMPLE = {
  Parameters: { SerialNumber: { Type: 'String' }, DeviceLocation: { Type: 'String' } },
  Mappings: { LocationTable: { Seattle: { LocationUrl: 'https://example.aws' } } },
  Resources: {
    thing: {
      Type: 'AWS::IoT::Thing',
      Properties: {
        AttributePayload: { version: 'v1', serialNumber: 'serialNumber' },
        ThingName: { 'Fn::Join': ['', ['ThingPrefix_', { Ref: 'SerialNumber' }]] },
        ThingTypeName: { 'Fn::Join': ['', ['ThingPrefix_', { Ref: 'SerialNumber' }]] },
        ThingGroups: ['v1-lightbulbs', 'WA'],
        BillingGroup: 'LightBulbBillingGroup',
      },
      OverrideSettings: { AttributePayload: 'MERGE', ThingTypeName: 'REPLACE', ThingGroups: 'DO_NOTHING' },
    },
    certificate: {
      Type: 'AWS::IoT::Certificate',
      Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, Status: 'Active' },
    },
    policy: {
      Type: 'AWS::IoT::Policy',
      Properties: {
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: ['iot:Publish'], Resource: ['*'] }],
        },
      },
    },
  },
  DeviceConfiguration: {
    FallbackUrl: 'https://www.example.com/test-site',
    LocationUrl: { 'Fn::FindInMap': ['LocationTable', { Ref: 'DeviceLocation' }, 'LocationUrl'] },
  },
};

type Example = typeof AWS_EXAMPLE;
// oxlint-disable-next-line typescript/no-explicit-any -- a template as somebody gets it wrong
type Wrong = any;

const changed = (change: (template: Wrong) => void): string => {
  const template: Example = structuredClone(AWS_EXAMPLE);
  change(template);
  return JSON.stringify(template);
};

function messageOf(text: string): string {
  try {
    parseTemplate(text);
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'invalid-template') return error.message;
    throw error;
  }
  return 'accepted';
}

it('reads the example of AWS’s guide', () => {
  const body = parseTemplate(JSON.stringify(AWS_EXAMPLE));
  expect([...body.parameters]).toEqual([
    ['SerialNumber', undefined],
    ['DeviceLocation', undefined],
  ]);
  expect(body.overrides).toEqual({ attributes: 'MERGE', thingType: 'REPLACE', thingGroups: 'DO_NOTHING' });
  expect(body.policies).toHaveLength(1);
});

it('has a template for who has none', () => {
  expect([...parseTemplate(DEFAULT_TEMPLATE).parameters.keys()]).toEqual(['SerialNumber']);
});

describe('parseTemplate refuses', () => {
  const own = { Ref: 'AWS::IoT::Certificate::Id' };
  it.each<[name: string, text: string, says: RegExp]>([
    ['no JSON', '{', /template: expected JSON/],
    ['a list', '[]', /template: expected an object/],
    ['more than AWS takes', `${DEFAULT_TEMPLATE}${' '.repeat(MAX_TEMPLATE_LENGTH)}`, /at most 10240/],
    ['another section', changed((it) => (it.Outputs = {})), /template: expected Parameters.*got "Outputs"/],
    ['a parameter of another type', changed((it) => (it.Parameters.SerialNumber.Type = 'Number')), /SerialNumber.Type/],
    ['a default that is no text', changed((it) => (it.Parameters.SerialNumber.Default = 1)), /SerialNumber.Default/],
    [
      'a parameter of AWS’s that there is not',
      changed((it) => (it.Parameters['AWS::Region'] = { Type: 'String' })),
      /AWS::/,
    ],
    ['a function in the mappings', changed((it) => (it.Mappings.T = { a: { Ref: 'x' } })), /Mappings.T.a.Ref/],
    ['a mapping of one level', changed((it) => (it.Mappings.T = { a: 'x' })), /Mappings.T.a: expected an object/],
    ['no thing', changed((it) => delete it.Resources.thing), /exactly one AWS::IoT::Thing, got none/],
    ['two things', changed((it) => (it.Resources.more = it.Resources.thing)), /exactly one AWS::IoT::Thing, got 2/],
    ['no certificate', changed((it) => delete it.Resources.certificate), /exactly one AWS::IoT::Certificate/],
    [
      'another resource',
      changed((it) => (it.Resources.x = { Type: 'AWS::S3::Bucket' })),
      /Resources.x.Type: expected one of/,
    ],
    ['a resource that every object has', changed((it) => (it.Resources.x = { Type: 'toString' })), /Resources.x.Type/],
    ['no thing name', changed((it) => delete it.Resources.thing.Properties.ThingName), /to have a ThingName/],
    ['another property', changed((it) => (it.Resources.thing.Properties.Name = 'x')), /Resources.thing.Properties/],
    [
      'a certificate of a device’s choice',
      changed((it) => (it.Resources.certificate.Properties.CertificateId = { Ref: 'SerialNumber' })),
      /CertificateId to be/,
    ],
    [
      'a request as certificate',
      changed((it) => (it.Resources.certificate.Properties = { CertificateSigningRequest: own })),
      /certificate.Properties/,
    ],
    [
      'an override that there is not',
      changed((it) => (it.Resources.thing.OverrideSettings.ThingGroups = 'KEEP')),
      /ThingGroups: expected DO_NOTHING, REPLACE, MERGE or FAIL/,
    ],
    [
      'a type that is merged',
      changed((it) => (it.Resources.thing.OverrideSettings.ThingTypeName = 'MERGE')),
      /ThingTypeName: expected DO_NOTHING, REPLACE or FAIL/,
    ],
    [
      'an override of a policy',
      changed((it) => (it.Resources.policy.OverrideSettings = { PolicyName: 'FAIL' })),
      /OverrideSettings: expected nothing/,
    ],
    [
      'a policy with name and document',
      changed((it) => (it.Resources.policy.Properties.PolicyName = 'x')),
      /either PolicyName or PolicyDocument/,
    ],
    [
      'a policy with neither',
      changed((it) => (it.Resources.policy.Properties = {})),
      /either PolicyName or PolicyDocument/,
    ],
    [
      'a Ref to what is not declared',
      changed((it) => (it.DeviceConfiguration.a = { Ref: 'Serial' })),
      /DeviceConfiguration.a: the parameter Serial is not declared/,
    ],
    [
      'a Fn::Sub of what is not declared',
      changed((it) => (it.DeviceConfiguration.a = { 'Fn::Sub': '${!a}${Serial}' })),
      /the parameter Serial is not declared/,
    ],
    [
      'a Ref deep inside',
      changed((it) => (it.DeviceConfiguration.a = { 'Fn::Join': ['', [{ Ref: 'Serial' }]] })),
      /Serial is not declared/,
    ],
    [
      'a function that there is not',
      changed((it) => (it.DeviceConfiguration.a = { 'Fn::GetAtt': [] })),
      /DeviceConfiguration.a: expected one of Ref/,
    ],
    ['a number that CBOR has not', changed((it) => (it.DeviceConfiguration.a = 1.5)), /whole number/],
    [
      'half a character',
      changed((it) => (it.DeviceConfiguration.a = 'X')).replace('"X"', '"\\ud800"'),
      /whole characters/,
    ],
    [
      'nesting without end',
      changed((it) => (it.DeviceConfiguration.a = JSON.parse(`${'['.repeat(50)}${']'.repeat(50)}`))),
      /at most 12 levels/,
    ],
  ])('%s', (_name, text, says) => {
    expect(messageOf(text)).toMatch(says);
  });
});

describe('createTemplate refuses', () => {
  it.each([
    ['a name that AWS does not take', 'a/b', {}],
    ['an allow-list by what is not declared', 'hubs', { allowListParameter: 'Serial' }],
    ['no days', 'hubs', { certificateDays: 0 }],
    ['half a day', 'hubs', { certificateDays: 0.5 }],
    ['a hook that is no URL', 'hubs', { hook: 'factory' }],
    ['a hook that is a file', 'hubs', { hook: 'file:///etc/passwd' }],
  ])('%s', (_name, name, settings) => {
    expect(() => createTemplate(name, DEFAULT_TEMPLATE, { ...DEFAULT_SETTINGS, ...settings })).toThrow(OperatorError);
  });
});
