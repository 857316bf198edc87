/** The bytes of an update by phase and layer: what carries what, from the payload down to the frames on the link. */
import type { PhaseUse } from '../metrics/phases.ts';
import type { CostRow } from '../metrics/cost.ts';

/** bytes that each layer adds to the one above; `totalBytes` is their sum: what went over the link. */
export interface PhaseLayers {
  readonly phase: string;
  /** Measured: CBOR and JSON of jobs and streams, and what is in them. */
  readonly payloadBytes: number;
  /** Measured: headers and topics of MQTT. */
  readonly mqttBytes: number;
  /** Modelled, as all that follows. Handshakes are part of `connect`. */
  readonly tlsBytes: number;
  readonly tcpIpBytes: number;
  readonly frameBytes: number;
  readonly totalBytes: number;
  readonly seconds: number;
}

const PAYLOAD: readonly string[] = ['sent-payload', 'received-payload'];

/** @param rows of the same run */
export const phaseLayers = (rows: readonly CostRow[], phases: ReadonlyMap<string, PhaseUse>): readonly PhaseLayers[] =>
  [...phases].map(([phase, use]) => {
    const payloadBytes = rows
      .filter((row) => row.phase === phase && PAYLOAD.includes(row.quantity))
      .reduce((sum, { value }) => sum + value, 0);
    return {
      phase,
      payloadBytes,
      mqttBytes: use.mqttBytes - payloadBytes,
      tlsBytes: use.tlsBytes,
      tcpIpBytes: use.packetBytes - use.tlsBytes - use.mqttBytes,
      frameBytes: use.frameBytes - use.packetBytes,
      totalBytes: use.frameBytes,
      seconds: use.ms / 1_000,
    };
  });
