import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startShapingProxy } from '../../../device-sim/links/proxy.ts';
import { fasterLink, linkNamed, type LinkProfile } from '../../../device-sim/profiles/links.ts';
import { imageOf } from '../../support/device-world.ts';
import { echo, startEchoServer } from '../../support/echo-server.ts';

const FAST_NB_IOT = fasterLink(linkNamed('nb-iot')!, 20);

const proxyTo = (port: number, link: LinkProfile, seed = 1) =>
  startShapingProxy({ link, seed, listen: { port: 0 }, to: { host: '127.0.0.1', port } });

describe('the shaping proxy', () => {
  it.each([
    ['NB-IoT', FAST_NB_IOT],
    ['a lossy satellite', fasterLink({ ...linkNamed('satellite')!, lossRate: 0.1 }, 50)],
    ['Bluetooth through a gateway', fasterLink(linkNamed('ble-dle')!, 5)],
  ])('carries every byte both ways, and both ends of the stream: %s', async (_name, link) => {
    await using server = await startEchoServer();
    await using proxy = await proxyTo(server.port, link);
    const bytes = imageOf(20_000, 7);

    const [one, other] = await Promise.all([echo(proxy.port, bytes), echo(proxy.port, bytes.subarray(1))]);

    expect(one.back).toEqual(bytes);
    expect(other.back).toEqual(bytes.subarray(1));
    expect(proxy.stats()).toMatchObject({ connections: 2, payloadBytes: { up: 39_999, down: 39_999 } });
  });

  it('takes no less time than the link would', async () => {
    await using server = await startEchoServer();
    await using proxy = await proxyTo(server.port, FAST_NB_IOT);
    const { ms } = await echo(proxy.port, imageOf(10_000, 7));
    // Opening, all of it on air in the slower direction, and there and back.
    expect(ms).toBeGreaterThan(40 + (10_000 * 8) / (26 * 20) + 40);
    expect(proxy.stats().traffic.down.packetBytes).toBeGreaterThan(10_000 + 8 * 52);
  });

  it('lets what was lost arrive when it would have been sent again, and counts it', async () => {
    await using server = await startEchoServer();
    await using proxy = await proxyTo(server.port, fasterLink({ ...linkNamed('satellite')!, lossRate: 0.2 }, 100), 3);
    const { ms } = await echo(proxy.port, imageOf(20_000, 7));
    // TCP waits 200 ms at least; without losses all of it takes a tenth of that.
    expect(ms).toBeGreaterThan(200);
    const { up, down } = proxy.stats().traffic;
    expect(up.lostPackets + down.lostPackets).toBeGreaterThan(0);
  });

  it('closes the device’s connection where nobody listens behind it', async () => {
    const server = await startEchoServer();
    await server[Symbol.asyncDispose]();
    await using proxy = await proxyTo(server.port, FAST_NB_IOT);
    const socket = connect({ port: proxy.port, host: '127.0.0.1' }).on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    expect(proxy.stats()).toMatchObject({ connections: 1, payloadBytes: { up: 0, down: 0 } });
  });

  it('ends with what is under way', async () => {
    await using server = await startEchoServer();
    const proxy = await proxyTo(server.port, linkNamed('nb-iot')!);
    const socket = connect({ port: proxy.port, host: '127.0.0.1' }).on('error', () => {});
    socket.write(imageOf(50_000, 7));
    await once(socket, 'connect');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await proxy[Symbol.asyncDispose]();
    socket.resume();
    await closed;
    expect(proxy.stats().openConnections).toBe(0);
  });
});
