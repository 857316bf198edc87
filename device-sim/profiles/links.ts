/**
 * Links as data with sources: what a radio carries at a time, how fast, how far away, and what it costs. A number without
 * a document behind it says so: `our choice`. What we found no readable document for is left out, energy above all.
 *
 *     MQTT ─ TLS ─ TCP ─ IP ─ frames        `ip`:      TCP/IP ends at the device
 *     MQTT ─ ── ── ── ── ──── frames        `gateway`: TCP/IP ends at a gateway, and the packets of MQTT go on in frames
 */

export type LinkDirection = 'up' | 'down';

export interface Frame {
  /** Most that one frame carries of what is above it: an IP packet, or a packet of MQTT through a gateway. */
  readonly payloadBytes: number;
  /** What each frame adds, from preamble to checksum. */
  readonly overheadBytes: number;
  /** Time that each frame adds beside its bytes: spaces between frames, acknowledgements of the link. */
  readonly overheadMicroseconds: number;
  /** What a frame loses to the pieces of a packet that does not fit into one (6LoWPAN, RFC 4944 §5.3). */
  readonly fragment?: { readonly firstBytes: number; readonly nextBytes: number; readonly unitBytes: number };
}

/** LoRa's time on air is no multiple of its bytes: Semtech SX1276/77/78/79 datasheet Rev. 7, §4.1.1.7. */
export interface LoraModulation {
  readonly spreadingFactor: number;
  readonly bandwidthHz: number;
  /** 1 to 4 for 4/5 to 4/8. */
  readonly codingRate: number;
  readonly preambleSymbols: number;
  readonly isLowDataRateOptimized: boolean;
}

export interface Way {
  readonly bitsPerSecond: number;
  readonly frame: Frame;
  readonly lora?: LoraModulation;
  /** Of the time that the sender may be on air, 0 to 1; it is silent after each frame for the rest. */
  readonly dutyCycle: number;
  /** What waits for the link when it is busy; more of IP is dropped. */
  readonly queueBytes: number;
}

export type LinkCarries =
  | {
      readonly kind: 'ip';
      /** Largest IP packet. */
      readonly mtuBytes: number;
      readonly ipHeaderBytes: number;
      /** The same header as it goes over the link: less, where the link compresses it. */
      readonly linkIpHeaderBytes: number;
    }
  | { readonly kind: 'gateway' };

/** Of the radio alone, while it sends or receives. */
export interface RadioPower {
  readonly transmitMilliamps: number;
  readonly receiveMilliamps: number;
  readonly volts: number;
}

/** What a profile must give a source for. */
export type LinkFact = 'carries' | 'rate' | 'frame' | 'dutyCycle' | 'roundTrip' | 'loss' | 'queue' | 'energy';

export interface LinkProfile {
  readonly name: string;
  readonly title: string;
  readonly carries: LinkCarries;
  readonly up: Way;
  readonly down: Way;
  /** There and back without the time on air: propagation and scheduling. */
  readonly roundTripMs: number;
  /** Up to so much more each way. */
  readonly jitterMs: number;
  /** 0 to 1, of what is lost as a whole: an IP packet, which TCP sends again; a frame, which a gateway's link sends again. */
  readonly lossRate: number;
  readonly power?: RadioPower;
  readonly sources: Readonly<Record<LinkFact, string>>;
}

const CHOICE = 'our choice';
const NO_ENERGY = 'left out: no figure whose document we could read';
const NO_DUTY_CYCLE = 'none: the band or the scheduler does not ask for one';
const QUEUE_BYTES = 30_000;
const QUEUE = `${CHOICE}: about ten seconds of the slowest of these links`;

const IPV4 = { kind: 'ip', ipHeaderBytes: 20, linkIpHeaderBytes: 20 } as const;
const GATEWAY = { kind: 'gateway' } as const;

interface PlainFrame {
  readonly bitsPerSecond: number;
  readonly payloadBytes: number;
  readonly overheadBytes?: number;
  readonly overheadMicroseconds?: number;
}

const way = ({ bitsPerSecond, payloadBytes, overheadBytes = 0, overheadMicroseconds = 0 }: PlainFrame): Way => ({
  bitsPerSecond,
  frame: { payloadBytes, overheadBytes, overheadMicroseconds },
  dutyCycle: 1,
  queueBytes: QUEUE_BYTES,
});

