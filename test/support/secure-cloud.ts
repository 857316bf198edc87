/** The cloud that provisions devices, in this process: KMS, device CA, registry, provisioning, jobs, and a broker with TLS. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../cloud/broker/broker.ts';
import { createDeviceRegistry } from '../../cloud/identity/device-registry.ts';
import { type Identity, openIdentity } from '../../cloud/identity/open-identity.ts';
import { type Claim, createClaim } from '../../cloud/provisioning/create-claim.ts';
import { createHttpHook } from '../../cloud/provisioning/hook.ts';
import { startProvisioningService } from '../../cloud/provisioning/service.ts';
import { createTemplate, type TemplateSettings } from '../../cloud/provisioning/settings.ts';
import { startJobsService } from '../../cloud/jobs/service.ts';
import { putTemplate } from '../../cloud/store/provisioning-templates.ts';
import { openStore, type Store } from '../../cloud/store/store.ts';
import { clientFor } from './embedded-kms.ts';
import { startKms } from '../../cloud/kms/server.ts';
import { createTestLog, type TestLog } from './test-cloud.ts';

export const TEMPLATE = 'hubs';

const TEMPLATE_BODY = {
  Parameters: { SerialNumber: { Type: 'String' } },
  Resources: {
    thing: { Type: 'AWS::IoT::Thing', Properties: { ThingName: { 'Fn::Sub': 'hub-${SerialNumber}' } } },
    certificate: {
      Type: 'AWS::IoT::Certificate',
      Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, Status: 'ACTIVE' },
    },
    policy: { Type: 'AWS::IoT::Policy', Properties: { PolicyName: 'hub' } },
  },
  DeviceConfiguration: { ota: 'on' },
};

export interface SecureCloud extends AsyncDisposable {
  readonly broker: Broker;
  readonly store: Store;
  readonly identity: Identity;
  readonly log: TestLog;
  /** `mqtts://127.0.0.1:port`. */
  readonly url: string;
  readonly serverCa: string;
  createClaim(lifeMs?: number): Promise<Claim>;
}

const SETTINGS: TemplateSettings = { enabled: true, rotation: true, replaceThings: false, certificateDays: 3_650 };
const HOUR_MS = 3_600_000;
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** In a folder that goes with it. */
export async function startSecureCloud(settings: Partial<TemplateSettings> = {}): Promise<SecureCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'bristlecone-cloud-'));
  const [region, accountId] = ['us-east-1', '000000000000'];
  const clock = Date.now;
  const log = createTestLog();
  const store = await openStore(join(folder, 'cloud.sqlite'));
  const kms = await startKms({ folder: join(folder, 'kms'), port: 0 });
  const client = clientFor(kms.url);
  const identity = await openIdentity({
    ...{ folder: join(folder, 'identity'), client, algorithm: 'P-256', nowMs: clock, random },
    serverNames: ['localhost', '127.0.0.1'],
  });
  const { deviceCa, server } = identity;
  const registry = createDeviceRegistry({ store, clock, log, deviceCa: deviceCa.pem });
  const credentials = [{ certificate: server.certificate, privateKey: server.privateKey }];
  const tls = { port: 0, credentials, keyExchange: 'preferred', registry } as const;
  const broker = await startBroker({ host: '127.0.0.1', log, tls });
  await startJobsService({ bus: broker.bus, store, log, clock });
  const account = { region, accountId };
  startProvisioningService({
    ...{ store, deviceCa, clock, random, log, account, hook: createHttpHook(), requests: broker.requests },
  });
  await putTemplate(
    store,
    createTemplate(TEMPLATE, JSON.stringify(TEMPLATE_BODY), { ...SETTINGS, ...settings }),
    clock(),
  );
  return {
    ...{ broker, store, identity, log, url: `mqtts://127.0.0.1:${broker.tlsPort}`, serverCa: identity.serverCa.pem },
    createClaim: (lifeMs = HOUR_MS) =>
      createClaim(store, { deviceCa, templates: [TEMPLATE], algorithm: 'P-256', nowMs: clock(), lifeMs }),
    [Symbol.asyncDispose]: async () => {
      await broker.close();
      client.destroy();
      await kms.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
