/** Bytes of TLS handshakes by certificate algorithm, made and counted by `bristlecone posture handshakes`. */
import { listAt, numberAt, textAt } from '../json.ts';
import type { CertificateName } from '../experiment/experiment.ts';
import type { HandshakeBytes } from '../results/results.ts';
import type { CommandProcess } from './command-process.ts';

const CERTIFICATES: readonly CertificateName[] = ['P-256', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];

export const countHandshakes = async (commands: CommandProcess): Promise<readonly HandshakeBytes[]> =>
  listAt(await commands.run(['posture', 'handshakes']), 'handshakes').map(handshakeOf);

function handshakeOf(row: unknown): HandshakeBytes {
  const hasDevice = typeof row === 'object' && row !== null && 'deviceCertificate' in row;
  return {
    serverCertificate: certificateOf(textAt(row, 'serverCertificate')),
    ...(hasDevice && { deviceCertificate: certificateOf(textAt(row, 'deviceCertificate')) }),
    keyExchange: textAt(row, 'group'),
    sentBytes: numberAt(row, 'sentBytes'),
    receivedBytes: numberAt(row, 'receivedBytes'),
    serverCertificateBytes: numberAt(row, 'serverCertificateBytes'),
    deviceCertificateBytes: numberAt(row, 'deviceCertificateBytes'),
  };
}

function certificateOf(name: string): CertificateName {
  const known = CERTIFICATES.find((it) => it === name);
  if (known) return known;
  throw new TypeError(`handshakes: expected one of ${CERTIFICATES.join(', ')}, got ${name}`);
}
