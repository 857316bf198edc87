/** What whoever has stolen a claim, or read an ownership token, can do with it over real TLS sockets: nothing to another. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { listCertificates } from '../../cloud/store/certificates.ts';
import { SimulatedSecureElement } from '../../device-sim/hardware/secure-element.ts';
import { WireMeter } from '../../device-sim/metrics/wire-meter.ts';
import type { Transport } from '../../device-sim/ports.ts';
import { provisionDevice } from '../../device-sim/provision-device.ts';
import { encodePem } from '../../device-sim/provisioning/pem.ts';
import { mqttConnect } from '../../device-sim/transports/mqtt.ts';
import {
  decodeCertificateCreated,
  decodeProvisioningRejected,
  decodeThingRegistered,
  encodeCreateFromCsr,
  encodeRegisterThing,
} from '../../protocol/aws-iot/provisioning.ts';
import { utf8 } from '../../protocol/bytes.ts';
import { type ClaimPem, makeClaimedDevice } from '../support/claimed-device.ts';
import { keyMemory } from '../support/key-memory.ts';
import { type SecureCloud, startSecureCloud, TEMPLATE } from '../support/secure-cloud.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CSR_TOPIC = '$aws/certificates/create-from-csr/json';
const REGISTER_TOPIC = `$aws/provisioning-templates/${TEMPLATE}/provision/json`;
const WAIT_MS = 5_000;

let cloud: SecureCloud;

beforeAll(async () => {
  cloud = await startSecureCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());

async function connect(claim: ClaimPem, clientId: string): Promise<Transport> {
  const wire = new WireMeter();
  const open = mqttConnect({
    url: cloud.url,
    tls: { ca: cloud.serverCa, credential: { certificate: claim.certificatePem, privateKey: claim.privateKeyPem } },
    clientId,
    openTap: (version) => wire.openConnection(version),
    openTlsTap: () => wire.tls.openConnection(),
  });
  const transport = await open({ receiveBytes: 16_384 });
  onTestFinished(() => transport.close());
  return transport;
}

/** The answer to a request of provisioning, in JSON. */
async function ask(transport: Transport, topic: string, payload: Uint8Array) {
  await transport.subscribe([`${topic}/accepted`, `${topic}/rejected`]);
  transport.publish(topic, payload);
  const answer = await transport.receive(WAIT_MS);
  if (!answer) throw new Error(`no answer to ${topic}`);
  return { isAccepted: answer.topic.endsWith('/accepted'), payload: answer.payload.slice() };
}

/** A certificate that waits to be registered, and its token. */
async function askForCertificate(transport: Transport) {
  const keys = new SimulatedSecureElement(keyMemory());
  keys.generateKey(0, 'P-256');
  const certificateSigningRequest = encodePem('CERTIFICATE REQUEST', keys.csr(0, 'device'));
  const { isAccepted, payload } = await ask(
    transport,
    CSR_TOPIC,
    encodeCreateFromCsr({ certificateSigningRequest }, 'json'),
  );
  expect(isAccepted).toBe(true);
  return decodeCertificateCreated(payload, 'json');
}

const register = (transport: Transport, certificateOwnershipToken: string, SerialNumber: string) =>
  ask(
    transport,
    REGISTER_TOPIC,
    encodeRegisterThing({ certificateOwnershipToken, parameters: { SerialNumber } }, 'json'),
  );

const statusOf = async (certificateId: string) =>
  (await listCertificates(cloud.store)).find(({ id }) => id === certificateId)?.status;

