/**
 * Results of an experiment that nobody ran: made by arithmetic, so that tests of what is said about results know every
 * number. Never a source of what is printed for users.
 */
import type { CostContext, CostRow } from '../../device-sim/metrics/cost.ts';
import type { CaseChoice, Experiment } from '../../device-sim/measure/experiment/experiment.ts';
import type { CaseRun, CaseSpec, HandshakeBytes, MeasureResults } from '../../device-sim/measure/results/results.ts';

interface MadeAlgorithm {
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  readonly isSizeOnly?: boolean;
  /** ms on the board `rp2040`, as the made-up model has it. */
  readonly verifyMs?: number;
}

// oxfmt-ignore
const MADE_ALGORITHMS: Readonly<Record<string, MadeAlgorithm>> = {
  'none': { signatureBytes: 0, publicKeyBytes: 0 },
  'ES256': { signatureBytes: 64, publicKeyBytes: 65, verifyMs: 321 },
  'ML-DSA-44': { signatureBytes: 2_420, publicKeyBytes: 1_312, verifyMs: 44 },
  'ML-DSA-65': { signatureBytes: 3_309, publicKeyBytes: 1_952, verifyMs: 72 },
  'ML-DSA-87': { signatureBytes: 4_627, publicKeyBytes: 2_592, verifyMs: 120 },
  'ES256+ML-DSA-65': { signatureBytes: 3_373, publicKeyBytes: 2_017 },
  'FN-DSA-512': { signatureBytes: 666, publicKeyBytes: 897, isSizeOnly: true },
  'SLH-DSA-SHA2-128s': { signatureBytes: 7_856, publicKeyBytes: 32, isSizeOnly: true },
};

export interface MadeExperiment {
  readonly algorithms?: readonly string[];
  /** bytes, by name. */
  readonly images?: Readonly<Record<string, number>>;
  readonly blockBytes?: readonly number[];
  readonly repetitions?: number;
  readonly links?: readonly string[];
  readonly boards?: readonly string[];
  readonly blockMs?: readonly number[];
  readonly handshakes?: readonly HandshakeBytes[];
}

const MADE_IMAGES = { '4 KiB config': 4_096, 'movehub 4.0.0b5': 102_432, '1 MiB image': 1_048_576 } as const;

export function madeResults(made: MadeExperiment = {}): MeasureResults {
  const {
    algorithms = [
      'none',
      'ES256',
      'ML-DSA-44',
      'ML-DSA-65',
      'ML-DSA-87',
      'ES256+ML-DSA-65',
      'FN-DSA-512',
      'SLH-DSA-SHA2-128s',
    ],
    images = MADE_IMAGES,
    blockBytes = [256, 1_024, 4_096, 8_192],
    repetitions = 1,
    links = ['nb-iot', 'lte-m', 'ble', 'lorawan-dr0'],
    boards = ['nrf52840', 'rp2040'],
  } = made;
  const base: CaseChoice = {
    ...{ algorithm: algorithms.includes('ML-DSA-65') ? 'ML-DSA-65' : (algorithms[0] ?? 'none') },
    ...{
      image: Object.keys(images)[1] ?? Object.keys(images)[0] ?? '',
      blockBytes: blockBytes.at(-2) ?? blockBytes[0] ?? 4_096,
    },
    ...{
      qos: 1,
      encoding: 'cbor',
      mqttVersion: 5,
      security: 'plain',
      certificate: 'P-256',
      transport: 'mqttjs',
      broker: 'embedded',
    },
  };
  const experiment: Experiment = {
    ...{
      name: 'made',
      description: 'made by arithmetic for a test',
      seed: 7,
      repetitions,
      base,
      sweeps: [],
      links,
      boards,
      runsOn: 'esp32-c3',
    },
    ...{
      schemes: [],
      images: Object.entries(images).map(([name, imageBytes]) => ({ name, imageBytes })),
      handshakes: true,
    },
  };
  const specs = algorithms.flatMap((algorithm) =>
    Object.entries(images).flatMap(([name, imageBytes]) =>
      blockBytes.map((bytes) => specOf(algorithm, { name, imageBytes }, { ...base, blockBytes: bytes })),
    ),
  );
  const all = Array.from({ length: repetitions }, (_, repetition) =>
    specs.map((spec) => ({ spec, repetition })),
  ).flat();
  const runs = all.map(({ spec, repetition }, position) => runOf(spec, { repetition, position, made, links, boards }));
  return {
    ...{ format: 'bristlecone-measure', version: 1, experiment, runs, failed: [], leftOut: [], notKnown: [] },
    machine: {
      ...{
        cpu: 'Made CPU',
        cores: 2,
        memoryBytes: 8 * 2 ** 30,
        os: 'Linux 6.1',
        node: 'v26.10.0',
        bristlecone: '0.1.0',
      },
      ...{ commit: 'abcdef0', startedAt: '2026-11-22T05:00:00.000Z' },
    },
    plannedRuns: runs.length,
    handshakes: made.handshakes ?? MADE_HANDSHAKES,
    sources: {
      ...Object.fromEntries(links.map((link) => [`link ${link}`, `profile of ${link}, made`])),
      ...Object.fromEntries(boards.map((board) => [`board ${board}`, `profile of ${board}, made`])),
      'aws-prices': 'made prices',
    },
  };
}

