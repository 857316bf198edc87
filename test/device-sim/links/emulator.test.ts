/** Only where there are root rights and /dev/net/tun; elsewhere one line says so. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForEmulator } from '../../../device-sim/links/emulator-support.ts';
import { fasterLink, linkNamed, type LinkProfile } from '../../../device-sim/profiles/links.ts';
import { imageOf } from '../../support/device-world.ts';
import { echo, startEchoServer } from '../../support/echo-server.ts';

const missing = missingForEmulator();
if (missing !== undefined) console.log(`emulator.test.ts: skipped, for want of ${missing}`);

const FAST_NB_IOT = fasterLink(linkNamed('nb-iot')!, 20);

async function emulate(port: number, link: LinkProfile, seed = 1) {
  const { startEmulator } = await import('../../../device-sim/links/emulator.ts');
  return startEmulator({ link, seed, listen: { port: 0 }, to: { host: '127.0.0.1', port } });
}

const networkDevices = (): readonly string[] => readdirSync('/sys/class/net').sort();

describe.runIf(missing === undefined)('the emulator', () => {
  it.each([
    ['NB-IoT', FAST_NB_IOT],
    ['a lossy satellite', fasterLink({ ...linkNamed('satellite')!, lossRate: 0.03 }, 50)],
    ['6LoWPAN', fasterLink(linkNamed('802.15.4')!, 2)],
  ])('carries every byte over TCP of the kernel: %s', async (_name, link) => {
    await using server = await startEchoServer();
    await using emulator = await emulate(server.port, link);
    const bytes = imageOf(20_000, 7);

    const [one, other] = await Promise.all([echo(emulator.port, bytes), echo(emulator.port, bytes.subarray(1))]);

    expect(one.back).toEqual(bytes);
    expect(other.back).toEqual(bytes.subarray(1));
    const { payloadBytes, traffic, connections } = emulator.stats();
    expect({ payloadBytes, connections }).toEqual({ payloadBytes: { up: 39_999, down: 39_999 }, connections: 2 });
    expect(traffic.up.packetBytes).toBeGreaterThan(39_999 + traffic.up.packets * 40);
    expect(traffic.down.packetBytes).toBeGreaterThan(39_999 + traffic.down.packets * 40);
  });

  it('keeps what it makes out of sight, and leaves nothing', async () => {
    const before = networkDevices();
    await using server = await startEchoServer();
    const emulator = await emulate(server.port, FAST_NB_IOT);
    expect(networkDevices()).toEqual(before);
    const inside = execFileSync('nsenter', [`--net=${emulator.deviceNamespace}`, 'ip', '-brief', 'addr'], {
      encoding: 'utf8',
    });
    expect(inside).toContain(`198.18.0.2 peer ${emulator.cloudAddress.host}`);
    await emulator[Symbol.asyncDispose]();
    expect(networkDevices()).toEqual(before);
    expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).not.toContain('link');
  });

  it('lets a program run in the device’s namespace, with no other TCP before it', async () => {
    await using server = await startEchoServer();
    await using emulator = await emulate(server.port, FAST_NB_IOT);
    const { host, port } = emulator.cloudAddress;
    const program = `require('net').connect(${port}, '${host}').on('data', (d) => { console.log(String(d)); process.exit(); }).write('hello')`;
    const child = spawn('nsenter', [`--net=${emulator.deviceNamespace}`, process.execPath, '-e', program]);
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(output)).toBe('hello\n');
    // SYN, ACK and the data at least: the answer may be here before its acknowledgement is.
    expect(emulator.stats().traffic.up.packets).toBeGreaterThanOrEqual(3);
  });

  it('leaves nothing either where it is killed', async () => {
    const before = networkDevices();
    const path = join(import.meta.dirname, '../../../device-sim/links/emulator.ts');
    const profiles = join(import.meta.dirname, '../../../device-sim/profiles/links.ts');
    const program = `
      const { startEmulator } = await import(${JSON.stringify(path)});
      const { linkNamed } = await import(${JSON.stringify(profiles)});
      const { deviceNamespace } = await startEmulator({ link: linkNamed('lte-m'), listen: { port: 0 }, to: { host: '127.0.0.1', port: 9 } });
      console.log(deviceNamespace);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const [namespace] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(() =>
      execFileSync('nsenter', [`--net=${String(namespace).trim()}`, 'true'], {
        stdio: 'pipe',
      }),
    ).toThrow('No such file');
    expect(networkDevices()).toEqual(before);
  });

  it('is for links that carry IP', async () => {
    await expect(emulate(1, linkNamed('ble')!)).rejects.toThrow('ble: carries no IP');
  });
});
