import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForHello } from '../../../../cloud/posture/clients/hello-listener.ts';

const TINY_RECORD = Uint8Array.of(22, 3, 1, 0, 1);

describe('listenForHello', () => {
  it('refuses the handshake of who said hello, and listens on loopback only', async () => {
    await using listener = await listenForHello();
    const socket = connect(listener.port, '127.0.0.1');
    // TLS 1.2, no extensions: the shortest hello there is.
    const body = Uint8Array.of(3, 3, ...new Uint8Array(32), 0, 0, 2, 0x13, 1, 1, 0);
    socket.write(Uint8Array.of(22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body));
    const [alert] = await once(socket, 'data');
    expect([...alert]).toEqual([21, 3, 3, 0, 2, 2, 40]);
    expect(await listener.hello).toMatchObject({ versions: [0x0303], helloBytes: body.length + 4 });
    socket.destroy();
  });

  it.each<[name: string, bytes: Uint8Array, code: string]>([
    ['who speaks HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'), 'malformed'],
    [
      'who sends a hello that is too large',
      Uint8Array.of(...TINY_RECORD, 1, 22, 3, 1, 0, 3, 255, 255, 255),
      'too-large',
    ],
  ])('hangs up on %s', async (_name, bytes, code) => {
    await using listener = await listenForHello();
    const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    await expect(listener.hello).rejects.toMatchObject({ code });
  });

  it('hangs up on who sends a hello in crumbs without end', async () => {
    await using listener = await listenForHello();
    const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
    const crumbs = Uint8Array.of(...TINY_RECORD, 1, ...TINY_RECORD, 0, ...TINY_RECORD, 0xff, ...TINY_RECORD, 0);
    socket.write(crumbs);
    for (let i = 0; i < 100; i++) socket.write(Uint8Array.of(...TINY_RECORD, 0));
    await expect(listener.hello).rejects.toMatchObject({ code: 'malformed' });
  });

  it('ends while somebody is connected', async () => {
    const listener = await listenForHello();
    const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    await Promise.all([once(socket, 'close'), listener[Symbol.asyncDispose]()]);
    expect(socket.destroyed).toBe(true);
  });
});
