import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { choosePort } from '../../../cloud/cli/port.ts';

const host = '127.0.0.1';
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** A port that another program has. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : Number.NaN;
}

const choose = (text: string | undefined, preferred: number) =>
  choosePort({ option: '--mqtt-port', text, preferred, host });

describe('choosePort', () => {
  it('takes the preferred port where it is free, and any other where it is not', async () => {
    const port = await takenPort();
    expect(await choose(undefined, port)).toBe(0);
    servers.splice(0).forEach((server) => server.close());
    expect(await choose(undefined, port)).toBe(port);
  });

  it('takes the port that the user names, whoever has it: listening on it says so', async () => {
    const port = await takenPort();
    expect(await choose(String(port), 1)).toBe(port);
    expect(await choose('0', 1)).toBe(0);
  });

  it.each(['65536', '-1', '1e3', '', 'mqtt'])('refuses %j', async (text) => {
    await expect(choose(text, 1)).rejects.toMatchObject({ code: 'usage' });
  });
});
