/** TLS servers of every kind on real sockets, with certificates made here and now. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

// oxfmt-ignore
const ALGORITHMS = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'RSA-2048': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: Uint8Array.of(1, 0, 1), modulusLength: 2048 },
  'ML-DSA-44': { name: 'ML-DSA-44' },
  'ML-DSA-65': { name: 'ML-DSA-65' },
} as const;

/** A self-signed certificate for localhost, and its key, in PEM. */
export async function selfSigned(algorithm: keyof typeof ALGORITHMS): Promise<Pair> {
  cryptoProvider.set(webcrypto);
  const parameters = ALGORITHMS[algorithm];
  const keys = (await webcrypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=localhost, O=${algorithm}`,
    keys,
    signingAlgorithm: parameters,
    notBefore: new Date('2026-01-01'),
    notAfter: new Date('2046-01-01'),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

export interface TestServer {
  readonly port: number;
  close(): Promise<void>;
}

export function startTls(pair: Pair, options: TlsOptions = {}): Promise<TestServer> {
  const server = createServer({ ...pair, ...options }, (socket) => socket.on('error', () => undefined));
  server.on('tlsClientError', () => undefined);
  return listening(server);
}

export function startTcp(onConnection: (socket: Socket) => void): Promise<TestServer> {
  return listening(createTcpServer(onConnection));
}

async function listening(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
