/**
 * Figures that others published, beside ours of the same thing, with the reason where they differ. What was published is
 * as `facts/field.md` of the project's research quotes it, with its source.
 */
import { type AlgorithmName } from '../../protocol/cose/algorithms.ts';
import { createSignedUpdate } from '../../device-sim/measure/advise/signed-update.ts';
import type { MosquittoFigures } from './mosquitto.ts';

export interface PublishedRow {
  readonly what: string;
  readonly unit: string;
  readonly published: number;
  readonly source: string;
  readonly ours: number;
  /** Why they are not the same; empty where they are. */
  readonly difference: string;
}

const COMPUTED = 'arithmetic over FIPS 204 Table 2 and the ES256 envelope of SUIT example 0 (237 B)';
const MQTTBS = 'emqx/mqttbs, c5.4xlarge, QoS 1, 16 B, no TLS: 37,000 messages/s at 7 % of 16 vCPU';

/** bytes over ES256. */
const OVERHEAD: readonly (readonly [AlgorithmName, number])[] = [
  ['ML-DSA-44', 2_360],
  ['ML-DSA-65', 3_249],
  ['ML-DSA-87', 4_567],
];

const KIB = 1_024;
/** Images, and what the overhead is of each: percent, in the order of OVERHEAD. */
const SHARES: readonly (readonly [string, number, readonly [number, number, number]])[] = [
  ['4 KiB config', 4 * KIB, [57.6, 79.3, 111]],
  ['8 KiB delta', 8 * KIB, [28.8, 39.7, 55.7]],
  ['34,768 B image', 34_768, [6.8, 9.3, 13.1]],
  ['256 KiB image', 256 * KIB, [0.9, 1.24, 1.74]],
  ['1 MiB image', 1_024 * KIB, [0.23, 0.31, 0.44]],
];

/** Blocks of the envelope of SUIT example 0: ES256, 44, 65, 87. */
const BLOCKS: readonly (readonly [number, readonly [number, number, number, number]])[] = [
  [256, [1, 11, 14, 19]],
  [KIB, [1, 3, 4, 5]],
  [4 * KIB, [1, 1, 1, 2]],
];

const envelopeBytes = (algorithm: AlgorithmName): number =>
  createSignedUpdate({ algorithms: [algorithm], imageBytes: 34_768, keyForm: 'key-id' }).envelope.length;

export function publishedArithmetic(): readonly PublishedRow[] {
  const classical = envelopeBytes('ES256');
  const sizes = OVERHEAD.map(([algorithm]) => envelopeBytes(algorithm));
  const overheads = sizes.map((bytes) => bytes - classical);
  const longer = `our manifest also names its slot, sequence and key id: ${classical} B with ES256, theirs 237 B`;
  return [
    ...OVERHEAD.map(([algorithm, published], i): PublishedRow => {
      const ours = overheads[i] ?? Number.NaN;
      return {
        ...{ what: `envelope of ${algorithm} over that of ES256`, unit: 'B', published, source: COMPUTED, ours },
        difference: ours === published ? '' : 'heads of byte strings grow with their lengths',
      };
    }),
    ...SHARES.flatMap(([image, imageBytes, percents]) =>
      OVERHEAD.map(([algorithm], i): PublishedRow => {
        const ours = (100 * (overheads[i] ?? Number.NaN)) / imageBytes;
        const published = percents[i] ?? Number.NaN;
        const what = `${algorithm} over ES256, of a ${image}`;
        return { what, unit: '%', published, source: COMPUTED, ours, difference: '' };
      }),
    ),
    ...BLOCKS.flatMap(([blockBytes, counts]) =>
      [classical, ...sizes].map((bytes, i): PublishedRow => {
        const ours = Math.ceil(bytes / blockBytes);
        const published = counts[i] ?? Number.NaN;
        return {
          what: `${['ES256', ...OVERHEAD.map(([name]) => name)][i]} envelope in blocks of ${blockBytes} B`,
          ...{ unit: 'blocks', published, source: COMPUTED, ours, difference: ours === published ? '' : longer },
        };
      }),
    ),
  ];
}

export function publishedMosquitto(figures: MosquittoFigures): readonly PublishedRow[] {
  return [
    {
      what: 'mosquitto, point to point, for each second of its processor time',
      unit: 'messages',
      published: 37_000 / (0.07 * 16),
      source: MQTTBS,
      ours: figures.messagesPerCpuSecond,
      difference:
        'another processor and version; our clients share the machine with it, so its processor time is compared and not its rate',
    },
    {
      what: 'mosquitto, memory of a connection',
      unit: 'B',
      published: 1_000,
      source: 'emqx/mqttbs: 1,000,000 connections in 1 GB, rounded by whoever published it',
      ours: figures.bytesPerConnection,
      difference: `ours have a subscription each, and were ${figures.connections.toLocaleString('en-US')}`,
    },
  ];
}
