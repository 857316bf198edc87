/**
 * The MQTT topics of AWS IoT fleet provisioning, built and read in one place.
 *
 *     $aws/certificates/create/<format>                                CreateKeysAndCertificate
 *     $aws/certificates/create-from-csr/<format>                       CreateCertificateFromCsr
 *     $aws/provisioning-templates/<template>/provision/<format>        RegisterThing
 *
 * Replies add /accepted or /rejected. No thing is named in them: whoever asked is told, and nobody else.
 *
 * AWS IoT developer guide, "Device provisioning MQTT API".
 */

/** AWS IoT: name of a provisioning template, 1 to 36 characters. */
const TEMPLATE_NAME = /^[a-zA-Z0-9_-]{1,36}$/;

export const isTemplateName = (text: string): boolean => TEMPLATE_NAME.test(text);

export type ProvisioningFormat = 'cbor' | 'json';

export type ProvisioningOperation = 'create-keys' | 'create-from-csr' | 'register-thing';

/** What a device asks of the provisioning service. */
export type ProvisioningRequestTopic =
  | { readonly operation: 'create-keys' | 'create-from-csr'; readonly format: ProvisioningFormat }
  | { readonly operation: 'register-thing'; readonly template: string; readonly format: ProvisioningFormat };

export type ProvisioningOutcome = 'accepted' | 'rejected';

export interface ProvisioningReplyTopic {
  readonly outcome: ProvisioningOutcome;
  readonly to: ProvisioningRequestTopic;
}

/** MQTT filters under which the service hears every request, and none of its own replies. */
export const PROVISIONING_REQUEST_FILTERS = [
  '$aws/certificates/create/+',
  '$aws/certificates/create-from-csr/+',
  '$aws/provisioning-templates/+/provision/+',
] as const;

export function provisioningRequestTopic(request: ProvisioningRequestTopic): string {
  if (request.operation === 'register-thing') {
    return `$aws/provisioning-templates/${request.template}/provision/${request.format}`;
  }
  return `$aws/certificates/${request.operation === 'create-keys' ? 'create' : 'create-from-csr'}/${request.format}`;
}

export const provisioningReplyTopic = ({ outcome, to }: ProvisioningReplyTopic): string =>
  `${provisioningRequestTopic(to)}/${outcome}`;

/** @returns undefined where `topic` is not a well-formed request to the provisioning service */
export function parseProvisioningRequestTopic(topic: string): ProvisioningRequestTopic | undefined {
  const [aws, service, ...path] = topic.split('/');
  if (aws !== '$aws') return undefined;
  if (service === 'certificates') return createRequest(path);
  return service === 'provisioning-templates' ? registerRequest(path) : undefined;
}

/** @returns undefined where `topic` is not a well-formed reply of the provisioning service */
export function parseProvisioningReplyTopic(topic: string): ProvisioningReplyTopic | undefined {
  const end = topic.lastIndexOf('/');
  const outcome = topic.slice(end + 1);
  if (outcome !== 'accepted' && outcome !== 'rejected') return undefined;
  const to = parseProvisioningRequestTopic(topic.slice(0, end));
  return to && { outcome, to };
}

function createRequest(path: readonly string[]): ProvisioningRequestTopic | undefined {
  const [verb, format, ...more] = path;
  if (!isFormat(format) || more.length > 0) return undefined;
  if (verb === 'create') return { operation: 'create-keys', format };
  return verb === 'create-from-csr' ? { operation: 'create-from-csr', format } : undefined;
}

function registerRequest(path: readonly string[]): ProvisioningRequestTopic | undefined {
  const [template = '', provision, format, ...more] = path;
  if (!isTemplateName(template) || provision !== 'provision' || !isFormat(format) || more.length > 0) return undefined;
  return { operation: 'register-thing', template, format };
}

const isFormat = (text: string | undefined): text is ProvisioningFormat => text === 'cbor' || text === 'json';
