/**
 * JSON Schema of results.json, as far as what reads it relies on: results that somebody sent may be anything. What is in
 * them beside that is left alone.
 */

const TEXT = { type: 'string' };
const NUMBER = { type: 'number' };
const COUNT = { type: 'integer', minimum: 0 };
const FLAG = { type: 'boolean' };
const OBJECT = { type: 'object' };

const listOf = (items: object) => ({ type: 'array', items });
const choice = (...values: readonly (string | number)[]) => ({ enum: values });

/** All of these fields, and any others. */
const record = (properties: object, optional: object = {}) => ({
  ...OBJECT,
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
});

const CERTIFICATE = choice('P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87');

const AXES = {
  ...{ algorithm: TEXT, blockBytes: COUNT, qos: choice(0, 1), encoding: choice('cbor', 'json') },
  ...{ mqttVersion: choice(4, 5), security: choice('plain', 'tls', 'mtls'), transport: choice('mqttjs', 'aws-sdk') },
  broker: TEXT,
};

const IMAGE = record({ name: TEXT, imageBytes: COUNT });

const SPEC = record(
  {
    ...AXES,
    ...{ id: TEXT, signatureBytes: COUNT, publicKeyBytes: COUNT, image: IMAGE },
    signature: choice('verified', 'none', 'size-only'),
  },
  { certificate: CERTIFICATE },
);

const ROW = record({
  ...{
    run: TEXT,
    seed: TEXT,
    commit: TEXT,
    profile: TEXT,
    link: TEXT,
    algorithm: TEXT,
    blockBytes: COUNT,
    phase: TEXT,
  },
  ...{ quantity: TEXT, unit: TEXT, value: NUMBER, how: choice('measured', 'modelled'), n: COUNT },
});

const PLACE = { spec: SPEC, repetition: COUNT, position: COUNT };

const RUN = record({ ...PLACE, rows: listOf(ROW), modelled: listOf(ROW), wallMs: NUMBER, blockMs: listOf(NUMBER) });

const EXPERIMENT = record({
  ...{ name: TEXT, description: TEXT, seed: COUNT, repetitions: COUNT, runsOn: TEXT, handshakes: FLAG },
  ...{ links: listOf(TEXT), boards: listOf(TEXT), images: listOf(IMAGE), sweeps: listOf(OBJECT) },
  base: record({ ...AXES, image: TEXT, certificate: CERTIFICATE }),
  schemes: listOf(record({ name: TEXT, signatureBytes: COUNT, publicKeyBytes: COUNT, source: TEXT })),
});

const MACHINE = record({
  ...{ cpu: TEXT, cores: COUNT, memoryBytes: COUNT, os: TEXT, node: TEXT, bristlecone: TEXT, commit: TEXT },
  startedAt: TEXT,
});

const HANDSHAKE = record(
  {
    ...{ serverCertificate: CERTIFICATE, keyExchange: TEXT, sentBytes: COUNT, receivedBytes: COUNT },
    ...{ serverCertificateBytes: COUNT, deviceCertificateBytes: COUNT },
  },
  { deviceCertificate: CERTIFICATE },
);

export const RESULTS_SCHEMA = record({
  ...{ format: choice('bristlecone-measure'), version: choice(1), experiment: EXPERIMENT, machine: MACHINE },
  ...{ runs: listOf(RUN), plannedRuns: COUNT, handshakes: listOf(HANDSHAKE) },
  failed: listOf(record({ ...PLACE, code: TEXT, detail: TEXT })),
  leftOut: listOf(record({ id: TEXT, why: TEXT })),
  notKnown: listOf(record({ link: TEXT, profile: TEXT, algorithm: TEXT, quantity: TEXT, why: TEXT })),
  sources: { ...OBJECT, additionalProperties: TEXT },
});
