/** The provisioning service without a broker: a store, a device CA with a key of node:crypto, and a clock to turn. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createAuthority, type Authority } from '../../cloud/identity/authority.ts';
import { createDeviceRegistry, type DeviceRegistry } from '../../cloud/identity/device-registry.ts';
import { createClaim } from '../../cloud/provisioning/create-claim.ts';
import type { PreProvisioningHook } from '../../cloud/provisioning/hook.ts';
import type { RateLimits } from '../../cloud/provisioning/rate-limits.ts';
import { registerManufacturedWith } from '../../cloud/provisioning/register-manufactured.ts';
import { type ProvisioningService, startProvisioningService } from '../../cloud/provisioning/service.ts';
import {
  createTemplate,
  DEFAULT_SETTINGS,
  DEFAULT_TEMPLATE,
  type TemplateSettings,
} from '../../cloud/provisioning/settings.ts';
import { planCertificate } from '../../cloud/formats/issue.ts';
import { encodePem } from '../../cloud/formats/pem.ts';
import { completeCertificate, completeCsr, prepareCsr } from '../../cloud/formats/x509.ts';
import type { DeviceRequest } from '../../cloud/ports.ts';
import type { Signer } from '../../cloud/signing/signer.ts';
import { certificateById } from '../../cloud/store/certificates.ts';
import { putTemplate } from '../../cloud/store/provisioning-templates.ts';
import { openStore, type Store } from '../../cloud/store/store.ts';
import type { CertificateCreated, ProvisioningRejected, ThingRegistered } from '../../protocol/aws-iot/provisioning.ts';
import { decodeProvisioning, encodeProvisioning } from '../../protocol/aws-iot/provisioning-codec.ts';
import {
  parseProvisioningReplyTopic,
  provisioningRequestTopic,
  type ProvisioningFormat,
  type ProvisioningRequestTopic,
} from '../../protocol/aws-iot/provisioning-topics.ts';
import type { JsonObject } from '../../protocol/aws-iot/json.ts';
import { decodeSpki } from '../../protocol/cose/spki.ts';
import { matcher } from '../../cloud/broker/topic-filter.ts';
import { createTestLog, type TestLog } from './test-cloud.ts';

export const START_MS = Date.parse('2026-11-21T12:00:00Z');
export const HOUR_MS = 3_600_000;

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly signer: Signer;
}

type Algorithm = 'P-256' | 'ML-DSA-44' | 'ed25519';

export function createTestKey(algorithm: Algorithm = 'P-256'): TestKey {
  const { publicKey, privateKey } =
    algorithm === 'P-256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : algorithm === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ml-dsa-44');
  const key = decodeSpki(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
  const hash = algorithm === 'P-256' ? 'sha256' : null;
  return {
    privateKey,
    signer: {
      key: { ...key, keyArn: 'test' },
      sign: async (message) => new Uint8Array(sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
    },
  };
}

/** A request for a certificate, PEM. */
export async function csrFor({ signer }: TestKey, subject = 'CN=whatever'): Promise<string> {
  const unsigned = prepareCsr(subject, signer.key);
  return encodePem(
    'CERTIFICATE REQUEST',
    completeCsr(unsigned.document, await signer.sign(unsigned.toBeSigned), signer.key),
  );
}

export async function createTestAuthority(
  subject = 'CN=Test Device CA',
  nowMs = START_MS,
): Promise<Authority & { readonly der: Uint8Array }> {
  const { signer } = createTestKey();
  const content = { subject, subjectKey: signer.key, serialNumber: '41', nowMs, days: 9_131, pathLength: 0 };
  const unsigned = planCertificate({ profile: 'ca', ...content });
  const der = completeCertificate(unsigned.document, await signer.sign(unsigned.toBeSigned), signer.key);
  return { ...createAuthority({ signer, certificate: der, random }), der };
}

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

export interface Asked {
  readonly outcome: 'accepted' | 'rejected';
  readonly reply: JsonObject & Partial<CertificateCreated & ThingRegistered & ProvisioningRejected>;
}

export interface TestProvisioning extends AsyncDisposable {
  readonly store: Store;
  readonly deviceCa: Authority;
  readonly registry: DeviceRegistry;
  readonly service: ProvisioningService;
  readonly clock: { nowMs: number };
  readonly log: TestLog;
  /** What the cloud published on its bus. */
  readonly events: { readonly topic: string; readonly payload: Uint8Array }[];
  /** @returns the certificate id of a new claim */
  claim(...templates: readonly string[]): Promise<string>;
  put(name: string, settings?: Partial<TemplateSettings>, body?: string): Promise<void>;
  /** A request of who connected with that certificate, and its answer. */
  ask(by: string | undefined, to: ProvisioningRequestTopic, request?: JsonObject | Uint8Array): Promise<Asked>;
  /** From a key to a thing: create-from-csr and register-thing. */
  provision(by: string, options: { key?: TestKey; parameters?: JsonObject; template?: string }): Promise<Provisioned>;
  /** As the broker asks when who holds the certificate connects. */
  connect(certificatePem: string, clientId: string): ReturnType<DeviceRegistry['authorizeConnection']>;
}

