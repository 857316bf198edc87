/**
 * A provisioning template: what becomes of a device that registers. Checked whole when the operator puts it, so that
 * what can go wrong later is only what a device says.
 *
 *     { Parameters, Mappings, Resources: { thing, certificate, policies… }, DeviceConfiguration }
 *
 * AWS IoT developer guide, "Provisioning templates". Stricter than AWS: a Ref must name a declared parameter, a thing
 * must have a ThingName, and what is not known here is refused, so that nothing is silently left out. The certificate of
 * a fleet template is named by {"Ref": "AWS::IoT::Certificate::Id"}; requests and PEM in templates are for AWS's bulk
 * registration, which is not here. That certificate is always new, so what its OverrideSettings say of a Status that is
 * there already never applies. Of a thing that is there already nothing is changed unless OverrideSettings say so.
 */
import type { JsonObject, JsonValue } from '../../protocol/aws-iot/json.ts';
import { OperatorError } from '../errors.ts';
import { callOf, InvalidExpression } from './expressions.ts';

/** AWS IoT: characters of a template. */
export const MAX_TEMPLATE_LENGTH = 10_240;
/** With what is around it, the messages to devices hold it. */
const MAX_DEPTH = 12;

/** Filled in by the cloud, from the certificate; no device can say them. */
export const RESERVED_PREFIX = 'AWS::';

// oxfmt-ignore
export const CERTIFICATE_PARAMETERS = [
  'Id', 'Country', 'Organization', 'OrganizationalUnit', 'DistinguishedNameQualifier', 'StateName', 'CommonName', 'SerialNumber',
] as const;

export type CertificateParameter = (typeof CERTIFICATE_PARAMETERS)[number];

export const certificateParameter = (name: CertificateParameter): string => `AWS::IoT::Certificate::${name}`;

/** What to do where the thing is there already and the template says something else of it. */
export type Override = 'DO_NOTHING' | 'REPLACE' | 'FAIL' | 'MERGE';

export interface TemplateBody {
  /** Default values by name; undefined where a value must come. */
  readonly parameters: ReadonlyMap<string, string | undefined>;
  readonly mappings: JsonObject;
  readonly thing: JsonObject;
  readonly certificate: JsonObject;
  readonly policies: readonly JsonObject[];
  readonly overrides: {
    readonly attributes: Override;
    readonly thingType: Override;
    readonly thingGroups: Override;
  };
  readonly deviceConfiguration: JsonObject;
}

/** @throws {OperatorError} `invalid-template`, with the place in it */
export function parseTemplate(text: string): TemplateBody {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    throw invalid('template', `expected at most ${MAX_TEMPLATE_LENGTH} characters (AWS IoT), got ${text.length}`);
  }
  const body = objectAt(parseJson(text), 'template');
  expectMembers(body, ['Parameters', 'Mappings', 'Resources', 'DeviceConfiguration'], 'template');
  const parameters = readParameters(objectAt(body['Parameters'] ?? {}, 'Parameters'));
  const resources = readResources(objectAt(body['Resources'] ?? {}, 'Resources'));
  const deviceConfiguration = objectAt(body['DeviceConfiguration'] ?? {}, 'DeviceConfiguration');
  for (const [at, value] of Object.entries({
    Resources: body['Resources'] ?? {},
    DeviceConfiguration: deviceConfiguration,
  })) {
    expectCalls(value, { parameters, at });
  }
  return { parameters, mappings: readMappings(body['Mappings'] ?? {}), ...resources, deviceConfiguration };
}

function readParameters(declared: JsonObject): ReadonlyMap<string, string | undefined> {
  return new Map(
    Object.entries(declared).map(([name, value]) => {
      const at = `Parameters.${name.slice(0, 60)}`;
      const declaration = objectAt(value, at);
      expectMembers(declaration, ['Type', 'Default'], at);
      if (declaration['Type'] !== 'String') throw invalid(`${at}.Type`, 'expected "String"');
      if (name.startsWith(RESERVED_PREFIX)) expectCertificateParameter(name, at);
      const given = declaration['Default'];
      if (given !== undefined && typeof given !== 'string') throw invalid(`${at}.Default`, 'expected a text');
      return [name, given];
    }),
  );
}