function specOf(algorithm: string, image: CaseSpec['image'], base: CaseChoice): CaseSpec {
  const made = MADE_ALGORITHMS[algorithm] ?? { signatureBytes: 1_000, publicKeyBytes: 500, isSizeOnly: true };
  return {
    id: [algorithm, image.name, base.blockBytes, 'qos1/cbor/mqtt5/plain/mqttjs/embedded'].join('/'),
    ...{ algorithm, signatureBytes: made.signatureBytes, publicKeyBytes: made.publicKeyBytes, image },
    signature: algorithm === 'none' ? 'none' : made.isSizeOnly === true ? 'size-only' : 'verified',
    ...{ blockBytes: base.blockBytes, qos: 1, encoding: 'cbor', mqttVersion: 5, security: 'plain' },
    ...{ transport: 'mqttjs', broker: 'embedded' },
  };
}

/** bytes of MQTT around one block, both directions, and of one request. */
const PER_BLOCK = 70;
const MANIFEST_BYTES = 240;
const KEY_ID_BYTES = 32;

interface Around {
  readonly repetition: number;
  readonly position: number;
  readonly made: MadeExperiment;
  readonly links: readonly string[];
  readonly boards: readonly string[];
}

function runOf(spec: CaseSpec, { repetition, position, made, links, boards }: Around): CaseRun {
  const context: CostContext = {
    ...{ run: `run-${position}`, seed: '7', commit: 'abcdef0', profile: 'stm32f070rb', link: 'unshaped' },
    ...{ algorithm: spec.algorithm, blockBytes: spec.blockBytes },
  };
  const row = (phase: CostRow['phase'], quantity: string, value: number, unit = 'B'): CostRow => ({
    ...{ ...context, phase, quantity, unit, value, how: 'measured', n: 1 },
  });
  const envelopeBytes = MANIFEST_BYTES + spec.signatureBytes + (spec.signatureBytes > 0 ? KEY_ID_BYTES : 0);
  const phases = [
    { phase: 'connect', payload: 0, mqtt: 90 },
    { phase: 'job', payload: 480, mqtt: 340 },
    { phase: 'envelope', payload: envelopeBytes, mqtt: PER_BLOCK * blocksOf(envelopeBytes, spec) },
    { phase: 'image', payload: spec.image.imageBytes, mqtt: PER_BLOCK * blocksOf(spec.image.imageBytes, spec) },
    { phase: 'report', payload: 350, mqtt: 200 },
  ] as const;
  const rows = phases.flatMap(({ phase, payload, mqtt }) => [
    ...[row(phase, 'received', payload + mqtt), row(phase, 'received-payload', payload), row(phase, 'sent', 0)],
    row(phase, 'round-trips', phase === 'image' || phase === 'envelope' ? Math.ceil(mqtt / PER_BLOCK / 2) : 1, '1'),
    ...(phase === 'image' || phase === 'envelope' ? [row(phase, 'blocks', mqtt / PER_BLOCK, '1')] : []),
  ]);
  const envelope = [
    row('envelope', 'envelope', envelopeBytes),
    row('envelope', 'signature', spec.signatureBytes),
    row('envelope', 'key-id', spec.signatureBytes > 0 ? KEY_ID_BYTES : 0),
  ];
  const wire = phases.reduce((sum, { payload, mqtt }) => sum + payload + mqtt, 0);
  const modelled = (
    quantity: string,
    value: number,
    unit: string,
    where: Partial<Pick<CostRow, 'link' | 'profile' | 'phase'>> = {},
  ): CostRow => ({
    ...{ ...context, profile: '', link: '', phase: 'all', quantity, unit, value, how: 'modelled', n: 1, ...where },
  });
  const { verifyMs, isSizeOnly } = MADE_ALGORITHMS[spec.algorithm] ?? { isSizeOnly: true };
  return {
    ...{
      spec,
      repetition,
      position,
      wallMs: 120,
      rows: [...rows, ...envelope, row('image', 'ram-peak', 9_000 + spec.blockBytes)],
    },
    modelled: [
      ...links.flatMap((link, index) => {
        const bitsPerSecond = [26_000, 300_000, 1_000_000, 250][index] ?? 10_000;
        return [
          ...phases.flatMap(({ phase, payload, mqtt }) => [
            modelled('layer-payload', payload, 'B', { link, phase }),
            modelled('layer-mqtt', mqtt, 'B', { link, phase }),
            modelled('layer-tls', 0, 'B', { link, phase }),
            modelled('layer-tcp-ip', Math.ceil((payload + mqtt) / 1_300) * 80, 'B', { link, phase }),
            modelled('layer-frames', Math.ceil((payload + mqtt) / 85) * 3, 'B', { link, phase }),
          ]),
          modelled('air-time down', (wire * 8 * 1.1) / bitsPerSecond, 's', { link }),
          modelled('air-time up', (wire * 0.1 * 8) / bitsPerSecond, 's', { link }),
          modelled('link-time', (wire * 10) / bitsPerSecond + 12, 's', { link }),
        ];
      }),
      ...boards.flatMap((profile, index) =>
        verifyMs === undefined || isSizeOnly === true
          ? []
          : [
              modelled(`verify-time ${spec.algorithm}`, verifyMs / (3 - 2 * index), 'ms', { profile }),
              modelled(`verify-stack ${spec.algorithm}`, 2_000 + spec.signatureBytes, 'B', { profile }),
            ],
      ),
      modelled('aws-bill', 3_000 + 12 * (wire / spec.blockBytes), 'USD'),
      modelled('aws-messages', 12 * (wire / spec.blockBytes), 'USD'),
      modelled('aws-jobs', 3_000, 'USD'),
    ],
    blockMs:
      made.blockMs ?? Array.from({ length: 60 }, (_, at) => 0.4 + ((at * 37 + position * 11 + repetition) % 50) / 40),
  };
}

const blocksOf = (bytes: number, { blockBytes }: CaseSpec): number => Math.ceil(bytes / blockBytes);

export const MADE_HANDSHAKES: readonly HandshakeBytes[] = [
  {
    serverCertificate: 'P-256',
    keyExchange: 'X25519',
    sentBytes: 315,
    receivedBytes: 1_100,
    serverCertificateBytes: 430,
    deviceCertificateBytes: 0,
  },
  {
    serverCertificate: 'P-256',
    deviceCertificate: 'P-256',
    keyExchange: 'X25519MLKEM768',
    sentBytes: 2_100,
    receivedBytes: 1_900,
    serverCertificateBytes: 430,
    deviceCertificateBytes: 420,
  },
  {
    serverCertificate: 'ML-DSA-65',
    deviceCertificate: 'ML-DSA-65',
    keyExchange: 'X25519MLKEM768',
    sentBytes: 10_700,
    receivedBytes: 11_900,
    serverCertificateBytes: 5_480,
    deviceCertificateBytes: 5_470,
  },
];
