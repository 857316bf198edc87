import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../../cloud/formats/certificate.ts';
import { bytesOf, encodeDer, toArrayBuffer } from '../../../cloud/formats/der.ts';
import { certificateIdOf } from '../../../cloud/identity/authority.ts';
import { DEFAULT_TEMPLATE } from '../../../cloud/provisioning/settings.ts';
import { fromDerForm, toDerForm } from '../../../cloud/signing/ecdsa-der.ts';
import { activateFor } from '../../../cloud/store/admissions.ts';
import { deleteAuthority, insertAuthority, listAuthorities } from '../../../cloud/store/authorities.ts';
import { certificateById, revokeCertificates, setCertificateStatus } from '../../../cloud/store/certificates.ts';
import { allowValues } from '../../../cloud/store/provisioning-templates.ts';
import { thingDescription } from '../../../cloud/store/things.ts';
import { START_MS, startTestProvisioning, type TestProvisioning } from '../../support/provisioning-service.ts';
import { createCa, type TestCa, type TestCertificate } from '../../support/tls-pki.ts';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import { algorithmByName } from '../../../protocol/cose/algorithms.ts';

/** The example of the developer guide, "Just-in-time provisioning", and what it says of a policy left out. */
const JITP = JSON.stringify({
  Parameters: {
    'AWS::IoT::Certificate::CommonName': { Type: 'String' },
    'AWS::IoT::Certificate::SerialNumber': { Type: 'String' },
    'AWS::IoT::Certificate::Country': { Type: 'String' },
    'AWS::IoT::Certificate::Id': { Type: 'String' },
  },
  Resources: {
    thing: {
      Type: 'AWS::IoT::Thing',
      Properties: {
        ThingName: { Ref: 'AWS::IoT::Certificate::CommonName' },
        AttributePayload: { version: 'v1', serialNumber: { Ref: 'AWS::IoT::Certificate::SerialNumber' } },
        ThingTypeName: 'lightBulb-versionA',
        ThingGroups: ['v1-lightbulbs', { Ref: 'AWS::IoT::Certificate::Country' }],
      },
      OverrideSettings: { AttributePayload: 'MERGE', ThingTypeName: 'REPLACE', ThingGroups: 'DO_NOTHING' },
    },
    certificate: {
      Type: 'AWS::IoT::Certificate',
      Properties: { CertificateId: { Ref: 'AWS::IoT::Certificate::Id' }, Status: 'ACTIVE' },
      OverrideSettings: { Status: 'DO_NOTHING' },
    },
  },
});

const SUBJECT = 'CN=hub-1, 2.5.4.5=77, C=DE';

let cloud: TestProvisioning;
let maker: TestCa;
beforeEach(async () => {
  cloud = await startTestProvisioning();
  maker = createCa('CN=Maker CA', 'P-256', START_MS);
  await cloud.put('makers', {}, JITP);
});
afterEach(() => cloud[Symbol.asyncDispose]());

const trust = (template?: string) =>
  insertAuthority(cloud.store, {
    id: 'a'.repeat(64),
    pem: maker.pem,
    createdAtMs: START_MS,
    ...(template !== undefined && { template }),
  });

const connect = ({ der }: { der: Uint8Array }, clientId = 'hub-1') => cloud.registry.authorizeConnection(der, clientId);

