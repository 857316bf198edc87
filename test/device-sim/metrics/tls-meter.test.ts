import { describe, expect, it } from 'vitest';
import { MeterMismatch } from '../../../device-sim/metrics/connection-meter.ts';
import { TlsMeter } from '../../../device-sim/metrics/tls-meter.ts';

const FACTS = { group: 'X25519MLKEM768', serverCertificate: 'P-256', deviceCertificate: 'none' };
const bytes = (count: number) => new Uint8Array(count);

/** 100 bytes out and 200 in for the handshake, then 50 of which 28 are carried, and 40 in of which none are. */
function connect(meter: TlsMeter, socket = { sentBytes: 150, receivedBytes: 240 }): void {
  const tap = meter.openConnection();
  tap.sent(bytes(60));
  tap.received(bytes(200));
  tap.proven(FACTS);
  tap.sent(bytes(40));
  tap.established();
  tap.sent(bytes(50));
  tap.received(bytes(40));
  tap.closed(socket);
  tap.finished({ sentBytes: 28, receivedBytes: 0 });
}

describe('the meter of TLS', () => {
  it('tells the handshake from what comes after it, and adds up connections', () => {
    const meter = new TlsMeter();
    connect(meter);
    connect(meter);
    expect(meter.handshakes).toBe(2);
    expect(meter.handshakeBytes).toEqual({ sent: 200, received: 400 });
    expect(meter.recordBytes).toEqual({ sent: 44, received: 80 });
    expect([...meter.facts]).toEqual([
      ['tls-group X25519MLKEM768', 2],
      ['tls-server-certificate P-256', 2],
      ['tls-device-certificate none', 2],
    ]);
  });

  it('counts all bytes of a handshake that came to nothing as its own', () => {
    const meter = new TlsMeter();
    const tap = meter.openConnection();
    tap.sent(bytes(60));
    tap.received(bytes(7));
    tap.closed({ sentBytes: 60, receivedBytes: 7 });
    tap.finished({ sentBytes: 0, receivedBytes: 0 });
    expect([meter.handshakeBytes, meter.facts.size]).toEqual([{ sent: 60, received: 7 }, 0]);
  });

  it.each([
    ['the socket counted other bytes', { sentBytes: 149, receivedBytes: 240 }],
    ['the socket counted none', { sentBytes: 150, receivedBytes: 0 }],
  ])('fails, and stays failed, where %s', (_name, socket) => {
    const meter = new TlsMeter();
    connect(meter, socket);
    connect(meter);
    expect(() => meter.handshakeBytes).toThrow(MeterMismatch);
    expect(() => meter.recordBytes).toThrow(MeterMismatch);
  });
});
