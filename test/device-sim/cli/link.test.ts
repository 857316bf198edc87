import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { missingForEmulator } from '../../../device-sim/links/emulator-support.ts';
import { imageOf } from '../../support/device-world.ts';
import { echo, startEchoServer } from '../../support/echo-server.ts';
import { refusalOf, Shell } from '../../support/run-command.ts';

const shell = new Shell();

/** The command until Ctrl-C, with some bytes sent through it. */
async function serve(args: readonly string[]) {
  await using server = await startEchoServer();
  const child = shell.start(['link', ...args, '--to', `127.0.0.1:${server.port}`, '--faster', '20', '--json']);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const { value: started } = await lines.next();
  const listening = JSON.parse(String(started));
  const { back } = await echo(listening.port, imageOf(5_000, 3));
  child.kill('SIGINT');
  const { value: ended } = await lines.next();
  if (child.exitCode === null) await once(child, 'exit');
  return { listening, back, summary: JSON.parse(String(ended)), exitCode: child.exitCode };
}

describe('bristlecone link', () => {
  it('proxy says where it listens, and at Ctrl-C what went through', async () => {
    const { listening, back, summary, exitCode } = await serve(['proxy', '--link', 'nb-iot']);
    expect(listening).toMatchObject({ link: 'nb-iot x20', host: '127.0.0.1' });
    expect(back).toEqual(imageOf(5_000, 3));
    expect(summary).toMatchObject({ connections: 1, payloadBytes: { up: 5_000, down: 5_000 } });
    expect(summary.traffic.down.packetBytes).toBeGreaterThan(5_200);
    expect(exitCode).toBe(0);
  });

  it.runIf(missingForEmulator() === undefined)('emulate does too, and names the device’s namespace', async () => {
    const { listening, back, summary, exitCode } = await serve(['emulate', '--link', 'satellite', '--loss', '0']);
    expect(listening.deviceNamespace).toMatch(/^\/proc\/\d+\/fd\/\d+$/);
    expect(back).toEqual(imageOf(5_000, 3));
    expect(summary).toMatchObject({ connections: 1, payloadBytes: { up: 5_000, down: 5_000 } });
    expect(exitCode).toBe(0);
  });

  it.each([
    ['a link that nobody knows', ['proxy', '--link', 'carrier-pigeon', '--to', 'localhost:1']],
    ['no port', ['proxy', '--link', 'ble', '--to', 'localhost']],
    ['a port that is none', ['proxy', '--link', 'ble', '--to', 'localhost:1', '--listen', '70000']],
    ['a rate of losses that is none', ['proxy', '--link', 'ble', '--to', 'localhost:1', '--loss', '1']],
    ['TCP over a link that has none', ['emulate', '--link', 'ble', '--to', 'localhost:1']],
  ])('refuses %s', async (name, args) => {
    // Where there is no level 3 at all, that is what is said first.
    const isWanting = name.startsWith('TCP') && missingForEmulator() !== undefined;
    const expected = isWanting ? { exitCode: 1, code: 'unavailable' } : { exitCode: 2, code: 'usage' };
    expect(await refusalOf(shell.run('link', ...args, '--json'))).toEqual(expected);
  });

  it('asks for a cloud where none is named and none runs', async () => {
    expect(await refusalOf(shell.run('link', 'proxy', '--link', 'ble', '--json'))).toEqual({
      exitCode: 1,
      code: 'unavailable',
    });
  });
});