describe('an ownership token that was stolen', () => {
  it('is refused to whoever did not ask for the certificate, and still good for who did', async () => {
    const victim = await connect(await cloud.createClaim(), 'victim');
    const { certificateId, certificateOwnershipToken } = await askForCertificate(victim);
    expect(await statusOf(certificateId)).toBe('PENDING_ACTIVATION');

    const thief = await connect(await cloud.createClaim(), 'thief');
    const { isAccepted, payload } = await register(thief, certificateOwnershipToken, 'stolen');
    expect(isAccepted).toBe(false);
    expect(decodeProvisioningRejected(payload, 'json')).toMatchObject({
      statusCode: 400,
      errorCode: 'InvalidCertificateOwnershipToken',
    });
    expect(await statusOf(certificateId)).toBe('PENDING_ACTIVATION');

    const taken = await register(victim, certificateOwnershipToken, 'victim');
    expect(decodeThingRegistered(taken.payload, 'json').thingName).toBe('hub-victim');
    expect(await statusOf(certificateId)).toBe('ACTIVE');
  });

  it('is refused for another thing once it was used, also to its owner', async () => {
    const owner = await connect(await cloud.createClaim(), 'owner');
    const { certificateId, certificateOwnershipToken } = await askForCertificate(owner);
    expect(await register(owner, certificateOwnershipToken, 'first')).toMatchObject({ isAccepted: true });

    const { isAccepted, payload } = await register(owner, certificateOwnershipToken, 'second');
    expect(isAccepted).toBe(false);
    expect(decodeProvisioningRejected(payload, 'json').errorCode).toBe('InvalidCertificateOwnershipToken');
    const certificates = await listCertificates(cloud.store, { kind: 'device' });
    expect(certificates.filter(({ id }) => id === certificateId)).toMatchObject([{ thing: 'hub-first' }]);
    expect(certificates.filter(({ thing }) => thing === 'hub-second')).toEqual([]);
  });
});

describe('a claim that was stolen', () => {
  it('cannot hear or fetch the jobs of a device, whatever it calls itself', async () => {
    const claim = await cloud.createClaim();
    const stateFolder = makeClaimedDevice(join(temporaryFolder(), 'd'), 'victim-2', claim);
    const broker = { url: cloud.url, ca: cloud.serverCa };
    expect(await provisionDevice({ stateFolder, broker, template: TEMPLATE })).toMatchObject({ thing: 'hub-victim-2' });

    const jobs = '$aws/things/hub-victim-2/jobs';
    for (const filter of [`${jobs}/notify-next`, `${jobs}/start-next/+`, `${jobs}/#`, '$aws/things/+/jobs/#', '#']) {
      const thief = await connect(claim, 'hub-victim-2');
      await expect(thief.subscribe([filter])).rejects.toThrow(/Not authorized/);
    }
    const thief = await connect(claim, 'hub-victim-2');
    const denied = cloud.log.lines.length;
    thief.publish(`${jobs}/start-next`, utf8('{}'));
    await expect.poll(() => cloud.log.lines.length).toBeGreaterThan(denied);
    expect(cloud.log.lines.slice(denied).map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ topic: `${jobs}/start-next` }),
    );
  });

  it('cannot take the name of a device that has a certificate', async () => {
    const claim = await cloud.createClaim();
    const broker = { url: cloud.url, ca: cloud.serverCa };
    const device = makeClaimedDevice(join(temporaryFolder(), 'd'), 'victim-3', claim);
    expect(await provisionDevice({ stateFolder: device, broker, template: TEMPLATE })).toMatchObject({ code: 'ok' });

    const thief = makeClaimedDevice(join(temporaryFolder(), 't'), 'thief', claim);
    const parameters = { SerialNumber: 'victim-3' };
    expect(await provisionDevice({ stateFolder: thief, broker, template: TEMPLATE, parameters })).toMatchObject({
      result: 'refused',
      errorCode: 'ResourceConflicts',
    });
    const things = await listCertificates(cloud.store, { thing: 'hub-victim-3' });
    expect(things.map(({ status }) => status)).toEqual(['ACTIVE']);
    expect(await provisionDevice({ stateFolder: device, broker, template: TEMPLATE })).toMatchObject({
      result: 'unchanged',
      thing: 'hub-victim-3',
    });
  });
});
