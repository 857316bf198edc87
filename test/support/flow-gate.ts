/**
 * A gate on the TCP path of a device: it lets so many bytes through towards the device, then none until it is opened.
 * What a test kills meanwhile is killed in the middle, on any machine.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface FlowGate extends AsyncDisposable {
  readonly port: number;
  /** Towards the device, on all its connections. */
  readonly bytes: number;
  /** Resolves once `bytes` more have gone through and the gate is shut. */
  closeAfter(bytes: number): Promise<void>;
  open(): void;
}

export async function startFlowGate(targetPort: number): Promise<FlowGate> {
  const held = new Set<Socket>();
  const sockets = new Set<Socket>();
  let passed = 0;
  let limit = Number.POSITIVE_INFINITY;
  let shut: (() => void) | undefined;

  const server = createServer({ noDelay: true }, (device) => {
    const cloud = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [device, cloud],
      [cloud, device],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => void (sockets.delete(socket), other.destroy()));
    }
    device.on('data', (chunk) => cloud.write(chunk));
    cloud.on('data', (chunk) => {
      passed += chunk.length;
      device.write(chunk);
      if (passed < limit) return;
      cloud.pause();
      held.add(cloud);
      shut?.();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get bytes() {
      return passed;
    },
    closeAfter(bytes) {
      limit = passed + bytes;
      return new Promise((resolve) => (shut = resolve));
    },
    open() {
      limit = Number.POSITIVE_INFINITY;
      for (const socket of held) socket.resume();
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
