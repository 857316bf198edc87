import { describe, expect, it } from 'vitest';
import { runVariant, type VariantRun, type VariantSpec } from '../../../../device-sim/measure/variants/run-variant.ts';
import { bytesOnTheWire, sumOf } from '../../../../device-sim/metrics/cost.ts';
import { specOf, startVariantCloud, worldOf } from '../../../support/variant-world.ts';

async function ran(changes: Partial<VariantSpec>): Promise<VariantRun> {
  await using world = await startVariantCloud();
  return await runVariant(specOf(changes), worldOf(world.url));
}

const MATRIX = ([5, 4] as const).flatMap((mqttVersion) =>
  ([1, 0] as const).flatMap((qos) => (['cbor', 'json'] as const).map((encoding) => ({ mqttVersion, qos, encoding }))),
);

function tallyOf({ trace }: VariantRun): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const { direction, packet } of trace.flat()) {
    const name = `${direction} ${packet}`;
    tally[name] = (tally[name] ?? 0) + 1;
  }
  return tally;
}

const packetsOf = ({ trace }: VariantRun): Set<string> => new Set(trace.flat().map(({ packet }) => packet));
const imageBytes = ({ rows }: VariantRun): number =>
  rows.find((row) => row.phase === 'image' && row.quantity === 'received-payload')?.value ?? 0;

describe('a variant of an update', () => {
  it('is one of eight that are tried', () => expect(MATRIX).toHaveLength(8));

  it.each(MATRIX)('over MQTT $mqttVersion at QoS $qos in $encoding: every byte is one of a packet', async (changes) => {
    const run = await ran(changes);
    expect(run).toMatchObject({ code: 'ok' });
    expect(run.trace).toHaveLength(2);
    const traced = run.trace.flat().reduce((sum, { bytes }) => sum + bytes, 0);
    expect(bytesOnTheWire(run.rows)).toBe(traced);
    expect(packetsOf(run).has('puback')).toBe(changes.qos === 1);
    // 10,000 bytes in blocks of 1,024, and what is around them; in base64 they are a third more.
    const [least, most] = changes.encoding === 'cbor' ? [10_000, 11_000] : [13_334, 15_000];
    expect(imageBytes(run)).toBeGreaterThan(least);
    expect(imageBytes(run)).toBeLessThan(most);
    expect(run.blockMs).toHaveLength(sumOf(run.rows, 'blocks'));
    expect(run.blockMs.every((ms) => ms >= 0)).toBe(true);
  });

  it.each([
    { mqttVersion: 5, qos: 1 },
    { mqttVersion: 4, qos: 0 },
  ] as const)('by the AWS IoT Device SDK has the packets that it has by MQTT.js: %j', async (changes) => {
    const [sdk, mqttjs] = [await ran({ ...changes, transport: 'aws-sdk' }), await ran(changes)];
    expect(sdk).toMatchObject({ code: 'ok' });
    // Over MQTT 3.1.1 it asks for each topic by itself.
    const subscriptions = changes.mqttVersion === 5 ? {} : { 'up subscribe': 7, 'down suback': 7 };
    expect(tallyOf(sdk)).toEqual({ ...tallyOf(mqttjs), ...subscriptions });
    expect(imageBytes(sdk)).toBe(imageBytes(mqttjs));
  });

  it('says which run, seed and algorithm its rows are of, and that they were measured', async () => {
    const { rows, wallMs } = await ran({});
    expect(rows[0]).toMatchObject({ run: 'r1', seed: '7', profile: 'nrf52840', algorithm: 'ES256', blockBytes: 1_024 });
    expect(new Set(rows.map(({ how }) => how))).toEqual(new Set(['measured']));
    expect(wallMs).toBeGreaterThan(0);
  });

  it('costs the same at each run', async () => {
    const [one, another] = [await ran({}), await ran({})];
    expect(another.rows).toEqual(one.rows);
    expect(another.trace).toEqual(one.trace);
  });

  it('says why where it does not come to its end', async () => {
    await using world = await startVariantCloud();
    world.cloud.streamError = 'ResourceNotFound';
    expect(await runVariant(specOf(), worldOf(world.url))).toMatchObject({ code: 'stream-refused' });
  });

  it.each([
    [{ security: 'tls' }, 'expected a broker for tls, got mqtt://127.0.0.1:1 for plain'],
    [{ security: 'mtls' }, 'expected a broker for mtls, got mqtt://127.0.0.1:1 for plain'],
  ] as const)('is called wrong in a world that is not the one of its spec: %j', async (changes, message) => {
    await expect(runVariant(specOf(changes), worldOf('mqtt://127.0.0.1:1'))).rejects.toThrow(message);
  });
});
