import { describe, expect, it } from 'vitest';
import type { Surroundings } from '../../../../device-sim/measure/experiment/impossible.ts';
import { differences, planMatrix } from '../../../../device-sim/measure/experiment/matrix.ts';
import { parseExperiment, readExperiment } from '../../../../device-sim/measure/experiment/read-experiment.ts';
import { resolveExperiment } from '../../../../device-sim/measure/experiment/resolve-experiment.ts';

const ALL: Surroundings = { mosquitto: true, awsSdk: true };

const matrixOf = (text: string, surroundings = ALL) =>
  planMatrix(resolveExperiment(parseExperiment(text, { file: 'x', folder: '.' })), surroundings);

describe('a matrix', () => {
  it('has the base case first, and each case once', () => {
    const { cases } = matrixOf('sweeps: [{ qos: [0, 1] }, { qos: [0], encoding: [cbor, json] }]');

    expect(cases.map(({ id }) => id)).toEqual([
      'ML-DSA-65/movehub/4096/qos1/cbor/mqtt5/plain/mqttjs/embedded',
      'ML-DSA-65/movehub/4096/qos0/cbor/mqtt5/plain/mqttjs/embedded',
      'ML-DSA-65/movehub/4096/qos0/json/mqtt5/plain/mqttjs/embedded',
    ]);
  });

  it('multiplies the axes of a sweep, and adds the sweeps', () => {
    const text =
      'sweeps: [{ algorithm: [none, ES256, Ed25519], image: [config-4k, 256k], qos: [0, 1] }, { mqttVersion: [4] }]';

    expect(matrixOf(text).cases).toHaveLength(1 + 3 * 2 * 2 + 1);
  });

  it.each([
    ['quick', 55],
    ['standard', 105],
    ['full', 211],
  ])('of %s has %i cases', (name, count) => {
    const { cases, leftOut } = planMatrix(resolveExperiment(readExperiment(name)), ALL);

    expect(cases).toHaveLength(count);
    expect(new Set([...cases, ...leftOut].map(({ id }) => id)).size).toBe(cases.length + leftOut.length);
  });

  it('has no more combinations than fit into memory, and says so before it makes them', () => {
    const blockBytes = Array.from({ length: 3_000 }, (_, index) => 256 + 4 * index);
    const sweep = {
      ...{ blockBytes, qos: [0, 1], encoding: ['cbor', 'json'], mqttVersion: [4, 5], transport: ['mqttjs', 'aws-sdk'] },
      certificate: ['P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
    };

    expect(() => matrixOf(JSON.stringify({ sweeps: [{ qos: [0] }, sweep] }))).toThrow(
      expect.objectContaining({ code: 'bad-experiment', at: 'sweeps[1]' }),
    );
  });

  it('says of each case what it weighs', () => {
    const sizes = matrixOf('sweeps: [{ algorithm: [none, ES256+ML-DSA-65, SLH-DSA-SHA2-128s] }]').cases.slice(1);

    expect(sizes).toMatchObject([
      { signature: 'none', signatureBytes: 0, publicKeyBytes: 0 },
      { signature: 'verified', signatureBytes: 64 + 3_309, publicKeyBytes: 65 + 1_952 },
      { signature: 'size-only', signatureBytes: 7_856, publicKeyBytes: 32 },
    ]);
  });

  it('names a certificate where there is TLS, and nowhere else', () => {
    const [plain, mtls] = matrixOf('sweeps: [{ security: [mtls], certificate: [ML-DSA-44] }]').cases;

    expect(plain).not.toHaveProperty('certificate');
    expect(mtls).toMatchObject({ security: 'mtls', certificate: 'ML-DSA-44' });
    expect(mtls && differences(mtls)).toEqual(['security', 'certificate']);
  });

  it.each<[name: string, text: string, why: string, surroundings?: Surroundings]>([
    [
      'a block that is no multiple of a word',
      'runsOn: stm32h743\nbase: { blockBytes: 260 }',
      'writes 32 bytes at a time',
    ],
    ['an image that no slot takes', 'runsOn: nrf52840\nbase: { image: 1m }', 'a slot of nrf52840 has'],
    ['a block that RAM does not take', 'base: { blockBytes: 65536 }', 'takes 69632 bytes of RAM'],
    ['one that it takes in CBOR alone', 'base: { blockBytes: 32768, encoding: json }', 'in json takes'],
    [
      'a signature that no device reads',
      'base: { algorithm: x }\nschemes: [{ name: x, signatureBytes: 60000, publicKeyBytes: 1 }]',
      'authentication blocks of at most',
    ],
    ['TLS that nobody could count', 'base: { transport: aws-sdk, security: tls }', 'cannot be counted'],
    ['a library that is not there', 'base: { transport: aws-sdk }', 'not installed', { ...ALL, awsSdk: false }],
    ['a broker that is not there', 'base: { broker: mosquitto }', 'not installed', { ...ALL, mosquitto: false }],
    ['certificates of a stranger', 'base: { broker: mosquitto, security: mtls }', 'foreign broker'],
    ['TLS of mosquitto', 'base: { broker: mosquitto, security: tls }', 'without TLS'],
    ['TLS where there is none', 'base: { broker: "mqtt://b:1", security: tls }', 'is without TLS'],
    ['a broker that is no URL', 'base: { broker: "mqtt://a b:99999" }', 'is no URL'],
    ['none where there is TLS', 'base: { broker: "mqtts://b:1" }', 'is with TLS'],
  ])('leaves out %s, and says why', (_name, text, why, surroundings) => {
    const { cases, leftOut } = matrixOf(text, surroundings);

    expect(cases).toEqual([]);
    expect(leftOut).toEqual([{ id: expect.any(String), why: expect.stringContaining(why) }]);
  });
});
