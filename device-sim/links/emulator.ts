/**
 * Level 3 of a link: real TCP of the kernel on both of its ends, packet by packet.
 *
 *     device ──▶ port ┊ socket ═ TUN ── up ──▶ TUN ═ server ┊ ──▶ cloud
 *                     ┊  device's       ◀── down ──      cloud's ┊
 *                     ┊  namespace                     namespace ┊
 *
 * The emulator has the interface of the proxy, so a device needs nothing special; TCP over the link is between the two
 * namespaces. A program that shall have no other TCP before it runs in the device's namespace itself:
 * `nsenter --net=PATH program`, and connects to `cloudAddress`.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Channel, openChannels } from './channel.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { NetworkNamespace, type Tun } from './network-namespace.ts';
import { type Address, PayloadCounter, type RunningLink, type ServeLinkOptions, SocketSet } from './running-link.ts';

/** Addresses for benchmarks of networks, which nobody routes: RFC 2544, RFC 6890 §2.2.2. */
const CLOUD_ADDRESS = '198.18.0.1';
const DEVICE_ADDRESS = '198.18.0.2';

/** How often the devices are looked at; a packet is late by so much at most. */
const POLL_MS = 1;
const MAX_PACKET_BYTES = 65_536;
const IPV4 = 4;
const IPV4_HEADER_BYTES = 20;

export interface EmulatedLink extends RunningLink {
  /** In the device's namespace. */
  readonly cloudAddress: Address;
  readonly deviceNamespace: string;
}

/** @throws {RangeError} where the link carries no IP */
export async function startEmulator({ link, seed = 1, listen, to }: ServeLinkOptions): Promise<EmulatedLink> {
  const { carries } = link;
  if (carries.kind !== 'ip') throw new RangeError(`${link.name}: carries no IP to its end, which level 3 is about`);
  await using guard = new AsyncDisposableStack();
  const cloudSpace = guard.use(new NetworkNamespace());
  const deviceSpace = guard.use(new NetworkNamespace());
  // The kernel speaks IPv4 here. Where the link's packets are of IPv6, they are counted as if these were.
  const longerBytes = carries.ipHeaderBytes - IPV4_HEADER_BYTES;
  const mtuBytes = carries.mtuBytes - longerBytes;
  const cloudTun = guard.use(cloudSpace.openTun({ address: CLOUD_ADDRESS, peer: DEVICE_ADDRESS, mtuBytes }));
  const deviceTun = guard.use(deviceSpace.openTun({ address: DEVICE_ADDRESS, peer: CLOUD_ADDRESS, mtuBytes }));

  const channels = openChannels(link, seed);
  const up = new PacketPump({ from: deviceTun, to: cloudTun, channel: channels.up, longerBytes });
  const down = new PacketPump({ from: cloudTun, to: deviceTun, channel: channels.down, longerBytes });
  const timer = setInterval(() => {
    up.poll();
    down.poll();
  }, POLL_MS);
  guard.defer(() => {
    clearInterval(timer);
    up.close();
    down.close();
  });

  const counter = new PayloadCounter();
  const sockets = new SocketSet();
  const cloudSide = createServer({ noDelay: true, allowHalfOpen: true }, (fromLink) => {
    const cloud = connect({ ...to, noDelay: true, allowHalfOpen: true });
    splice(sockets, fromLink, cloud);
  });
  // With an address Node would look it up first, and open the socket later and outside.
  cloudSpace.inside(() => cloudSide.listen({ port: to.port, exclusive: true }));
  await listening(cloudSide, guard, sockets);

  const cloudAddress = { host: CLOUD_ADDRESS, port: to.port };
  const deviceSide = createServer({ noDelay: true, allowHalfOpen: true }, (device) => {
    counter.opened(device);
    const toLink = deviceSpace.createSocket();
    toLink.setNoDelay(true);
    toLink.on('data', (chunk: Buffer) => (counter.payloadBytes.down += chunk.length));
    device.on('data', (chunk: Buffer) => (counter.payloadBytes.up += chunk.length));
    toLink.connect(cloudAddress);
    splice(sockets, device, toLink);
  });
  deviceSide.listen(listen.port, listen.host ?? '127.0.0.1');
  await listening(deviceSide, guard, sockets);

  const address = deviceSide.address();
  const running = guard.move();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cloudAddress,
    deviceNamespace: deviceSpace.path,
    stats: () => counter.stats(channels.traffic()),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Closed with everything else, and before the namespaces are. */
async function listening(server: Server, stack: AsyncDisposableStack, sockets: SocketSet): Promise<void> {
  await once(server, 'listening');
  stack.defer(async () => {
    sockets.destroyAll();
    server.close();
    await once(server, 'close');
  });
}

function splice(sockets: SocketSet, one: Socket, other: Socket): void {
  sockets.add(one, () => other);
  sockets.add(other, () => one);
  one.pipe(other);
  other.pipe(one);
}

interface PumpOptions {
  readonly from: Tun;
  readonly to: Tun;
  readonly channel: Channel;
  /** Added to each packet. */
  readonly longerBytes: number;
}

/** Takes the packets of one device, and gives them to the other when the link has carried them. */
class PacketPump {
  readonly #options: PumpOptions;
  readonly #deliveries = new DeliveryQueue();
  readonly #buffer = Buffer.alloc(MAX_PACKET_BYTES);

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  poll(): void {
    const { from } = this.#options;
    for (let bytes = from.read(this.#buffer); bytes > 0; bytes = from.read(this.#buffer)) {
      // IPv6 looks for its neighbours on every device; nobody answers, and the link does not carry it.
      if ((this.#buffer[0] ?? 0) >> 4 === IPV4) this.#carry(Buffer.from(this.#buffer.subarray(0, bytes)));
    }
  }

  close(): void {
    this.#deliveries.close();
  }

  #carry(packet: Buffer): void {
    const { to, channel, longerBytes } = this.#options;
    const { fate, atMs } = channel.carry(packet.length + longerBytes, performance.now());
    if (fate === 'arrives') this.#deliveries.at(atMs, () => void writeSync(to.fd, packet));
  }
}
