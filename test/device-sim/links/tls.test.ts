import { describe, expect, it } from 'vitest';
import { Agenda } from '../../../device-sim/links/agenda.ts';
import { openChannels } from '../../../device-sim/links/channel.ts';
import { openConversation } from '../../../device-sim/links/conversation.ts';
import { type TlsGroup, tlsHandshakeOf, tlsRecordBytes } from '../../../device-sim/links/tls.ts';
import { linkNamed, type LinkProfile } from '../../../device-sim/profiles/links.ts';

const NB_IOT = linkNamed('nb-iot')!;
/** As it was measured: 25 kbit/s down, 60 up, 800 ms there and back. */
const MEASURED_LINK: LinkProfile = {
  ...NB_IOT,
  down: { ...NB_IOT.down, bitsPerSecond: 25_000 },
  up: { ...NB_IOT.up, bitsPerSecond: 60_000 },
};

interface Measured {
  readonly keys: string;
  readonly group: TlsGroup;
  /** Of TLS: until the end of the handshake, and a session ticket of 158 bytes besides. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly seconds: number;
  readonly ipBytes: readonly [up: number, down: number];
}

/**
 * mTLS connect and one byte there and back, over TCP of the kernel (the emulator, Linux 6.18, OpenSSL 3.5 of Node
 * 26.10): what level 3 counted, and how long it took.
 */
// oxfmt-ignore
const MEASURED: readonly Measured[] = [
  { keys: 'P-256',     group: 'X25519',         sentBytes: 797,    receivedBytes: 840,    seconds: 3.00, ipBytes: [1_088, 1_237] },
  { keys: 'P-256',     group: 'X25519MLKEM768', sentBytes: 1_972,  receivedBytes: 1_926,  seconds: 3.54, ipBytes: [2_367, 2_427] },
  { keys: 'ML-DSA-44', group: 'X25519MLKEM768', sentBytes: 7_917,  receivedBytes: 7_872,  seconds: 6.41, ipBytes: [8_832, 8_945] },
  { keys: 'ML-DSA-65', group: 'X25519MLKEM768', sentBytes: 10_335, receivedBytes: 10_290, seconds: 7.43, ipBytes: [11_354, 11_467] },
];

/** Over the link in virtual time: handshake, and one byte there and back. */
function connect({ keys, group, sentBytes, receivedBytes }: Measured) {
  const tls = tlsHandshakeOf({ name: keys, group, sentBytes, receivedBytes, ticketBytes: 158, source: 'measured' });
  const agenda = new Agenda();
  const channels = openChannels(MEASURED_LINK, 1);
  const doneAtMs: number[] = [];
  openConversation({ link: MEASURED_LINK, channels, agenda, tls }, (conversation) =>
    conversation.send('up', 1, () => conversation.send('down', 1, () => doneAtMs.push(agenda.nowMs))),
  );
  while (doneAtMs.length === 0 && agenda.nextMs !== undefined) agenda.runUntil(agenda.nextMs);
  const { up, down } = channels.traffic();
  return { seconds: doneAtMs[0]! / 1_000, ipBytes: [up.packetBytes, down.packetBytes] };
}

describe('mTLS over NB-IoT, modelled', () => {
  it.each(MEASURED)('takes as long as it was measured to, within 3 %: $keys, $group', (measured) => {
    const { seconds, ipBytes } = connect(measured);
    expect(Math.abs(seconds / measured.seconds - 1)).toBeLessThan(0.03);
    for (const [i, bytes] of measured.ipBytes.entries()) expect(Math.abs(ipBytes[i]! / bytes - 1)).toBeLessThan(0.01);
    expect.assertions(3);
  });
});

describe('records of TLS', () => {
  it.each([
    [1, 23],
    [16_384, 16_406],
    [16_385, 16_429],
  ])('carry %i bytes as %i', (bytes, wire) => {
    expect(tlsRecordBytes(bytes)).toBe(wire);
  });
});

it('a handshake that is shorter than its first message is refused', () => {
  const counted = {
    name: 'x',
    group: 'X25519',
    sentBytes: 235,
    receivedBytes: 800,
    ticketBytes: 0,
    source: '',
  } as const;
  expect(() => tlsHandshakeOf(counted)).toThrow('expected more than 235 bytes sent, got 235');
});
