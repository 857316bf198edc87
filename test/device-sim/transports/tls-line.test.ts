/** The device's TLS against the embedded broker's, over real sockets. */
import { describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../cloud/broker/broker.ts';
import type { TlsListenerOptions } from '../../../cloud/broker/listeners.ts';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';
import { type Transport, Unavailable } from '../../../device-sim/ports.ts';
import { mqttConnect, type MqttTransportOptions } from '../../../device-sim/transports/mqtt.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { createTestLog } from '../../support/test-cloud.ts';
import { createCa, createRegistry, issueServer, type KeyKind } from '../../support/tls-pki.ts';

const OWN = '$aws/things/thing-1/jobs/notify';

interface Bench extends AsyncDisposable {
  readonly broker: Broker;
  readonly meter: WireMeter;
  readonly serverCa: string;
  open(tls?: Partial<MqttTransportOptions['tls']>, options?: Partial<MqttTransportOptions>): Promise<Transport>;
}

async function bench(kind: KeyKind = 'P-256', server: Partial<TlsListenerOptions> = {}): Promise<Bench> {
  const [serverCa, deviceCa] = [createCa('CN=Server CA', kind), createCa('CN=Device CA', kind)];
  const registry = createRegistry(deviceCa.pem);
  const device = deviceCa.issue({ subject: 'CN=thing-1' });
  registry.set(device.id, { thing: 'thing-1' });
  const broker = await startBroker({
    host: '127.0.0.1',
    log: createTestLog(),
    tls: { port: 0, credentials: [issueServer(serverCa)], keyExchange: 'preferred', registry, ...server },
  });
  const meter = new WireMeter();
  return {
    broker,
    meter,
    serverCa: serverCa.pem,
    open: (tls, options) =>
      mqttConnect({
        url: `mqtts://127.0.0.1:${broker.tlsPort}`,
        clientId: 'thing-1',
        tls: { ca: serverCa.pem, credential: device, ...tls },
        openTap: (version) => meter.openConnection(version),
        openTlsTap: () => meter.tls.openConnection(),
        timeoutMs: 2_000,
        ...options,
      })({ receiveBytes: 4_096 }),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

describe.each<KeyKind>(['P-256', 'ML-DSA-44', 'ML-DSA-87'])('with certificates of %s', (kind) => {
  it('publishes and receives, and every byte is one of MQTT or one of TLS', async () => {
    await using it = await bench(kind);
    const transport = await it.open();
    await transport.subscribe([OWN]);
    await it.broker.bus.publish(OWN, utf8('x'.repeat(3_000)), { qos: 1 });
    expect((await transport.receive(2_000))?.payload).toHaveLength(3_000);
    await transport.close();

    const { tls, counts } = it.meter;
    expect([...tls.facts.keys()]).toEqual([
      'tls-group X25519MLKEM768',
      `tls-server-certificate ${kind}`,
      `tls-device-certificate ${kind}`,
    ]);
    expect(counts.length).toBeGreaterThan(4);
    // CONNECT, SUBSCRIBE, PUBACK with DISCONNECT: a head and a tag each; and the alert that closes.
    expect(tls.recordBytes.sent).toBe(3 * 22 + 24);
  });
});

it('costs the bytes that were measured elsewhere: P-256 on both sides, ML-KEM-768', async () => {
  await using it = await bench();
  await (await it.open({ keyExchange: 'required' })).close();
  const { sent, received } = it.meter.tls.handshakeBytes;
  expect(Math.abs(sent - 1_991)).toBeLessThan(64);
  expect(Math.abs(received - 1_956)).toBeLessThan(96);
});

describe('the key exchange', () => {
  it.each([
    ['preferred', 'preferred', 'X25519MLKEM768'],
    ['required', 'preferred', 'X25519MLKEM768'],
    ['preferred', 'required', 'X25519MLKEM768'],
    ['preferred', 'off', 'X25519'],
    ['off', 'preferred', 'X25519'],
    ['off', 'required', undefined],
    ['required', 'off', undefined],
  ] as const)('%s at the broker and %s at the device: %s', async (server, device, group) => {
    await using pair = await bench('P-256', { keyExchange: server });
    const outcome = await pair.open({ keyExchange: device }).then(
      (transport) => transport.close(),
      (error: unknown) => error,
    );
    expect(outcome instanceof Unavailable).toBe(group === undefined);
    expect([...pair.meter.tls.facts.keys()][0]).toBe(group && `tls-group ${group}`);
    expect(pair.meter.tls.handshakeBytes.sent).toBeGreaterThan(0);
  });
});

describe('the device goes away from', () => {
  it('a server of another CA, before it has said who it is', async () => {
    await using it = await bench();
    const other = createCa('CN=Server CA');
    await expect(it.open({ ca: other.pem })).rejects.toThrow(/connection failed/);
    expect(it.meter.tls.facts.size).toBe(0);
  });

  it('a server of another name', async () => {
    await using it = await bench();
    await expect(it.open({ serverName: 'elsewhere.example' })).rejects.toThrow(/connection failed/);
    await (await it.open({ serverName: 'localhost' })).close();
  });

  it('a server whose certificate has expired', async () => {
    const serverCa = createCa('CN=Server CA');
    const credential = serverCa.issue({
      profile: 'server',
      subject: 'CN=localhost',
      alternativeNames: [{ type: 'ip', value: '127.0.0.1' }],
      notAfterMs: Date.now() - 1_000,
    });
    await using it = await bench('P-256', { credentials: [credential] });
    await expect(it.open({ ca: serverCa.pem })).rejects.toThrow(/certificate has expired/);
  });

  it('a server with the certificate of a device', async () => {
    const serverCa = createCa('CN=Server CA');
    const credential = serverCa.issue({
      profile: 'device',
      subject: 'CN=localhost',
      alternativeNames: [{ type: 'ip', value: '127.0.0.1' }],
    });
    await using it = await bench('P-256', { credentials: [credential] });
    await expect(it.open({ ca: serverCa.pem })).rejects.toThrow(/connection failed/);
  });

  it('a server without TLS', async () => {
    await using plain = await bench();
    const broker = await startBroker({ port: 0, host: '127.0.0.1', log: createTestLog() });
    await expect(plain.open({}, { url: `mqtts://127.0.0.1:${broker.port}` })).rejects.toThrow(Unavailable);
    expect(plain.meter.counts).toEqual([]);
    await broker.close();
  });
});

it('a server with two certificates shows each device the one it prefers', async () => {
  const serverCa = createCa('CN=Server CA');
  const credentials = [issueServer(serverCa, 'P-256'), issueServer(serverCa, 'ML-DSA-65')];
  await using it = await bench('P-256', { credentials });
  await (await it.open({ ca: serverCa.pem })).close();
  expect([...it.meter.tls.facts.keys()]).toContain('tls-server-certificate ML-DSA-65');
});

it('mqtts without a CA to trust is called wrong', () => {
  const meter = new WireMeter();
  const openTap = meter.openConnection.bind(meter);
  expect(() => mqttConnect({ url: 'mqtts://127.0.0.1:8883', clientId: 'thing-1', openTap })).toThrow(RangeError);
});
