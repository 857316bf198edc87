/** `bristlecone posture handshakes`: what each choice of certificates and key exchange costs a device per connection. */
import type { Command } from 'commander';
import { run, subcommand, textTable } from '../../../command-line.ts';
import { CHOICES, countHandshakes, type HandshakeRow } from '../../posture/handshakes/count-handshakes.ts';

export function registerHandshakes(parent: Command): void {
  const command = subcommand(parent, {
    name: 'handshakes',
    summary: 'bytes of a TLS 1.3 handshake with the broker, per direction: made here over real sockets and counted',
    examples: ['posture handshakes', 'posture handshakes --tickets', 'posture handshakes --json'],
  }).option('--tickets', 'let the server give session tickets, which carry the device’s certificate');
  run<{ tickets?: true }>(command, async ({ options, io }) => {
    const progress = io.progress('handshakes', CHOICES.length);
    const tickets = options.tickets === true;
    const rows = await countHandshakes({ tickets, nowMs: io.nowMs(), onCounted: (done) => progress.update(done) });
    progress.stop();
    return { json: { tickets, how: 'measured', handshakes: rows }, text: describe(rows) };
  });
}

function describe(rows: readonly HandshakeRow[]): string {
  const head = ['server', 'device', 'key exchange', 'device sends', 'device receives', 'both', 'afterwards'];
  const cells = rows.map((row) => [
    row.serverCertificate,
    row.deviceCertificate ?? 'none',
    row.group,
    row.sentBytes,
    row.receivedBytes,
    row.sentBytes + row.receivedBytes,
    row.ticketBytes,
  ]);
  return [
    textTable(head, cells),
    '',
    'Bytes that TCP carries, TLS records included, measured on this machine. Server and device have a CA each, and the',
    'other side knows it: only their own certificates travel. `afterwards`: session tickets, which the device receives',
    'after the handshake; without --tickets they hold nothing but a number.',
  ].join('\n');
}
