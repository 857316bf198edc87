/**
 * The cost record: one row per quantity, in long format, so that runs of different algorithms, links and block sizes can
 * be put under each other. Every row says whether it was measured here or modelled; all that this file makes is measured.
 */
import type { Direction, WireCount } from './connection-meter.ts';
import type { BoardMeter } from './board-meter.ts';
import type { EnvelopeParts } from './envelope-parts.ts';
import { type Phase, PHASES } from './phases.ts';
import type { WireMeter } from './wire-meter.ts';

/** What all rows of one update have in common. */
export interface CostContext {
  readonly run: string;
  readonly seed: string;
  /** Of this source code; empty where it is not known. */
  readonly commit: string;
  /** The board. */
  readonly profile: string;
  readonly link: string;
  /** Whose signatures the envelope carries: `ML-DSA-65`, `ES256+ML-DSA-65`. */
  readonly algorithm: string;
  readonly blockBytes: number;
}

export interface CostRow extends CostContext {
  readonly phase: Phase | 'all';
  readonly quantity: string;
  readonly unit: string;
  readonly value: number;
  readonly how: 'measured' | 'modelled';
  /** How many times it was measured. */
  readonly n: number;
}

/** In the order of the columns. */
export const COST_COLUMNS = [
  'run',
  'seed',
  'commit',
  'profile',
  'link',
  'algorithm',
  'blockBytes',
  'phase',
  'quantity',
  'unit',
  'value',
  'how',
  'n',
] as const satisfies readonly (keyof CostRow)[];

export interface UpdateMeters {
  readonly wire: WireMeter;
  readonly board: BoardMeter;
  /** bytes. The most that was in use at once, by phase. */
  readonly ramPeaks: ReadonlyMap<string, number>;
  /** The largest number of erases of any sector, since the board was made. */
  readonly maxSectorErases: number;
  /** Absent where no envelope arrived that could be read. */
  readonly envelope: EnvelopeParts | undefined;
}

type Quantity = Pick<CostRow, 'phase' | 'quantity' | 'unit' | 'value'>;

export function costRows(context: CostContext, meters: UpdateMeters): readonly CostRow[] {
  const quantities = [
    ...PHASES.flatMap((phase) => [...wireQuantities(phase, meters), ...boardQuantities(phase, meters)]),
    ...bootQuantities(meters),
    ...tlsQuantities(meters),
    ...envelopeQuantities(meters),
    ...wholeQuantities(meters),
  ];
  return quantities.map((quantity) => ({ ...context, ...quantity, how: 'measured', n: 1 }));
}

function wireQuantities(phase: Phase, { wire }: UpdateMeters): readonly Quantity[] {
  const counts = wire.counts.filter((count) => count.phase === phase);
  if (counts.length === 0) return [];
  const { roundTrips, blocks, blockRepeats } = wire.traffic(phase);
  return [
    ...directionQuantities(phase, counts, 'sent'),
    ...directionQuantities(phase, counts, 'received'),
    { phase, quantity: 'round-trips', unit: '1', value: roundTrips },
    { phase, quantity: 'aws-units', unit: '1', value: total(counts.map((count) => count.meteredUnits)) },
    ...(blocks > 0 ? [{ phase, quantity: 'blocks', unit: '1', value: blocks }] : []),
    ...(blocks > 0 ? [{ phase, quantity: 'block-repeats', unit: '1', value: blockRepeats }] : []),
  ];
}

/** Of all bytes, `mqtt` is what the protocol adds to the payloads it carries. */
function directionQuantities(phase: Phase, counts: readonly WireCount[], direction: Direction): readonly Quantity[] {
  const inDirection = counts.filter((count) => count.direction === direction);
  const bytes = total(inDirection.map((count) => count.bytes));
  const payload = total(inDirection.map((count) => count.payloadBytes));
  return [
    { phase, quantity: direction, unit: 'B', value: bytes },
    { phase, quantity: `${direction}-payload`, unit: 'B', value: payload },
    { phase, quantity: `${direction}-mqtt`, unit: 'B', value: bytes - payload },
    { phase, quantity: `${direction}-packets`, unit: '1', value: total(inDirection.map((count) => count.packets)) },
  ];
}