function expectCertificateParameter(name: string, at: string): void {
  const known = CERTIFICATE_PARAMETERS.map(certificateParameter);
  if (!known.includes(name)) throw invalid(at, `names with AWS:: are the cloud's own: expected ${known.join(', ')}`);
}

function readMappings(value: JsonValue): JsonObject {
  const mappings = objectAt(value, 'Mappings');
  for (const [name, table] of Object.entries(mappings)) {
    for (const [key, values] of Object.entries(objectAt(table, `Mappings.${name}`))) {
      for (const [leaf, item] of Object.entries(objectAt(values, `Mappings.${name}.${key}`))) {
        const ok =
          typeof item === 'string' || (Array.isArray(item) && item.every((it: JsonValue) => typeof it === 'string'));
        if (!ok || leaf.startsWith('Fn:') || leaf === 'Ref') {
          throw invalid(`Mappings.${name}.${key}.${leaf}`, 'expected a text or a list of texts, and no function');
        }
      }
    }
  }
  return mappings;
}

type Resources = Pick<TemplateBody, 'thing' | 'certificate' | 'policies' | 'overrides'>;

// oxfmt-ignore
const RESOURCE_TYPES: Readonly<Record<string, { readonly properties: readonly string[]; readonly overrides: readonly string[] }>> = {
  'AWS::IoT::Thing':       { properties: ['ThingName', 'AttributePayload', 'ThingTypeName', 'ThingGroups', 'BillingGroup'],
                             overrides: ['AttributePayload', 'ThingTypeName', 'ThingGroups'] },
  'AWS::IoT::Certificate': { properties: ['CertificateId', 'Status'], overrides: ['Status'] },
  'AWS::IoT::Policy':      { properties: ['PolicyName', 'PolicyDocument'], overrides: [] },
};

function readResources(resources: JsonObject): Resources {
  const read = Object.entries(resources).map(([name, value]) => readResource(value, `Resources.${name.slice(0, 60)}`));
  const [thing] = only(read, 'AWS::IoT::Thing');
  const [certificate] = only(read, 'AWS::IoT::Certificate');
  if (!thing.properties['ThingName']) throw invalid('Resources', 'expected the thing to have a ThingName');
  expectOwnCertificate(certificate.properties);
  const policies = read.filter(({ type }) => type === 'AWS::IoT::Policy').map(({ properties }) => properties);
  for (const policy of policies) {
    if ((policy['PolicyName'] === undefined) === (policy['PolicyDocument'] === undefined))
      throw invalid('Resources', 'expected each policy to have either PolicyName or PolicyDocument');
  }
  const { AttributePayload, ThingTypeName, ThingGroups } = thing.overrides;
  return {
    thing: thing.properties,
    certificate: certificate.properties,
    policies,
    overrides: {
      attributes: AttributePayload ?? 'DO_NOTHING',
      thingType: ThingTypeName ?? 'DO_NOTHING',
      thingGroups: ThingGroups ?? 'DO_NOTHING',
    },
  };
}

interface Resource {
  readonly type: string;
  readonly properties: JsonObject;
  readonly overrides: Readonly<Record<string, Override>>;
}