const MTU_3GPP = '3GPP TS 23.060 Annex C: 1358 bytes, which leave room for the network’s own tunnels';

const SIX_LOWPAN: Way = {
  ...way({ bitsPerSecond: 250_000, payloadBytes: 80, overheadBytes: 53 }),
  frame: {
    payloadBytes: 80,
    overheadBytes: 53,
    overheadMicroseconds: 0,
    fragment: { firstBytes: 4, nextBytes: 5, unitBytes: 8 },
  },
};

// Between two packets of a connection event are 150 µs, and each is answered by an empty one of 80 µs.
const BLE_TURN_MICROSECONDS = 150 + 80 + 150;
const ble = (payloadBytes: number): Way =>
  way({ bitsPerSecond: 1_000_000, payloadBytes, overheadBytes: 17, overheadMicroseconds: BLE_TURN_MICROSECONDS });

const BLE_SOURCES = {
  carries: `${CHOICE}: GATT values to a gateway, as most products do (IP over BLE is RFC 7668)`,
  rate: 'Bluetooth Core Specification 5.4, Vol 6 Part A §3.1: LE 1M',
  dutyCycle: NO_DUTY_CYCLE,
  roundTrip: `${CHOICE}: one connection interval of 30 ms each way (7.5 ms to 4 s: Bluetooth Core 5.4, Vol 6 Part B §4.5.1)`,
  loss: `${CHOICE}; the link layer sends again`,
  queue: QUEUE,
  energy:
    'Nordic Semiconductor, nRF52840 Product Specification, chapter Current consumption, Radio: 6.40 mA sending at 0 dBm ' +
    '(IRADIO_TX1), 6.26 mA receiving (IRADIO_RX0), 1 Mbit/s, DC/DC, at 3 V',
} as const;
const BLE_POWER: RadioPower = { transmitMilliamps: 6.4, receiveMilliamps: 6.26, volts: 3 };

interface DataRate {
  readonly bitsPerSecond: number;
  readonly payloadBytes: number;
  readonly spreadingFactor: number;
}

const LORAWAN_OVERHEAD_BYTES = 13;
const loraWay = ({ bitsPerSecond, payloadBytes, spreadingFactor }: DataRate): Way => ({
  ...way({ bitsPerSecond, payloadBytes, overheadBytes: LORAWAN_OVERHEAD_BYTES }),
  lora: {
    spreadingFactor,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 8,
    isLowDataRateOptimized: spreadingFactor >= 11,
  },
  dutyCycle: 0.01,
});

const LORAWAN_SOURCES = {
  carries: `${CHOICE}: nobody runs TCP over LoRaWAN. No header for pieces of a packet is counted (RFC 9011 needs 1 or 2 bytes each)`,
  rate: 'LoRaWAN 1.0.2 Regional Parameters rev B, §2.1.3 (EU863-870): indicative bit rate; time on air by the formula of SX1276 Rev. 7, §4.1.1.7',
  frame:
    'LoRaWAN 1.0.2 Regional Parameters rev B, §2.1.6: 51 bytes at DR0, 222 at DR5; MHDR 1, FHDR 7, FPort 1 and MIC 4 ' +
    'around it (LoRaWAN 1.0.2 §4)',
  dutyCycle: 'LoRaWAN 1.0.2 Regional Parameters rev B, §2.1.2: below 1 % on the three default channels',
  roundTrip:
    'LoRaWAN 1.0.2 Regional Parameters rev B, §2.1 default settings: RECEIVE_DELAY1 is 1 s. A device of class A hears ' +
    'one frame after each of its own; more in a row, as counted here, need class B or C',
  loss: `${CHOICE}; frames are sent again`,
  queue: QUEUE,
  energy:
    'Microchip, data sheet of its SX1276 with SAM L21 (document GUID-BC5AB492), §7.4.1 Current Consumption, 868 MHz: ' +
    '41.54 mA sending at setting 15, 12.68 mA receiving at 125 kHz, at 3.3 V, its processor active',
} as const;
const LORA_POWER: RadioPower = { transmitMilliamps: 41.54, receiveMilliamps: 12.68, volts: 3.3 };

