/** AWS's JavaScript device SDK against our provisioning service, over mutual TLS and both versions of MQTT. */
import { generateKeyPairSync } from 'node:crypto';
import type { mqtt_request_response } from 'aws-iot-device-sdk-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCertificates } from '../../../cloud/store/certificates.ts';
import { type AwsIdentityClient, connectAwsIdentityClient } from '../../support/aws-identity-client.ts';
import type { AwsVersion } from '../../support/aws-jobs-client.ts';
import { csrFor, type TestKey, createTestKey } from '../../support/provisioning-service.ts';
import { type SecureCloud, startSecureCloud, TEMPLATE } from '../../support/secure-cloud.ts';

let cloud: SecureCloud;
beforeAll(async () => {
  cloud = await startSecureCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());

const pemOf = ({ privateKey }: TestKey): string => privateKey.export({ type: 'pkcs8', format: 'pem' });

const register = (identity: AwsIdentityClient['identity'], serial: string, certificateOwnershipToken = '') =>
  identity.registerThing({
    templateName: TEMPLATE,
    certificateOwnershipToken,
    parameters: { SerialNumber: serial },
  });

async function modeledErrorOf(request: Promise<unknown>): Promise<unknown> {
  const error = await request.then(
    () => undefined,
    (it: mqtt_request_response.ServiceError) => it,
  );
  return error?.modeledError;
}

describe.each<AwsVersion>(['MQTT 5', 'MQTT 3.1.1'])('IotIdentityClientv2 over %s', (version) => {
  const name = version === 'MQTT 5' ? 'five' : 'three';

  const connectAs = (clientId: string, certificate: string, privateKey: string): Promise<AwsIdentityClient> =>
    connectAwsIdentityClient(version, cloud.broker.tlsPort ?? 0, {
      ...{ clientId, certificate, privateKey },
      serverCa: cloud.serverCa,
    });

  const withClaim = async (): Promise<AwsIdentityClient> => {
    const { certificatePem, privateKeyPem } = await cloud.createClaim();
    return connectAs('claim', certificatePem, privateKeyPem);
  };

  it('goes from a request for a certificate to a thing that connects with it', async () => {
    const key = createTestKey();
    let certificatePem = '';
    {
      await using client = await withClaim();
      const csr = await csrFor(key);
      const created = await client.identity.createCertificateFromCsr({ certificateSigningRequest: csr });
      expect(Object.keys(created).toSorted()).toEqual(['certificateId', 'certificateOwnershipToken', 'certificatePem']);
      certificatePem = created.certificatePem ?? '';
      const registered = await register(client.identity, `csr-${name}`, created.certificateOwnershipToken);
      expect(registered).toEqual({ thingName: `hub-csr-${name}`, deviceConfiguration: { ota: 'on' } });
    }
    await using device = await connectAs(`hub-csr-${name}`, certificatePem, pemOf(key));
    expect(device.identity).toBeDefined();
    expect(await listCertificates(cloud.store, { thing: `hub-csr-${name}` })).toMatchObject([
      { status: 'ACTIVE', firstConnectedAtMs: expect.any(Number) },
    ]);
  });

  it('goes the same way with a key that the cloud has made', async () => {
    let made: { certificatePem?: string; privateKey?: string; certificateOwnershipToken?: string };
    {
      await using client = await withClaim();
      made = await client.identity.createKeysAndCertificate({});
      await register(client.identity, `keys-${name}`, made.certificateOwnershipToken);
    }
    await using device = await connectAs(`hub-keys-${name}`, made.certificatePem ?? '', made.privateKey ?? '');
    expect(device.identity).toBeDefined();
  });

  it('gets refusals with their status and code', async () => {
    await using client = await withClaim();
    expect(await modeledErrorOf(register(client.identity, 'x'))).toMatchObject({
      statusCode: 400,
      errorCode: 'InvalidCertificateOwnershipToken',
    });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const notARequest = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const refused = client.identity.createCertificateFromCsr({ certificateSigningRequest: notARequest });
    expect(await modeledErrorOf(refused)).toMatchObject({ statusCode: 400, errorCode: 'InvalidParameters' });
    const { certificateOwnershipToken = '' } = await client.identity.createKeysAndCertificate({});
    expect(await modeledErrorOf(register(client.identity, 'a/b', certificateOwnershipToken))).toMatchObject({
      statusCode: 400,
      errorCode: 'InvalidParameters',
    });
  });
});
