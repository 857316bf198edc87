import { once } from 'node:events';
import { connect, createServer, type EphemeralKeyInfo, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { KEY_EXCHANGES, type KeyExchange, tlsOptions } from '../../../cloud/broker/tls-options.ts';
import { createCa, issueServer } from '../../support/tls-pki.ts';

const ca = createCa('CN=Server CA');
const server = issueServer(ca);

/** The group that a client and the server agree on, or undefined. */
async function agree(keyExchange: KeyExchange, groups: string): Promise<string | undefined> {
  const listener = createServer(tlsOptions({ credentials: [server], keyExchange }, undefined));
  listener.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: ca.pem,
    ecdhCurve: groups,
  });
  const isDone = await once(socket, 'secureConnect').then(
    () => true,
    () => false,
  );
  const agreed = isDone ? (socket.getEphemeralKeyInfo() as EphemeralKeyInfo | null) : null;
  socket.destroy();
  listener.close();
  return agreed?.name;
}

describe('the key exchange', () => {
  it.each<[keyExchange: KeyExchange, groups: string, agreed: string | undefined]>([
    ['required', 'X25519MLKEM768', 'X25519MLKEM768'],
    ['required', 'X25519', undefined],
    ['preferred', 'X25519', 'X25519'],
    ['preferred', 'P-256', 'prime256v1'],
    ['preferred', 'X25519MLKEM768:X25519', 'X25519MLKEM768'],
    // Its only key share is for X25519: it is asked for the other one.
    ['preferred', 'X25519:X25519MLKEM768', 'X25519MLKEM768'],
    ['off', 'X25519MLKEM768:X25519', 'X25519'],
    ['off', 'X25519MLKEM768', undefined],
  ])('%s, with a client that offers %s: %s', async (keyExchange, groups, agreed) => {
    expect(await agree(keyExchange, groups)).toBe(agreed);
  });

  it('has these three forms', () => {
    expect(KEY_EXCHANGES).toEqual(['required', 'preferred', 'off']);
  });
});
