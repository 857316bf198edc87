/** The handshakes that a fleet might choose from, each of them made and counted. */
import { countHandshake, type HandshakeCount } from './count-handshake.ts';
import { type CertificateAlgorithm, createSide, type ThrowawaySide } from './throwaway-pki.ts';

export interface HandshakeRow extends HandshakeCount {
  readonly serverCertificate: CertificateAlgorithm;
  /** Undefined: only the server proves who it is. */
  readonly deviceCertificate: CertificateAlgorithm | undefined;
  readonly serverCertificateBytes: number;
  readonly deviceCertificateBytes: number;
}

type Choice = readonly [
  server: CertificateAlgorithm,
  device: CertificateAlgorithm | undefined,
  keyExchange: 'required' | 'off',
];

// oxfmt-ignore
export const CHOICES: readonly Choice[] = [
  ['P-256',     undefined,   'off'],
  ['P-256',     undefined,   'required'],
  ['ML-DSA-44', undefined,   'required'],
  ['ML-DSA-65', undefined,   'required'],
  ['ML-DSA-87', undefined,   'required'],
  ['P-256',     'P-256',     'off'],
  ['P-256',     'P-256',     'required'],
  ['P-256',     'ML-DSA-44', 'required'],
  ['ML-DSA-44', 'ML-DSA-44', 'required'],
  ['ML-DSA-65', 'ML-DSA-65', 'required'],
  ['ML-DSA-87', 'ML-DSA-87', 'required'],
];

export interface CountOptions {
  readonly tickets: boolean;
  readonly nowMs: number;
  readonly onCounted?: (done: number) => void;
}

export async function countHandshakes({ tickets, nowMs, onCounted }: CountOptions): Promise<readonly HandshakeRow[]> {
  const sides = new Map<string, Promise<ThrowawaySide>>();
  const sideOf = (profile: 'server' | 'device', algorithm: CertificateAlgorithm): Promise<ThrowawaySide> => {
    const key = `${profile} ${algorithm}`;
    const side = sides.get(key) ?? createSide(profile, algorithm, nowMs);
    sides.set(key, side);
    return side;
  };
  const rows: HandshakeRow[] = [];
  for (const [serverCertificate, deviceCertificate, keyExchange] of CHOICES) {
    const server = await sideOf('server', serverCertificate);
    const device = deviceCertificate && (await sideOf('device', deviceCertificate));
    rows.push({
      serverCertificate,
      deviceCertificate,
      serverCertificateBytes: server.certificateBytes,
      deviceCertificateBytes: device?.certificateBytes ?? 0,
      ...(await countHandshake({ server, device, keyExchange }, { tickets })),
    });
    onCounted?.(rows.length);
  }
  return rows;
}