// oxfmt-ignore
export const LINKS: readonly LinkProfile[] = [
  { name: 'nb-iot', title: 'NB-IoT, Cat-NB1', carries: { ...IPV4, mtuBytes: 1_358 },
    up: way({ bitsPerSecond: 62_000, payloadBytes: 125 }), down: way({ bitsPerSecond: 26_000, payloadBytes: 85 }),
    roundTripMs: 800, jitterMs: 0, lossRate: 0,
    sources: {
      carries: MTU_3GPP,
      rate: 'peak of Cat-NB1 with one HARQ process, 26 down and 62 up, as in the comparison of ' +
            'blog.mbedded.ninja/electronics/communication-protocols/cellular; less in bad coverage, where blocks are repeated',
      frame: 'transport blocks of at most 680 bits down and 1000 bits up: 3GPP TS 36.213 Rel. 13, tables 16.4.1.5.1-1 and ' +
             '16.5.1.2-2. Headers of MAC, RLC and PDCP are not counted',
      dutyCycle: NO_DUTY_CYCLE,
      roundTrip: `${CHOICE}, for a device that is connected, in good coverage (from idle: 1.6 to 10 s, as the comparison above says)`,
      loss: `${CHOICE}: HARQ and RLC repeat, so losses show as jitter`,
      queue: QUEUE, energy: NO_ENERGY } },

  { name: 'lte-m', title: 'LTE-M, Cat-M1, half duplex', carries: { ...IPV4, mtuBytes: 1_358 },
    up: way({ bitsPerSecond: 375_000, payloadBytes: 125 }), down: way({ bitsPerSecond: 300_000, payloadBytes: 125 }),
    roundTripMs: 100, jitterMs: 0, lossRate: 0,
    sources: {
      carries: MTU_3GPP,
      rate: 'peak of Cat-M1 in half duplex, Rel. 13, as makers of modems state it: 300 down, 375 up',
      frame: 'transport blocks of at most 1000 bits: 3GPP TS 36.306 Rel. 13, tables 4.1-1 and 4.1-2. Headers of MAC, RLC ' +
             'and PDCP are not counted',
      dutyCycle: NO_DUTY_CYCLE, roundTrip: `${CHOICE}, for a device that is connected`,
      loss: `${CHOICE}: HARQ and RLC repeat`, queue: QUEUE, energy: NO_ENERGY } },

  { name: 'wi-fi', title: 'Wi-Fi at its lowest OFDM rate', carries: { ...IPV4, mtuBytes: 1_500 },
    up: way({ bitsPerSecond: 6_000_000, payloadBytes: 1_500, overheadBytes: 54 }),
    down: way({ bitsPerSecond: 6_000_000, payloadBytes: 1_500, overheadBytes: 54 }),
    roundTripMs: 10, jitterMs: 5, lossRate: 0.001,
    sources: {
      carries: 'IEEE 802.3 MTU, which access points keep',
      rate: 'IEEE Std 802.11-2020 §17.3: 6 Mbit/s, the lowest mandatory OFDM rate',
      frame: 'IEEE Std 802.11-2020: QoS data header 26 and FCS 4 (§9.3.2.1), CCMP 16 (§12.5.3), LLC/SNAP 8; contention, ' +
             'preambles and acknowledgements are not counted',
      dutyCycle: NO_DUTY_CYCLE, roundTrip: CHOICE, loss: CHOICE, queue: QUEUE, energy: NO_ENERGY } },

  { name: '802.15.4', title: '802.15.4 with 6LoWPAN', carries: { kind: 'ip', mtuBytes: 1_280, ipHeaderBytes: 40, linkIpHeaderBytes: 7 },
    up: SIX_LOWPAN, down: SIX_LOWPAN, roundTripMs: 40, jitterMs: 10, lossRate: 0.01,
    power: { transmitMilliamps: 6.4, receiveMilliamps: 6.53, volts: 3 },
    sources: {
      carries: 'RFC 4944 §4: MTU 1280; RFC 6282 §3.1: an IPv6 header is 7 bytes over several hops',
      rate: 'IEEE Std 802.15.4-2020, O-QPSK PHY at 2.4 GHz: 250 kbit/s',
      frame: 'RFC 4944 §4: of 127 bytes, 25 are headers and 21 are AES-CCM-128, which leaves 81 (80 are used, since offsets count ' +
             'in 8); 6 bytes of preamble and length before each. Pieces: RFC 4944 §5.3. Contention is not counted',
      dutyCycle: NO_DUTY_CYCLE, roundTrip: `${CHOICE}: two hops`, loss: `${CHOICE}, of an IP packet, after the link’s own retries`,
      queue: QUEUE,
      energy: 'Nordic Semiconductor, nRF52840 Product Specification, chapter Current consumption, Radio: 6.40 mA sending at ' +
              '0 dBm (IRADIO_TX5), 6.53 mA receiving (IRADIO_RX2), 250 kbit/s, DC/DC, at 3 V' } },

  { name: 'ble', title: 'Bluetooth LE, MTU 23, through a gateway', carries: GATEWAY, up: ble(20), down: ble(20),
    roundTripMs: 60, jitterMs: 0, lossRate: 0.01, power: BLE_POWER,
    sources: { ...BLE_SOURCES,
      frame: 'Bluetooth Core Specification 5.4: ATT_MTU 23 (Vol 3 Part G §5.2.1) less 3 of ATT; ATT 3, L2CAP 4, and 10 of the ' +
             'link layer (Vol 6 Part B §2.1) around it; 150 µs of space and an empty packet of 80 µs after it (§4.1)' } },

  { name: 'ble-dle', title: 'Bluetooth LE with longer packets, through a gateway', carries: GATEWAY, up: ble(244), down: ble(244),
    roundTripMs: 60, jitterMs: 0, lossRate: 0.01, power: BLE_POWER,
    sources: { ...BLE_SOURCES,
      frame: 'Bluetooth Core Specification 5.4, Vol 6 Part B §4.5.10: 251 bytes of data, less L2CAP 4 and ATT 3; the same around it ' +
             'as with MTU 23' } },

  { name: 'lorawan-dr0', title: 'LoRaWAN EU868 DR0 (SF12), through a gateway', carries: GATEWAY,
    up: loraWay({ bitsPerSecond: 250, payloadBytes: 51, spreadingFactor: 12 }),
    down: loraWay({ bitsPerSecond: 250, payloadBytes: 51, spreadingFactor: 12 }),
    roundTripMs: 1_000, jitterMs: 0, lossRate: 0, power: LORA_POWER, sources: LORAWAN_SOURCES },

  { name: 'lorawan-dr5', title: 'LoRaWAN EU868 DR5 (SF7), through a gateway', carries: GATEWAY,
    up: loraWay({ bitsPerSecond: 5_470, payloadBytes: 222, spreadingFactor: 7 }),
    down: loraWay({ bitsPerSecond: 5_470, payloadBytes: 222, spreadingFactor: 7 }),
    roundTripMs: 1_000, jitterMs: 0, lossRate: 0, power: LORA_POWER, sources: LORAWAN_SOURCES },

  { name: 'satellite', title: 'Geostationary satellite, lossy', carries: { ...IPV4, mtuBytes: 1_500 },
    up: way({ bitsPerSecond: 64_000, payloadBytes: 1_500 }), down: way({ bitsPerSecond: 128_000, payloadBytes: 1_500 }),
    roundTripMs: 558, jitterMs: 20, lossRate: 0.01,
    sources: {
      carries: `${CHOICE}: that of Ethernet`, rate: CHOICE, frame: `${CHOICE}: an IP packet is one frame without overhead`,
      dutyCycle: NO_DUTY_CYCLE, roundTrip: 'RFC 2488 §2: 558 ms there and back from the edge of the view; jitter is our choice',
      loss: `${CHOICE}: 1 % of packets, to show what losses cost`, queue: QUEUE, energy: NO_ENERGY } },
];

export const linkNamed = (name: string): LinkProfile | undefined => LINKS.find((link) => link.name === name);

/** The same link with the time of everything divided by `factor`: what takes a minute is tested in seconds. */
export function fasterLink(link: LinkProfile, factor: number): LinkProfile {
  const faster = (way: Way): Way => ({
    ...way,
    bitsPerSecond: way.bitsPerSecond * factor,
    frame: { ...way.frame, overheadMicroseconds: way.frame.overheadMicroseconds / factor },
    ...(way.lora && { lora: { ...way.lora, bandwidthHz: way.lora.bandwidthHz * factor } }),
  });
  return {
    ...link,
    name: `${link.name} x${factor}`,
    up: faster(link.up),
    down: faster(link.down),
    roundTripMs: link.roundTripMs / factor,
    jitterMs: link.jitterMs / factor,
  };
}
