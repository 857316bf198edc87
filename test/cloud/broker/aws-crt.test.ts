/**
 * What the device SDKs of AWS can do with this broker today (aws-iot-device-sdk-v2 1.28.0): the hybrid key exchange yes,
 * certificates of ML-DSA no. A server with a certificate of each kind serves them and our devices.
 */
import { describe, expect, it } from 'vitest';
import type { AwsVersion } from '../../support/aws-jobs-client.ts';
import { tryAwsTls } from '../../support/aws-tls-client.ts';
import { createCa, issueServer, type KeyKind } from '../../support/tls-pki.ts';
import { startTlsWorld } from '../../support/tls-world.ts';

describe.each<AwsVersion>(['MQTT 5', 'MQTT 3.1.1'])("AWS's device SDK over %s", (version) => {
  it.each<[name: string, kinds: readonly KeyKind[], isLetIn: boolean]>([
    ['P-256 and ML-KEM-768 only', ['P-256'], true],
    ['a choice of P-256 and ML-DSA-65', ['ML-DSA-65', 'P-256'], true],
    ['ML-DSA-65', ['ML-DSA-65'], false],
  ])('at a server of %s', async (_name, kinds, isLetIn) => {
    const serverCa = createCa('CN=Server CA');
    const credentials = kinds.map((kind) => issueServer(serverCa, kind));
    await using world = await startTlsWorld({}, { keyExchange: 'required', credentials });
    const { tlsPort: port = 0 } = world.broker;
    const options = { port, thing: 'dev', credential: world.enroll('dev'), serverCa: serverCa.pem };
    expect(await tryAwsTls(version, options)).toBe(isLetIn);
    expect(world.denied('refused a TLS connection').length > 0).toBe(!isLetIn);
  });

  it('is told that a revoked certificate does not count', async () => {
    await using world = await startTlsWorld();
    const credential = world.enroll('dev');
    const { tlsPort: port = 0 } = world.broker;
    const options = { port, thing: 'dev', credential, serverCa: world.serverCa.pem };
    expect(await tryAwsTls(version, options)).toBe(true);
    world.registry.revoke(credential.id);
    expect(await tryAwsTls(version, options)).toBe(false);
    expect(world.denied('refused a connection').at(-1)).toMatchObject({ thing: 'dev', code: 'revoked' });
  });
});
