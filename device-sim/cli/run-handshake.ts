/** The TLS handshake of a run, as a replay over a link takes it: what was counted, an average of all that came through. */
import { TLS_RECORD_OVERHEAD_BYTES, type TlsGroup, type TlsHandshake, tlsHandshakeOf } from '../links/tls.ts';
import type { Trace } from '../links/trace.ts';
import { type CostRow, sumOf } from '../metrics/cost.ts';

const GROUPS: readonly TlsGroup[] = ['X25519', 'X25519MLKEM768'];

/** @returns undefined where the run had no TLS, or no handshake came through */
export function handshakeOf(rows: readonly CostRow[], trace: Trace): TlsHandshake | undefined {
  const group = GROUPS.find((name) => sumOf(rows, `tls-group ${name}`) > 0);
  if (!group) return undefined;
  const handshakes = sumOf(rows, `tls-group ${group}`);
  const each = (quantity: string): number => Math.round(sumOf(rows, quantity) / handshakes);
  const packets = trace.flat().filter(({ direction }) => direction === 'down').length;
  // What is left is no head of a record. Packets that shared one make it too little, so it is never less than none.
  const tickets = sumOf(rows, 'tls-records-received') - packets * TLS_RECORD_OVERHEAD_BYTES;
  return tlsHandshakeOf({
    name: 'counted',
    group,
    sentBytes: each('tls-handshake-sent'),
    receivedBytes: each('tls-handshake-received'),
    ticketBytes: Math.max(0, Math.round(tickets / handshakes)),
    source: 'counted below TLS in this run',
  });
}