/** Below MQTT, and so in none of its bytes. Nothing where no connection was one of TLS. */
function tlsQuantities({ wire: { tls } }: UpdateMeters): readonly Quantity[] {
  if (tls.handshakes === 0) return [];
  const { handshakeBytes, recordBytes } = tls;
  return [
    { phase: 'connect', quantity: 'tls-handshakes', unit: '1', value: tls.handshakes },
    { phase: 'connect', quantity: 'tls-handshake-sent', unit: 'B', value: handshakeBytes.sent },
    { phase: 'connect', quantity: 'tls-handshake-received', unit: 'B', value: handshakeBytes.received },
    ...[...tls.facts].map(([quantity, value]): Quantity => ({ phase: 'connect', quantity, unit: '1', value })),
    { phase: 'all', quantity: 'tls-records-sent', unit: 'B', value: recordBytes.sent },
    { phase: 'all', quantity: 'tls-records-received', unit: 'B', value: recordBytes.received },
  ];
}

function boardQuantities(phase: Phase, { board, ramPeaks }: UpdateMeters): readonly Quantity[] {
  const { erases, writes, writtenBytes } = board.flash(phase);
  const ramPeak = ramPeaks.get(phase);
  const flash =
    erases + writes === 0
      ? []
      : [
          { phase, quantity: 'flash-erases', unit: '1', value: erases },
          { phase, quantity: 'flash-writes', unit: '1', value: writes },
          { phase, quantity: 'flash-written', unit: 'B', value: writtenBytes },
        ];
  return ramPeak === undefined ? flash : [...flash, { phase, quantity: 'ram-peak', unit: 'B', value: ramPeak }];
}

/** Beside its flash operations. A byte that is swapped is read and written three times, and counts thrice. */
function bootQuantities({ board: { starts } }: UpdateMeters): readonly Quantity[] {
  if (starts.length === 0) return [];
  const phase = 'boot';
  return [
    { phase, quantity: 'starts', unit: '1', value: starts.length },
    { phase, quantity: 'hashed', unit: 'B', value: total(starts.map(({ hashedBytes }) => hashedBytes)) },
    { phase, quantity: 'swapped', unit: 'B', value: total(starts.map(({ swappedBytes }) => swappedBytes)) },
  ];
}

function envelopeQuantities({ envelope }: UpdateMeters): readonly Quantity[] {
  if (!envelope) return [];
  const phase = 'envelope';
  return [
    { phase, quantity: 'envelope', unit: 'B', value: envelope.envelopeBytes },
    { phase, quantity: 'signature', unit: 'B', value: envelope.signatureBytes },
    { phase, quantity: 'key-id', unit: 'B', value: envelope.keyIdBytes },
    { phase, quantity: 'manifest', unit: 'B', value: envelope.manifestBytes },
  ];
}

function wholeQuantities({ wire, maxSectorErases }: UpdateMeters): readonly Quantity[] {
  const phase = 'all';
  const { sent, received } = wire.cutShortBytes;
  return [
    { phase, quantity: 'connections', unit: '1', value: wire.connections },
    { phase, quantity: 'cut-short', unit: 'B', value: sent + received },
    { phase, quantity: 'flash-wear-max', unit: '1', value: maxSectorErases },
  ];
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

// oxfmt-ignore
const ON_THE_WIRE: readonly string[] = [
  'sent', 'received', 'cut-short',
  'tls-handshake-sent', 'tls-handshake-received', 'tls-records-sent', 'tls-records-received',
];

/** bytes. All that went through the sockets: MQTT, and TLS where there was any. */
export const bytesOnTheWire = (rows: readonly CostRow[]): number =>
  total(rows.filter(({ quantity }) => ON_THE_WIRE.includes(quantity)).map(({ value }) => value));

/** Of one quantity over all phases; 0 where no row has it. */
export const sumOf = (rows: readonly CostRow[], quantity: string): number =>
  total(rows.filter((row) => row.quantity === quantity).map((row) => row.value));
