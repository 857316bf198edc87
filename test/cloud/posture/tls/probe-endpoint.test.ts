import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HandshakeCode } from '../../../../cloud/posture/tls/handshake.ts';
import { judgeEndpoint } from '../../../../cloud/posture/tls/judge-endpoint.ts';
import { probeEndpoint } from '../../../../cloud/posture/tls/probe-endpoint.ts';
import { selfSigned, startTcp, startTls, type TestServer } from '../../../support/tls-servers.ts';

type Algorithm = Parameters<typeof selfSigned>[0];

const pairs = new Map<Algorithm, Awaited<ReturnType<typeof selfSigned>>>();
beforeAll(async () => {
  for (const algorithm of ['P-256', 'RSA-2048', 'ML-DSA-44', 'ML-DSA-65'] as const)
    pairs.set(algorithm, await selfSigned(algorithm));
});

async function probe(server: TestServer, host = '127.0.0.1') {
  try {
    return await probeEndpoint({ host, port: server.port }, 3_000);
  } finally {
    await server.close();
  }
}

async function verdictOf(algorithm: Algorithm, options: TlsOptions) {
  const probed = await probe(await startTls(pairs.get(algorithm)!, options));
  if ('ok' in probed) throw new Error(`expected a TLS server, got ${probed.code}`);
  const { best } = probed;
  const negotiated = best.ok ? `${best.keyExchange} ${best.version} ${best.chain[0]?.key}` : best.code;
  return { negotiated, ...judgeEndpoint(probed) };
}

describe('a server of', () => {
  it.each<[name: string, algorithm: Algorithm, options: TlsOptions, expected: object]>([
    [
      'hybrid and classical groups',
      'P-256',
      {},
      {
        negotiated: 'X25519MLKEM768 TLSv1.3 EC P-256',
        keyExchange: 'hybrid',
        certificate: 'classical',
        worksWithClassicalBlocked: true,
        fallback: 'X25519, TLSv1.3',
        advice: [expect.stringMatching(/TLS 1.2/), expect.stringMatching(/certificate is classical/)],
      },
    ],
    [
      'X25519 only',
      'RSA-2048',
      { ecdhCurve: 'X25519' },
      {
        negotiated: 'X25519 TLSv1.3 RSA-2048',
        keyExchange: 'classical',
        worksWithClassicalBlocked: false,
        fallback: 'X25519, TLSv1.3',
        advice: [expect.stringMatching(/^Enable X25519MLKEM768/)],
      },
    ],
    [
      'P-256 only',
      'P-256',
      { ecdhCurve: 'P-256' },
      { negotiated: 'P-256 TLSv1.3 EC P-256', keyExchange: 'classical', fallback: 'P-256, TLSv1.3' },
    ],
    [
      'P-256 first that also has a hybrid group',
      'P-256',
      { ecdhCurve: 'P-256:X25519MLKEM768', minVersion: 'TLSv1.3' },
      { worksWithClassicalBlocked: true, fallback: 'P-256, TLSv1.3' },
    ],
    [
      'SecP256r1MLKEM768 only',
      'P-256',
      { ecdhCurve: 'SecP256r1MLKEM768' },
      { negotiated: 'SecP256r1MLKEM768 TLSv1.3 EC P-256', keyExchange: 'hybrid', fallback: undefined },
    ],
    [
      'X25519MLKEM768 and an ML-DSA-65 certificate only',
      'ML-DSA-65',
      { ecdhCurve: 'X25519MLKEM768', minVersion: 'TLSv1.3' },
      {
        negotiated: 'X25519MLKEM768 TLSv1.3 ML-DSA-65',
        keyExchange: 'hybrid',
        certificate: 'post-quantum',
        worksWithClassicalBlocked: true,
        fallback: undefined,
        advice: [],
      },
    ],
    [
      'classical groups and an ML-DSA-44 certificate',
      'ML-DSA-44',
      { ecdhCurve: 'X25519' },
      { negotiated: 'X25519 TLSv1.3 ML-DSA-44', keyExchange: 'classical', certificate: 'post-quantum' },
    ],
    [
      'TLS 1.2 only',
      'P-256',
      { maxVersion: 'TLSv1.2' },
      {
        negotiated: 'X25519 TLSv1.2 EC P-256',
        keyExchange: 'classical',
        worksWithClassicalBlocked: false,
        fallback: 'X25519, TLSv1.2',
        advice: [expect.stringMatching(/^Enable TLS 1.3/)],
      },
    ],
    [
      'TLS 1.2 without forward secrecy',
      'RSA-2048',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
      {
        negotiated: 'RSA TLSv1.2 RSA-2048',
        keyExchange: 'classical',
        advice: [expect.stringMatching(/TLS 1.3/), expect.stringMatching(/forward secrecy/)],
      },
    ],
    [
      'client certificates only',
      'P-256',
      { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
      { negotiated: 'X25519MLKEM768 TLSv1.3 EC P-256', keyExchange: 'hybrid' },
    ],
    [
      'a group that nobody else has',
      'P-256',
      { ecdhCurve: 'MLKEM1024' },
      { negotiated: 'handshake-refused', keyExchange: 'unknown', certificate: 'unknown', fallback: undefined },
    ],
  ])('%s', async (_name, algorithm, options, expected) => {
    expect(await verdictOf(algorithm, options)).toMatchObject(expected);
  });

  it('names its certificates as they are', async () => {
    const probed = await probe(await startTls(pairs.get('ML-DSA-65')!));
    expect(probed).toMatchObject({
      best: {
        isTrusted: false,
        chain: [
          {
            subject: 'CN=localhost, O=ML-DSA-65',
            key: 'ML-DSA-65',
            signature: 'ML-DSA-65',
            validTo: 'Jan  1 00:00:00 2046 GMT',
          },
        ],
      },
    });
  });
});

describe('what is no TLS server', () => {
  it.each<[name: string, onConnection: (socket: Socket) => void, code: HandshakeCode]>([
    ['an HTTP server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'not-tls'],
    ['an SSH server', (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'), 'not-tls'],
    ['one that hangs up', (socket) => void socket.destroy(), 'connection-closed'],
    ['one that says nothing', () => undefined, 'timed-out'],
    ['one that sends bytes for ever', (socket) => void socket.write(new Uint8Array(100_000).fill(0xff)), 'not-tls'],
  ])('%s', async (_name, onConnection, code) => {
    expect(await probe(await startTcp(onConnection))).toMatchObject({ ok: false, code });
  });

  it('a closed port', async () => {
    const server = await startTcp(() => undefined);
    await server.close();
    const probed = await probeEndpoint({ host: '127.0.0.1', port: server.port }, 3_000);
    expect(probed).toEqual({ ok: false, code: 'connection-refused', message: 'nobody listens there' });
  });

  it('a name that leads nowhere', async () => {
    expect(await probeEndpoint({ host: 'nowhere.invalid', port: 443 }, 3_000)).toMatchObject({ code: 'no-such-host' });
  });
});
