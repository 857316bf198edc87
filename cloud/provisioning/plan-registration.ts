/**
 * What a template makes of a device, as a function of the template, the parameters, and what is known of the thing.
 *
 *   template, parameters ──▶ evaluated ──▶ names and values checked ──▶ overrides applied ──▶ registration
 */
import type { JsonObject, JsonValue } from '../../protocol/aws-iot/json.ts';
import type { Parameters } from '../../protocol/aws-iot/provisioning.ts';
import { isThingName } from '../../protocol/aws-iot/topics.ts';
import { evaluate, InvalidExpression } from './expressions.ts';
import { Refusal } from './refusal.ts';
import {
  CERTIFICATE_PARAMETERS,
  certificateParameter,
  type Override,
  RESERVED_PREFIX,
  type TemplateBody,
} from './template.ts';

/** What a template says of a thing. */
export interface ThingDescription {
  readonly attributes: Readonly<Record<string, string>>;
  readonly thingType?: string;
  readonly thingGroups: readonly string[];
}

export interface Registration {
  readonly thing: string;
  /**
   * @param old what there is of a thing of this name
   * @throws {Refusal} InvalidParameters, ResourceConflicts
   */
  readonly describe: (old: ThingDescription | undefined) => ThingDescription;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly policies: readonly JsonObject[];
  readonly deviceConfiguration: JsonObject;
}