describe('the first connection with a certificate of a registered CA', () => {
  it('registers it by what its subject says, and lets it in', async () => {
    await trust('makers');
    const device = maker.issue({ subject: SUBJECT });
    expect(await connect(device)).toEqual({
      kind: 'device',
      certificateId: device.id,
      thing: 'hub-1',
      templates: ['makers'],
    });
    expect(await thingDescription(cloud.store, 'hub-1')).toEqual({
      attributes: { version: 'v1', serialNumber: '77' },
      thingType: 'lightBulb-versionA',
      thingGroups: ['v1-lightbulbs', 'DE'],
    });
    expect(await certificateById(cloud.store, device.id)).toMatchObject({
      status: 'ACTIVE',
      authorityId: 'a'.repeat(64),
    });
    expect(await connect(device, 'hub-2')).toMatchObject({ code: 'wrong-client-id' });
  });

  it('is refused where the subject does not say what the template wants', async () => {
    await trust('makers');
    expect(await connect(maker.issue({ subject: 'CN=hub-1' }))).toMatchObject({ code: 'registration-refused' });
    expect(await connect(maker.issue({ subject: 'CN=a b, 2.5.4.5=1, C=DE' }))).toMatchObject({
      code: 'registration-refused',
    });
    expect(await thingDescription(cloud.store, 'hub-1')).toBeUndefined();
  });

  it('is refused where the thing has another certificate, was revoked, or is not on the list', async () => {
    await trust('makers');
    const first = maker.issue({ subject: SUBJECT });
    await connect(first);
    expect(await connect(maker.issue({ subject: SUBJECT }))).toMatchObject({ code: 'registration-refused' });
    await setCertificateStatus(cloud.store, [first.id], 'REVOKED');
    expect(await connect(first)).toMatchObject({ code: 'revoked' });
    expect(await connect(maker.issue({ subject: SUBJECT }))).toMatchObject({ code: 'registration-refused' });

    await cloud.put('makers', { allowListParameter: 'AWS::IoT::Certificate::SerialNumber' }, JITP);
    const other = maker.issue({ subject: 'CN=hub-2, 2.5.4.5=78, C=DE' });
    expect(await connect(other, 'hub-2')).toMatchObject({ code: 'registration-refused' });
    await allowValues(cloud.store, 'makers', ['78']);
    expect(await connect(other, 'hub-2')).toMatchObject({ kind: 'device' });
  });

  it('is refused where its template is not enabled', async () => {
    await trust('makers');
    await cloud.put('makers', { enabled: false }, JITP);
    expect(await connect(maker.issue({ subject: SUBJECT }))).toMatchObject({ code: 'registration-refused' });
  });

  it('waits for the operator where the CA has no template, who is told as AWS tells', async () => {
    await trust();
    const device = maker.issue({ subject: SUBJECT });
    expect(await connect(device)).toMatchObject({ code: 'pending-activation' });
    const [event] = cloud.events;
    expect(event?.topic).toBe(`$aws/events/certificates/registered/${'a'.repeat(64)}`);
    expect(JSON.parse(new TextDecoder().decode(event?.payload))).toEqual({
      certificateId: device.id,
      caCertificateId: 'a'.repeat(64),
      timestamp: START_MS,
      certificateStatus: 'PENDING_ACTIVATION',
      awsAccountId: '000000000000',
      certificateRegistrationTimestamp: String(START_MS),
    });
    const certificate = await certificateById(cloud.store, device.id);
    await activateFor(cloud.store, { certificate: certificate!, thing: 'hub-1', nowMs: START_MS });
    expect(await connect(device)).toMatchObject({ kind: 'device', thing: 'hub-1', templates: [] });
  });
});

/** ECDSA has two signatures where it has one: s, and the order of the curve less s (FIPS 186-5 §6.4). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same certificate with the other signature: as good, and of another id. */
function twinOf({ der }: TestCertificate): TestCertificate {
  const { asn } = decodeCertificate(der, 'test');
  const algorithm = algorithmByName('ES256')!;
  const signature = fromDerForm(bytesOf(asn.signatureValue), algorithm);
  const s = P256_ORDER - BigInt(`0x${toHex(signature.subarray(32))}`);
  signature.set(fromHex(s.toString(16).padStart(64, '0')), 32);
  asn.signatureValue = toArrayBuffer(toDerForm(signature, algorithm));
  const twin = encodeDer(asn);
  return { der: twin, id: certificateIdOf(twin), certificate: '', privateKey: '' };
}

