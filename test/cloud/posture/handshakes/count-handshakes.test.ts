import { describe, expect, it } from 'vitest';
import { countHandshakes } from '../../../../cloud/posture/handshakes/count-handshakes.ts';

/**
 * Node 26.10 with OpenSSL 3.5.8, measured apart from this code with certificates of another shape: leaf of 391 bytes
 * (P-256) to 7,475 (ML-DSA-87), no session tickets. Ours are up to 41 bytes longer.
 */
// oxfmt-ignore
const ELSEWHERE: readonly [server: string, device: string | undefined, group: string, sent: number, received: number, tickets: number][] = [
  ['P-256',     undefined,   'X25519',         315,    763,    510],
  ['P-256',     undefined,   'X25519MLKEM768', 1_491,  1_853,  510],
  ['ML-DSA-44', undefined,   'X25519MLKEM768', 1_491,  7_796,  510],
  ['ML-DSA-65', undefined,   'X25519MLKEM768', 1_491,  10_214, 510],
  ['ML-DSA-87', undefined,   'X25519MLKEM768', 1_491,  13_490, 510],
  ['P-256',     'P-256',     'X25519',         814,    867,    1_246],
  ['P-256',     'P-256',     'X25519MLKEM768', 1_991,  1_956,  1_246],
  ['P-256',     'ML-DSA-44', 'X25519MLKEM768', 7_935,  1_956,  8_446],
  ['ML-DSA-44', 'ML-DSA-44', 'X25519MLKEM768', 7_935,  7_899,  8_446],
  ['ML-DSA-65', 'ML-DSA-65', 'X25519MLKEM768', 10_353, 10_317, 11_486],
  ['ML-DSA-87', 'ML-DSA-87', 'X25519MLKEM768', 13_629, 13_593, 15_390],
];
/** bytes. The shape of the certificates, and up to 3 of an ECDSA signature's DER on each side. */
const TOLERANCE = 64;
/** A ticket carries the device's certificate twice, and there are two of them. */
const TICKET_TOLERANCE = 160;

describe('the handshakes', () => {
  it('take the bytes that were measured elsewhere, within those of the certificates', async () => {
    const rows = await countHandshakes({ tickets: true, nowMs: Date.now() });
    expect(rows).toHaveLength(ELSEWHERE.length);
    for (const [index, [server, device, group, sent, received, tickets]] of ELSEWHERE.entries()) {
      const row = rows[index]!;
      expect([row.serverCertificate, row.deviceCertificate, row.group]).toEqual([server, device, group]);
      expect(Math.abs(row.sentBytes - sent)).toBeLessThanOrEqual(TOLERANCE);
      expect(Math.abs(row.receivedBytes - received)).toBeLessThanOrEqual(TOLERANCE);
      expect(Math.abs(row.ticketBytes - tickets)).toBeLessThanOrEqual(TICKET_TOLERANCE);
    }
  });

  it('end with 158 bytes where nobody gives tickets that carry anything', async () => {
    const rows = await countHandshakes({ tickets: false, nowMs: Date.now() });
    expect(new Set(rows.map(({ ticketBytes }) => ticketBytes))).toEqual(new Set([158]));
  });

  it('send one certificate from each side, and no root', async () => {
    const rows = await countHandshakes({ tickets: false, nowMs: Date.now() });
    const [, pq] = rows.filter(({ deviceCertificate }) => deviceCertificate === 'ML-DSA-44');
    // ClientHello 1,411, two signatures of 2,420, and the rest of the handshake: a root of 3.9 KB would show.
    expect(pq!.sentBytes - pq!.deviceCertificateBytes - 2_420).toBeLessThan(1_600);
    expect(pq!.receivedBytes - pq!.serverCertificateBytes - 2_420).toBeLessThan(1_600);
  });
});