/** AWS IoT: of a thing with a type. */
const MAX_ATTRIBUTES = 50;
const MAX_THING_GROUPS = 10;
/** AWS IoT: characters of names, and of attribute values. */
const ATTRIBUTE_NAME = /^[a-zA-Z0-9_.,@/:#-]{1,128}$/;
const ATTRIBUTE_VALUE = /^[a-zA-Z0-9_.,@/:#=[\]-]{0,800}$/;
const GROUP_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;
const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;

/**
 * The parameters that a template is evaluated with: what the device said, over that the hook, and under both the
 * defaults. What begins with AWS:: is the cloud's to say.
 *
 * @throws {Refusal} InvalidParameters
 */
export function mergeParameters(
  { parameters: declared }: Pick<TemplateBody, 'parameters'>,
  {
    said,
    overrides = {},
    ofCertificate,
  }: {
    readonly said: Parameters;
    readonly overrides?: Parameters;
    readonly ofCertificate: Parameters;
  },
): ReadonlyMap<string, string> {
  const given = [...Object.entries(said), ...Object.entries(overrides)];
  const reserved = given.find(([name]) => name.startsWith(RESERVED_PREFIX));
  if (reserved) throw new Refusal('InvalidParameters', `${reserved[0].slice(0, 80)} is not a device's to say`);
  const defaults = [...declared].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const parameters = new Map([...defaults, ...given, ...Object.entries(ofCertificate)]);
  const missing = [...declared.keys()].find((name) => !parameters.has(name));
  if (missing === undefined) return parameters;
  throw new Refusal('InvalidParameters', `the parameter ${missing.slice(0, 80)} is missing`);
}

/** What the cloud itself says of a certificate: its id, and what its subject says that we or a registered CA gave it. */
export const certificateParameters = (id: string, subject: Readonly<Record<string, string>>): Parameters =>
  Object.fromEntries([
    [certificateParameter('Id'), id],
    ...CERTIFICATE_PARAMETERS.flatMap((name): (readonly [string, string])[] => {
      const value = subject[name];
      return value === undefined ? [] : [[certificateParameter(name), value]];
    }),
  ]);

/** @throws {Refusal} InvalidParameters */
export function planRegistration(template: TemplateBody, parameters: ReadonlyMap<string, string>): Registration {
  const values = evaluated(template, parameters);
  const thing = values.thing['ThingName'];
  if (typeof thing !== 'string' || !isThingName(thing)) {
    throw invalid('the thing name that comes out is not 1 to 128 of a-z, A-Z, 0-9, colon, _ and -');
  }
  if (values.certificate['CertificateId'] !== parameters.get(certificateParameter('Id')))
    throw invalid('the certificate that comes out is not the one of the token');
  return {
    thing,
    describe: describer(values.thing, template.overrides),
    status: statusOf(values.certificate['Status']),
    policies: values.policies.map(policyOf),
    deviceConfiguration: values.deviceConfiguration,
  };
}

type Evaluated = Pick<TemplateBody, 'thing' | 'certificate' | 'policies' | 'deviceConfiguration'>;

/** All in one, so that one bound holds for all that is produced. */
function evaluated(template: TemplateBody, parameters: ReadonlyMap<string, string>): Evaluated {
  const { thing, certificate, policies, deviceConfiguration, mappings } = template;
  try {
    const value = evaluate([thing, certificate, [...policies], deviceConfiguration], { parameters, mappings });
    const [one = null, two = null, three = null, four = null] = listOf(value);
    return {
      thing: objectOf(one),
      certificate: objectOf(two),
      policies: listOf(three).map(objectOf),
      deviceConfiguration: objectOf(four),
    };
  } catch (error) {
    if (error instanceof InvalidExpression) throw invalid(error.message);
    throw error;
  }
}

function statusOf(value: JsonValue = 'ACTIVE'): Registration['status'] {
  // AWS's own examples write "Active".
  const status = typeof value === 'string' ? value.toUpperCase() : '';
  if (status === 'ACTIVE' || status === 'INACTIVE') return status;
  throw invalid('a Status is ACTIVE or INACTIVE');
}

function describer(thing: JsonObject, overrides: TemplateBody['overrides']): Registration['describe'] {
  const attributes = attributesOf(thing['AttributePayload']);
  const thingGroups = groupsOf(thing['ThingGroups']);
  const thingType = optionalName(thing['ThingTypeName'], 'ThingTypeName');
  return (old) => {
    // A thing that nothing was ever said of is as good as new.
    if (!old || isBlank(old)) return { attributes, ...(thingType !== undefined && { thingType }), thingGroups };
    const sameType = old.thingType === thingType;
    const type = choose(overrides.thingType, { old: old.thingType, said: thingType, same: sameType });
    return bounded({
      attributes: choose(overrides.attributes, {
        old: old.attributes,
        said: attributes,
        same: Object.entries(attributes).every(([name, value]) => old.attributes[name] === value),
        merged: { ...old.attributes, ...attributes },
      }),
      ...(type !== undefined && { thingType: type }),
      thingGroups: choose(overrides.thingGroups, {
        old: old.thingGroups,
        said: thingGroups,
        same: thingGroups.every((name) => old.thingGroups.includes(name)),
        merged: [...new Set([...old.thingGroups, ...thingGroups])],
      }),
    });
  };
}

const isBlank = ({ attributes, thingType, thingGroups }: ThingDescription): boolean =>
  Object.keys(attributes).length === 0 && thingType === undefined && thingGroups.length === 0;

function choose<T>(
  override: Override,
  { old, said, same, merged }: { readonly old: T; readonly said: T; readonly same: boolean; readonly merged?: T },
): T {
  if (override === 'FAIL' && !same)
    throw new Refusal('ResourceConflicts', 'the thing is there already, and is another');
  if (override === 'MERGE') return merged ?? said;
  return override === 'REPLACE' ? said : old;
}

function attributesOf(value: JsonValue | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOf(value ?? {})).map(([name, item]): [string, string] => {
    if (typeof item === 'string' && ATTRIBUTE_NAME.test(name) && ATTRIBUTE_VALUE.test(item)) return [name, item];
    throw invalid(`the attribute ${name.slice(0, 80)} does not have the characters or the length that AWS IoT allows`);
  });
  return bounded({ attributes: Object.fromEntries(entries), thingGroups: [] }).attributes;
}

function groupsOf(value: JsonValue | undefined): readonly string[] {
  const groups = listOf(value ?? []).map((item) => optionalName(item, 'ThingGroups') ?? '');
  return bounded({ attributes: {}, thingGroups: [...new Set(groups)] }).thingGroups;
}

function bounded(description: ThingDescription): ThingDescription {
  const { attributes, thingGroups } = description;
  if (Object.keys(attributes).length > MAX_ATTRIBUTES)
    throw invalid(`a thing has at most ${MAX_ATTRIBUTES} attributes`);
  if (thingGroups.length > MAX_THING_GROUPS) throw invalid(`a thing is in at most ${MAX_THING_GROUPS} groups`);
  return description;
}

function optionalName(value: JsonValue | undefined, what: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && GROUP_NAME.test(value))) return value;
  throw invalid(`${what}: expected names of 1 to 128 of a-z, A-Z, 0-9, colon, _ and -`);
}

function policyOf(policy: JsonObject): JsonObject {
  const { PolicyName: name } = policy;
  if (name === undefined || (typeof name === 'string' && POLICY_NAME.test(name))) return policy;
  throw invalid('PolicyName: expected 1 to 128 of letters, digits and _+=,.@-');
}

const invalid = (what: string): Refusal => new Refusal('InvalidParameters', what);

function objectOf(value: JsonValue): JsonObject {
  if (isObject(value)) return value;
  throw invalid('the template makes no object where there must be one');
}

function listOf(value: JsonValue): readonly JsonValue[] {
  if (isList(value)) return value;
  throw invalid('the template makes no list where there must be one');
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
