/** What the operator decides about a template, beside its body. */
import { OperatorError } from '../errors.ts';
import { isTemplateName } from '../../protocol/aws-iot/provisioning-topics.ts';
import { expectObject, type JsonValue } from '../../protocol/aws-iot/json.ts';
import { parseTemplate, type TemplateBody } from './template.ts';

export interface TemplateSettings {
  /** Off: it registers nobody. */
  readonly enabled: boolean;
  /** URL of the pre-provisioning hook: it is asked before each registration. */
  readonly hook?: string;
  /** The parameter whose value must stand in the allow-list. */
  readonly allowListParameter?: string;
  /** A device may replace its own certificate with it, before that expires. */
  readonly rotation: boolean;
  /** A claim may register a thing again that has a certificate already, with another key. */
  readonly replaceThings: boolean;
  /** Of a certificate: how long it is valid. */
  readonly certificateDays: number;
}

/** AWS's certificates are valid until 2049; these until they should have been replaced anyway. */
export const DEFAULT_CERTIFICATE_DAYS = 3_650;

export const DEFAULT_SETTINGS: TemplateSettings = {
  enabled: true,
  rotation: true,
  replaceThings: false,
  certificateDays: DEFAULT_CERTIFICATE_DAYS,
};

/** A thing that is named by its serial number: what most fleets need. */
export const DEFAULT_TEMPLATE = `{
  "Parameters": {
    "SerialNumber": { "Type": "String" }
  },
  "Resources": {
    "thing": {
      "Type": "AWS::IoT::Thing",
      "Properties": { "ThingName": { "Ref": "SerialNumber" } }
    },
    "certificate": {
      "Type": "AWS::IoT::Certificate",
      "Properties": { "CertificateId": { "Ref": "AWS::IoT::Certificate::Id" }, "Status": "ACTIVE" }
    }
  }
}
`;

export interface ProvisioningTemplate {
  readonly name: string;
  /** JSON, as the operator wrote it. */
  readonly text: string;
  readonly body: TemplateBody;
  readonly settings: TemplateSettings;
  /** Counts up each time that it is put. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
}

/** @throws {OperatorError} `invalid-template` */
export function createTemplate(
  name: string,
  text: string,
  settings: TemplateSettings,
): Pick<ProvisioningTemplate, 'name' | 'text' | 'body' | 'settings'> {
  if (!isTemplateName(name)) {
    throw new OperatorError('invalid-template', 'expected a name of 1 to 36 characters of a-z, A-Z, 0-9, _ and -');
  }
  const body = parseTemplate(text);
  const { allowListParameter: parameter, hook, certificateDays } = settings;
  if (parameter !== undefined && !body.parameters.has(parameter)) {
    throw new OperatorError(
      'invalid-template',
      `the allow-list goes by ${parameter}, which is not declared under Parameters`,
    );
  }
  if (hook !== undefined) expectHookUrl(hook);
  if (!Number.isInteger(certificateDays) || certificateDays < 1 || certificateDays > 36_500) {
    throw new OperatorError('invalid-template', 'expected certificates to be valid for 1 to 36500 days');
  }
  return { name, text, body, settings };
}

function expectHookUrl(text: string): void {
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'http:' || protocol === 'https:') return;
  throw new OperatorError(
    'invalid-url',
    `the hook: expected a URL such as https://example.com/hook, got ${text.slice(0, 80)}`,
  );
}

/** As it is stored. */
export const encodeSettings = (settings: TemplateSettings): string => JSON.stringify(settings);

export function decodeSettings(json: string): TemplateSettings {
  const value: JsonValue = JSON.parse(json);
  const { enabled, hook, allowListParameter, rotation, replaceThings, certificateDays } = expectObject(
    value,
    'settings',
  );
  return {
    enabled: enabled === true,
    ...(typeof hook === 'string' && { hook }),
    ...(typeof allowListParameter === 'string' && { allowListParameter }),
    rotation: rotation === true,
    replaceThings: replaceThings === true,
    certificateDays: typeof certificateDays === 'number' ? certificateDays : DEFAULT_CERTIFICATE_DAYS,
  };
}
