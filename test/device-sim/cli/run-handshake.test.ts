import { describe, expect, it } from 'vitest';
import { handshakeOf } from '../../../device-sim/cli/run-handshake.ts';
import type { TracedPacket } from '../../../device-sim/links/trace.ts';
import type { CostRow } from '../../../device-sim/metrics/cost.ts';

const rowsOf = (values: Readonly<Record<string, number>>): readonly CostRow[] =>
  Object.entries(values).map(([quantity, value]) => ({
    ...{ run: 'hub-1', seed: '', commit: '', profile: 'nrf52840', link: 'unshaped', algorithm: '', blockBytes: 4_096 },
    ...{ phase: 'connect', quantity, unit: 'B', value, how: 'measured', n: 1 },
  }));

const packet = (direction: 'up' | 'down'): TracedPacket => ({
  ...{ direction, bytes: 100, phase: 'connect', packet: 'publish' },
});
const rows = rowsOf({
  ...{
    'tls-handshakes': 3,
    'tls-group X25519MLKEM768': 2,
    'tls-handshake-sent': 4_002,
    'tls-handshake-received': 7_000,
  },
  ...{ 'tls-records-sent': 60, 'tls-records-received': 544 },
});

describe('handshakeOf', () => {
  it('is the average of what was counted; tickets are what no record accounts for', () => {
    const trace = [[packet('up'), packet('down')], [packet('down')]];
    expect(handshakeOf(rows, trace)).toMatchObject({
      ...{ clientHelloBytes: 1_411, clientFlightBytes: 590, serverFlightBytes: 3_500, ticketBytes: 250 },
    });
  });

  it('has no ticket of less than nothing, where packets shared a record', () => {
    expect(handshakeOf(rows, [Array.from({ length: 40 }, () => packet('down'))])?.ticketBytes).toBe(0);
  });

  it('is none where the run had no TLS, or nothing came of it', () => {
    expect(handshakeOf(rowsOf({ sent: 100 }), [])).toBeUndefined();
    expect(handshakeOf(rowsOf({ 'tls-handshakes': 1, 'tls-handshake-sent': 1_411 }), [])).toBeUndefined();
  });
});
