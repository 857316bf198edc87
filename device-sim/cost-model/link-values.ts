/**
 * What an update costs on a link. The counts are handed in: a replay of the run over the link (links/replay.ts), or what
 * an emulator counted.
 */
import type { PhaseUse } from '../metrics/phases.ts';
import type { LinkDirection, LinkProfile } from '../profiles/links.ts';
import type { Values } from './core-values.ts';
import { type CostValue, computed, given, measured } from './value.ts';

/** Of one direction. */
interface DirectionUse {
  /** Of IP; through a gateway, of MQTT. */
  readonly packetBytes: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly airMs: number;
}

/** A `Replay` is one. */
export interface LinkUse {
  /** From the first packet of a connection to the last, all connections together. */
  readonly durationMs: number;
  readonly traffic: Readonly<Record<LinkDirection, DirectionUse>>;
  readonly mqttBytes: Readonly<Record<LinkDirection, number>>;
  readonly phases: ReadonlyMap<string, PhaseUse>;
}

export function linkValues(profile: LinkProfile, use: LinkUse): Values {
  const { title, sources } = profile;
  const counted = givenBy(`${title}: frame by frame (links/frames.ts); ${sources.frame}`);
  const timed = givenBy(`${title}: in virtual time; ${sources.rate}; round trip: ${sources.roundTrip}`);
  const both = (of: keyof DirectionUse): number => use.traffic.up[of] + use.traffic.down[of];
  const mqtt = measured({
    quantity: 'mqtt-bytes',
    value: use.mqttBytes.up + use.mqttBytes.down,
    unit: 'B',
    source: 'counted packet by packet as the run was recorded',
  });
  const packets = counted('packet-bytes', both('packetBytes'), 'B');
  const frames = counted('frame-bytes', both('frameBytes'), 'B');
  const linkTime = timed('link-time', use.durationMs / 1_000, 's');
  const airTime = {
    up: timed('air-time up', use.traffic.up.airMs / 1_000, 's'),
    down: timed('air-time down', use.traffic.down.airMs / 1_000, 's'),
  };
  const values = [
    mqtt,
    difference('tls-tcp-ip-bytes', packets, mqtt),
    difference('frame-overhead', frames, packets),
    frames,
    counted('frames', both('frames'), '1'),
    airTime.up,
    airTime.down,
    linkTime,
    computed({
      quantity: 'connected',
      value: linkTime.value / 60,
      unit: 'min',
      formula: 'link-time ÷ 60',
      inputs: [linkTime],
    }),
  ];
  const energy = radioEnergy(profile, airTime);
  return { values: [...values, ...energy.values], unavailable: energy.unavailable };
}

const givenBy =
  (source: string) =>
  (quantity: string, value: number, unit: string): CostValue =>
    given({ quantity, value, unit, source });

const difference = (quantity: string, whole: CostValue, part: CostValue): CostValue =>
  computed({
    quantity,
    value: whole.value - part.value,
    unit: 'B',
    formula: `${whole.quantity} − ${part.quantity}`,
    inputs: [whole, part],
  });

/** Of sending and receiving; listening between frames is not in it. */
function radioEnergy(
  { name, power, sources }: LinkProfile,
  { up, down }: Readonly<Record<LinkDirection, CostValue>>,
): Values {
  if (!power) return { values: [], unavailable: [{ quantity: 'radio-energy', why: `${name}: ${sources.energy}` }] };
  const source = sources.energy;
  const transmit = given({ quantity: 'transmit-current', value: power.transmitMilliamps, unit: 'mA', source });
  const receive = given({ quantity: 'receive-current', value: power.receiveMilliamps, unit: 'mA', source });
  const voltage = given({ quantity: 'radio-voltage', value: power.volts, unit: 'V', source });
  const energy = computed({
    quantity: 'radio-energy',
    value: (up.value * transmit.value + down.value * receive.value) * voltage.value,
    unit: 'mJ',
    formula: '(air-time up × transmit-current + air-time down × receive-current) × radio-voltage',
    inputs: [up, transmit, down, receive, voltage],
  });
  return { values: [energy], unavailable: [] };
}
