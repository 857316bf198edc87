import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Doorstep, type DoorstepOptions } from '../../../cloud/broker/doorstep.ts';

let server: Server;
let port: number;
let doorstep: Doorstep;
let cut: Socket[];
const clients: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    doorstep.arrived(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  server.close();
});

function open(options: DoorstepOptions): void {
  cut = [];
  doorstep = new Doorstep(options, (socket) => cut.push(socket));
}

async function arrive(count: number): Promise<readonly Socket[]> {
  const arrived = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  clients.push(...arrived);
  await Promise.all(arrived.map((client) => once(client, 'connect')));
  return arrived;
}

describe('at the doorstep', () => {
  it('a fleet that arrives at once is left alone, and whoever stays silent goes', async () => {
    open({ maximum: 5, graceMs: 100 });
    const fleet = await arrive(20);
    await expect.poll(() => doorstep.size).toBe(20);
    expect(cut).toEqual([]);
    for (const device of fleet.slice(0, 3)) device.write('it speaks');
    // The oldest are those that speak: silent ones go in their place.
    await expect.poll(() => doorstep.size, { timeout: 3_000 }).toBe(5);
    expect(cut).toHaveLength(15);
    expect(cut.every(({ bytesRead }) => bytesRead === 0)).toBe(true);
    expect(fleet.slice(0, 3).every(({ destroyed }) => !destroyed)).toBe(true);
  });

  it('there is an end to it: the oldest goes at once, silent or not', async () => {
    open({ maximum: 5, maxArriving: 8, graceMs: 60_000 });
    await arrive(10);
    await expect.poll(() => cut.length).toBe(2);
    expect(doorstep.size).toBe(8);
  });

  it('nobody goes while there is room, however long they are silent', async () => {
    open({ maximum: 5, graceMs: 1 });
    const [first] = await arrive(5);
    await expect.poll(() => doorstep.size).toBe(5);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(cut).toEqual([]);
    first?.destroy();
    await expect.poll(() => doorstep.size).toBe(4);
  });
});