describe('a certificate whose signature was written another way', () => {
  it('counts as long as the key does', async () => {
    await trust('makers');
    const device = maker.issue({ subject: SUBJECT });
    await connect(device);
    const twin = twinOf(device);
    expect(twin.id).not.toBe(device.id);
    expect(await connect(twin)).toMatchObject({ kind: 'device', certificateId: twin.id });
  });

  it('does not switch on what was switched off', async () => {
    await trust('makers');
    const device = maker.issue({ subject: SUBJECT });
    await connect(device);
    await setCertificateStatus(cloud.store, [device.id], 'INACTIVE');
    expect(await connect(twinOf(device))).toMatchObject({ code: 'registration-refused' });
    expect(await connect(device)).toMatchObject({ code: 'inactive' });
  });

  it.each([['the first'], ['the other']])('does not survive that %s is revoked', async (which) => {
    await trust('makers');
    const device = maker.issue({ subject: SUBJECT });
    const twin = twinOf(device);
    await connect(device);
    await connect(twin);
    const cut: string[] = [];
    cloud.registry.onRevoked((id) => cut.push(id));
    const revoked = await revokeCertificates(cloud.store, [which === 'the first' ? device.id : twin.id]);
    expect(revoked).toEqual([device.id, twin.id]);
    await cloud.registry.tick();
    expect(cut).toEqual(expect.arrayContaining([device.id, twin.id]));
    expect(await connect(device)).toMatchObject({ code: 'revoked' });
    expect(await connect(twin)).toMatchObject({ code: 'revoked' });
  });
});

describe('nobody registers himself', () => {
  it.each<[name: string, der: () => Uint8Array]>([
    [
      'with a certificate of another CA of the same name',
      () => createCa('CN=Maker CA', 'P-256', START_MS).issue({ subject: SUBJECT }).der,
    ],
    ['with a certificate that has expired', () => maker.issue({ subject: SUBJECT, notAfterMs: START_MS - 1_000 }).der],
    ['with a certificate of tomorrow', () => maker.issue({ subject: SUBJECT, notBeforeMs: START_MS + 1_000 }).der],
    ['with a certificate of a server', () => maker.issue({ subject: SUBJECT, profile: 'server' }).der],
    ['with a CA below it', () => maker.issue({ subject: SUBJECT, profile: 'intermediate' }).der],
    ['with the CA itself', () => maker.der],
    ['with no certificate at all', () => Uint8Array.of(1, 2, 3)],
  ])('%s', async (_name, der) => {
    await trust('makers');
    expect(await connect({ der: der() })).toMatchObject({ code: 'unknown-certificate' });
  });

  it('once the CA is deleted; what it registered is cut off', async () => {
    await trust('makers');
    const device = maker.issue({ subject: SUBJECT });
    await connect(device);
    await cloud.registry.tick();
    const cut: string[] = [];
    let lists = 0;
    cloud.registry.onRevoked((id) => cut.push(id));
    cloud.registry.onAuthoritiesChanged(() => (lists += 1));
    expect(await deleteAuthority(cloud.store, 'a'.repeat(64))).toBe(1);
    await cloud.registry.tick();
    expect({ cut, lists }).toEqual({ cut: [device.id], lists: 1 });
    expect(await connect(device)).toMatchObject({ code: 'inactive' });
    expect(await listAuthorities(cloud.store)).toEqual([]);
    expect(await connect(maker.issue({ subject: SUBJECT }))).toMatchObject({ code: 'unknown-certificate' });
  });
});

it('a device that was let in by a CA goes with it, also with a certificate of ours that it got since', async () => {
  await cloud.put('makers', {}, DEFAULT_TEMPLATE.replaceAll('"SerialNumber"', '"AWS::IoT::Certificate::CommonName"'));
  await trust('makers');
  const device = maker.issue({ subject: SUBJECT });
  await connect(device);
  const ours = await cloud.provision(device.id, { template: 'makers', parameters: {} });
  expect(await cloud.connect(ours.created.certificatePem, 'hub-1')).toMatchObject({ kind: 'device' });
  const later = await cloud.provision(ours.created.certificateId, { template: 'makers', parameters: {} });
  expect(later.registered.outcome).toBe('accepted');
  await deleteAuthority(cloud.store, 'a'.repeat(64));
  expect(await cloud.connect(ours.created.certificatePem, 'hub-1')).toMatchObject({ code: 'inactive' });
  expect(await cloud.connect(later.created.certificatePem, 'hub-1')).toMatchObject({ code: 'inactive' });
});

it('who must be trusted in a handshake is the device CA, and each registered one', async () => {
  await trust('makers');
  expect(await cloud.registry.trustedAuthorities()).toEqual([cloud.deviceCa.pem, maker.pem]);
  await expect(trust('makers')).rejects.toThrow(/registered already/);
});
