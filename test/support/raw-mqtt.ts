/** MQTT spoken by hand over TLS or TCP, for what no client library sends. */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { generate, type IConnectPacket, type Packet, parser as createParser } from 'mqtt-packet';

export interface RawMqtt {
  /** All that came, in order. */
  readonly received: readonly Packet[];
  /** Resolves when the connection is over, whoever ended it and however. */
  readonly ended: Promise<void>;
  readonly isEnded: () => boolean;
  send(packet: Packet | Uint8Array): void;
  /** The next packet of this kind, or undefined where the connection ends before it comes. */
  next(cmd: Packet['cmd']): Promise<Packet | undefined>;
  /** Reads nothing any more. */
  pause(): void;
  close(): Promise<void>;
}

export interface RawOptions {
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: ConnectionOptions;
  readonly version?: 4 | 5;
}

export function openRaw({ port, tls, version = 5 }: RawOptions): RawMqtt {
  const address = { port, host: '127.0.0.1' };
  const socket = tls ? connectTls({ ...address, minVersion: 'TLSv1.3', ...tls }) : connectTcp(address);
  const parser = createParser({ protocolVersion: version });
  const received: Packet[] = [];
  const taken = new Set<Packet>();
  let isEnded = false;
  let wake = Promise.withResolvers<void>();
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  parser.on('packet', (packet) => {
    received.push(packet);
    stir();
  });
  socket.on('data', (chunk: Buffer) => void parser.parse(chunk));
  // A refused peer is told nothing: the connection ends, in one way or the other.
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isEnded = true;
      stir();
      resolve();
    });
  });
  return {
    received,
    ended,
    isEnded: () => isEnded,
    send: (packet) => {
      if (!socket.destroyed)
        socket.write(packet instanceof Uint8Array ? packet : generate(packet, { protocolVersion: version }));
    },
    next: async (cmd) => {
      for (;;) {
        const found = received.find((packet) => packet.cmd === cmd && !taken.has(packet));
        if (found) taken.add(found);
        if (found || isEnded) return found;
        await wake.promise;
      }
    },
    pause: () => void socket.pause(),
    close: async () => {
      socket.destroy();
      await ended;
    },
  };
}

export const connectPacket = (
  clientId: string,
  version: 4 | 5,
  more: Partial<IConnectPacket> = {},
): IConnectPacket => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: version,
  clientId,
  clean: true,
  keepalive: 60,
  ...more,
});

/** Whether it was let in: undefined where the connection ended without an answer. */
export async function answerToConnect(
  raw: RawMqtt,
  clientId: string,
  version: 4 | 5,
  more: Partial<IConnectPacket> = {},
): Promise<number | undefined> {
  raw.send(connectPacket(clientId, version, more));
  const connack = await raw.next('connack');
  return connack?.cmd === 'connack' ? (version === 5 ? connack.reasonCode : connack.returnCode) : undefined;
}

/** What an MQTT 5 broker said when it ended the connection. */
export function reasonOfEnd({ received }: RawMqtt): number | undefined {
  const disconnect = received.find(({ cmd }) => cmd === 'disconnect');
  return disconnect?.cmd === 'disconnect' ? disconnect.reasonCode : undefined;
}
