/** What TLS adds to an update, by the algorithm of the certificates: its handshakes and records, and nothing of MQTT. */
import { beforeAll, describe, expect, it } from 'vitest';
import { startBroker } from '../../../../cloud/broker/broker.ts';
import { countHandshakes, type HandshakeRow } from '../../../../cloud/posture/handshakes/count-handshakes.ts';
import { FakeCloud } from '../../../../device-sim/faults/fake-cloud.ts';
import { runVariant, type VariantRun } from '../../../../device-sim/measure/variants/run-variant.ts';
import { createTestLog } from '../../../support/test-cloud.ts';
import { answerFrom } from '../../../support/fake-cloud-broker.ts';
import { createCa, createRegistry, issueServer, type KeyKind } from '../../../support/tls-pki.ts';
import { queueJob, specOf, startVariantCloud, THING, worldOf } from '../../../support/variant-world.ts';

async function ranOver(security: 'tls' | 'mtls', kind: KeyKind): Promise<VariantRun> {
  const [serverCa, deviceCa] = [createCa('CN=Server CA', kind), createCa('CN=Device CA', kind)];
  const registry = createRegistry(deviceCa.pem);
  const device = deviceCa.issue({ subject: `CN=${THING}` });
  registry.set(device.id, { thing: THING });
  const tls = { port: 0, credentials: [issueServer(serverCa)], keyExchange: 'required' } as const;
  const broker = await startBroker({
    host: '127.0.0.1',
    log: createTestLog(),
    tls: { ...tls, ...(security === 'mtls' && { registry }) },
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => broker.close());
  const cloud = new FakeCloud(THING);
  await answerFrom(cloud, broker);
  queueJob(cloud);
  const world = worldOf(`mqtts://127.0.0.1:${broker.tlsPort}`);
  const credential = security === 'mtls' ? device : undefined;
  return await runVariant(specOf({ security }), {
    ...world,
    tls: { ca: serverCa.pem, credential, keyExchange: 'required' },
  });
}

const valueOf = ({ rows }: VariantRun, quantity: string): number =>
  rows.filter((row) => row.quantity === quantity).reduce((sum, { value }) => sum + value, 0);

const withoutTls = ({ rows }: VariantRun) => rows.filter(({ quantity }) => !quantity.startsWith('tls-'));

describe('an update over TLS', () => {
  let plain: VariantRun;
  let counted: readonly HandshakeRow[];
  beforeAll(async () => {
    await using world = await startVariantCloud();
    plain = await runVariant(specOf(), worldOf(world.url));
    counted = await countHandshakes({ tickets: false, nowMs: Date.now(), onCounted: () => {} });
  });

  it.each([
    ['tls', 'P-256'],
    ['mtls', 'P-256'],
    ['mtls', 'ML-DSA-44'],
    ['mtls', 'ML-DSA-65'],
    ['mtls', 'ML-DSA-87'],
  ] as const)(
    '%s with certificates of %s: the same bytes of MQTT, and two handshakes as they are counted alone',
    async (security, kind) => {
      const run = await ranOver(security, kind);
      expect(run.code).toBe('ok');
      expect(withoutTls(run)).toEqual(plain.rows);
      expect(run.trace).toEqual(plain.trace);
      expect(valueOf(run, 'tls-handshakes')).toBe(2);
      expect(valueOf(run, `tls-server-certificate ${kind}`)).toBe(2);
      expect(valueOf(run, `tls-device-certificate ${security === 'mtls' ? kind : 'none'}`)).toBe(2);
      const alone = counted.find(
        (row) =>
          row.serverCertificate === kind &&
          row.deviceCertificate === (security === 'mtls' ? kind : undefined) &&
          row.group === 'X25519MLKEM768',
      );
      // Names in certificates, and signatures in DER, differ by some bytes.
      expect(Math.abs(valueOf(run, 'tls-handshake-sent') / 2 - (alone?.sentBytes ?? 0))).toBeLessThan(100);
      expect(Math.abs(valueOf(run, 'tls-handshake-received') / 2 - (alone?.receivedBytes ?? 0))).toBeLessThan(160);
    },
  );
});