export interface Provisioned {
  readonly key: TestKey;
  readonly created: CertificateCreated;
  readonly registered: Asked;
}

export interface TestProvisioningOptions {
  readonly path?: string;
  readonly hook?: PreProvisioningHook;
  readonly limits?: RateLimits;
  readonly clock?: { nowMs: number };
  readonly deviceCa?: Authority;
}

export const CSR: ProvisioningRequestTopic = { operation: 'create-from-csr', format: 'json' };
export const registerTo = (template = 'hubs', format: ProvisioningFormat = 'json'): ProvisioningRequestTopic => ({
  operation: 'register-thing',
  template,
  format,
});

export async function startTestProvisioning(options: TestProvisioningOptions = {}): Promise<TestProvisioning> {
  const { path = ':memory:', clock = { nowMs: START_MS }, limits } = options;
  const hook: PreProvisioningHook = options.hook ?? (async () => ({ overrides: {} }));
  const store = await openStore(path);
  const log = createTestLog();
  const deviceCa = options.deviceCa ?? (await createTestAuthority());
  const events: TestProvisioning['events'] = [];
  const bus = {
    subscribe: async () => undefined,
    publish: async (topic: string, payload: Uint8Array) => void events.push({ topic, payload }),
  };
  const accountId = '000000000000';
  const surroundings = { store, clock: () => clock.nowMs, log };
  const registry = createDeviceRegistry({
    ...surroundings,
    deviceCa: deviceCa.pem,
    registerManufactured: registerManufacturedWith({ ...surroundings, bus, accountId }),
  });
  const handlers: { matches: (topic: string) => boolean; handler: (request: DeviceRequest) => unknown }[] = [];
  const service = startProvisioningService({
    ...{ ...surroundings, deviceCa, hook, random, account: { region: 'us-east-1', accountId } },
    requests: { onRequest: (filter, handler) => void handlers.push({ matches: matcher(filter), handler }) },
    ...(limits && { limits }),
  });
  const ask: TestProvisioning['ask'] = async (certificateId, to, request = {}) => {
    const topic = provisioningRequestTopic(to);
    const payload = request instanceof Uint8Array ? request : encodeProvisioning(request, to.format);
    const answers: Asked[] = [];
    const reply = async (replyTopic: string, bytes: Uint8Array): Promise<void> => {
      const { outcome } = parseProvisioningReplyTopic(replyTopic) ?? {};
      if (outcome) answers.push({ outcome, reply: decodeProvisioning(bytes, to.format, 'reply') });
    };
    for (const { matches, handler } of handlers)
      if (matches(topic)) await handler({ topic, payload, clientId: 'asking', certificateId, reply });
    const [answer, ...more] = answers;
    if (!answer || more.length > 0) throw new Error(`expected one answer, got ${answers.length}`);
    return answer;
  };
  const put: TestProvisioning['put'] = async (name, settings, body = DEFAULT_TEMPLATE) => {
    await putTemplate(store, createTemplate(name, body, { ...DEFAULT_SETTINGS, ...settings }), clock.nowMs);
  };
  await put('hubs');
  return {
    ...{ store, deviceCa, registry, service, clock, log, events, ask, put },
    claim: async (...templates) => {
      const names = templates.length > 0 ? templates : ['hubs'];
      const claim = {
        deviceCa,
        templates: names,
        algorithm: 'P-256',
        nowMs: clock.nowMs,
        lifeMs: 24 * HOUR_MS,
      } as const;
      return (await createClaim(store, claim)).certificateId;
    },
    provision: async (by, { key = createTestKey(), parameters = { SerialNumber: 'hub-1' }, template = 'hubs' }) => {
      const { outcome, reply } = await ask(by, CSR, { certificateSigningRequest: await csrFor(key) });
      if (outcome !== 'accepted') throw new Error(`create-from-csr: ${JSON.stringify(reply)}`);
      const created = reply as unknown as CertificateCreated;
      const { certificateOwnershipToken } = created;
      const registered = await ask(by, registerTo(template), { certificateOwnershipToken, parameters });
      return { key, created, registered };
    },
    connect: (pem, clientId) => registry.authorizeConnection(derOf(pem), clientId),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

export const derOf = (pem: string): Uint8Array => Uint8Array.fromBase64(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''));

export const idOf = (pem: string): string => createHash('sha256').update(derOf(pem)).digest('hex');

export const statusOf = async (store: Store, id: string): Promise<string | undefined> =>
  (await certificateById(store, id))?.status;