function readResource(value: JsonValue, at: string): Resource {
  const resource = objectAt(value, at);
  expectMembers(resource, ['Type', 'Properties', 'OverrideSettings'], at);
  const type = resource['Type'];
  const known = typeof type === 'string' && Object.hasOwn(RESOURCE_TYPES, type) ? RESOURCE_TYPES[type] : undefined;
  if (typeof type !== 'string' || !known) {
    throw invalid(`${at}.Type`, `expected one of ${Object.keys(RESOURCE_TYPES).join(', ')}`);
  }
  const properties = objectAt(resource['Properties'] ?? {}, `${at}.Properties`);
  expectMembers(properties, known.properties, `${at}.Properties`);
  const settings = objectAt(resource['OverrideSettings'] ?? {}, `${at}.OverrideSettings`);
  expectMembers(settings, known.overrides, `${at}.OverrideSettings`);
  const overrides = Object.entries(settings).map(([name, setting]): [string, Override] => {
    const mayMerge = name === 'AttributePayload' || name === 'ThingGroups';
    if (setting === 'DO_NOTHING' || setting === 'REPLACE' || setting === 'FAIL') return [name, setting];
    if (setting === 'MERGE' && mayMerge) return [name, setting];
    throw invalid(`${at}.OverrideSettings.${name}`, `expected DO_NOTHING, REPLACE${mayMerge ? ', MERGE' : ''} or FAIL`);
  });
  return { type, properties, overrides: Object.fromEntries(overrides) };
}

function only(resources: readonly Resource[], type: string): readonly [Resource] {
  const [first, ...more] = resources.filter((it) => it.type === type);
  if (first && more.length === 0) return [first];
  throw invalid('Resources', `expected exactly one ${type}, got ${first ? more.length + 1 : 'none'}`);
}

/** Whoever could name another certificate here would register what is not its own. */
function expectOwnCertificate({ CertificateId: id }: JsonObject): void {
  const call = isObject(id) ? id['Ref'] : undefined;
  if (call === certificateParameter('Id')) return;
  throw invalid('Resources', `expected CertificateId to be {"Ref": "${certificateParameter('Id')}"}`);
}

/** Every call is one that is known, and every parameter it names is declared. */
function expectCalls(value: JsonValue, place: Place): void {
  const { parameters, at, level = 1 } = place;
  if (level > MAX_DEPTH) throw invalid(at.slice(0, 80), `expected at most ${MAX_DEPTH} levels`);
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw invalid(at, 'expected a whole number within ±2^53: CBOR of these messages has no others');
  if (typeof value === 'string' && !value.isWellFormed()) throw invalid(at, 'expected whole characters');
  if (typeof value !== 'object' || value === null) return;
  for (const name of namesIn(value, at)) {
    if (!parameters.has(name) && !CERTIFICATE_PARAMETERS.map(certificateParameter).includes(name))
      throw invalid(at, `the parameter ${name.slice(0, 60)} is not declared under Parameters`);
  }
  for (const [name, item] of Object.entries(value))
    expectCalls(item, { parameters, at: `${at}.${name.slice(0, 60)}`, level: level + 1 });
}

interface Place {
  readonly parameters: TemplateBody['parameters'];
  readonly at: string;
  readonly level?: number;
}

/** The parameters that a call names itself; those of calls inside it are not looked at. */
function namesIn(value: JsonValue, at: string): readonly string[] {
  if (!isObject(value)) return [];
  const [name, argument] = callAt(value, at) ?? [];
  if (name === 'Ref') return typeof argument === 'string' ? [argument] : [];
  if (name !== 'Fn::Sub') return [];
  const [pattern, own] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof pattern !== 'string') throw invalid(at, 'Fn::Sub: expected a text');
  const given = isObject(own) ? Object.keys(own) : [];
  return [...pattern.matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, it = '']) => it).filter((it) => !given.includes(it));
}

function callAt(value: JsonObject, at: string): ReturnType<typeof callOf> {
  try {
    return callOf(value);
  } catch (error) {
    if (error instanceof InvalidExpression) throw invalid(at, error.message);
    throw error;
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectAt(value: JsonValue | undefined, at: string): JsonObject {
  if (isObject(value)) return value;
  throw invalid(at, 'expected an object');
}

function expectMembers(object: JsonObject, known: readonly string[], at: string): void {
  const other = Object.keys(object).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw invalid(at, `expected ${known.join(', ') || 'nothing'}, got ${JSON.stringify(other.slice(0, 60))}`);
}

function parseJson(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new OperatorError('invalid-template', 'template: expected JSON', { cause });
  }
}

const invalid = (at: string, what: string): OperatorError => new OperatorError('invalid-template', `${at}: ${what}`);
