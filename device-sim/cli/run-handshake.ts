/** The TLS handshake of a run, as a replay over a link takes it: what was counted, an average of all connections. */
import { TLS_RECORD_OVERHEAD_BYTES, type TlsHandshake } from '../links/tls.ts';
import type { Trace } from '../links/trace.ts';
import { type CostRow, sumOf } from '../metrics/cost.ts';

/** @returns undefined where the run had no TLS */
export function handshakeOf(rows: readonly CostRow[], trace: Trace): TlsHandshake | undefined {
  const handshakes = sumOf(rows, 'tls-handshakes');
  if (handshakes === 0) return undefined;
  const each = (quantity: string): number => Math.round(sumOf(rows, quantity) / handshakes);
  const sent = each('tls-handshake-sent');
  const packets = trace.flat().filter(({ direction }) => direction === 'down').length;
  // What is left is no head of a record. Packets that shared one make it too little, so it is never less than none.
  const tickets = sumOf(rows, 'tls-records-received') - packets * TLS_RECORD_OVERHEAD_BYTES;
  return {
    name: 'counted',
    clientHelloBytes: Math.ceil(sent / 2),
    serverFlightBytes: each('tls-handshake-received'),
    clientFlightBytes: Math.floor(sent / 2),
    ticketBytes: Math.max(0, Math.round(tickets / handshakes)),
    source: 'counted below TLS in this run; the two flights of the device taken as equally long',
  };
}
