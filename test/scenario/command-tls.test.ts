/** `bristlecone up` with nothing but TLS, as a stranger and the posture commands find it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerToConnect, openRaw } from '../support/raw-mqtt.ts';
import { refusalOf, Shell, type Up } from '../support/run-command.ts';
import { selfSignedDevice } from '../support/tls-pki.ts';

const TIMEOUT_MS = 120_000;
const shell = new Shell();
const STRICT = ['--require-tls', '--key-exchange', 'required', '--certificate-algorithm', 'ML-DSA-44'];

let up: Up;
beforeAll(async () => {
  up = await shell.up('--kms-port', '0', '--mqtts-port', '0', ...STRICT);
}, TIMEOUT_MS);

const identity = (name: string): string => shell.file(`.bristlecone/identity/${name}`);
const port = (): number => Number(new URL(up.endpoints.mqtts).port);

describe('an embedded cloud that requires TLS', { timeout: TIMEOUT_MS }, () => {
  it('listens for MQTT over TLS only', () => {
    expect(up.endpoints.mqtt).toBe(up.endpoints.mqtts);
    expect(up.endpoints.mqtts).toMatch(/^mqtts:\/\/127\.0\.0\.1:[1-9]\d+$/);
  });

  it('speaks with ML-KEM-768 or not at all, and proves itself with ML-DSA-44', async () => {
    const found = await shell.json('posture', 'tls', `127.0.0.1:${port()}`);
    expect(found.endpoints[0]).toMatchObject({
      verdict: { keyExchange: 'hybrid', worksWithClassicalBlocked: true },
      handshakes: {
        best: { ok: true, keyExchange: 'X25519MLKEM768', version: 'TLSv1.3' },
        classicalOnly: { ok: false },
      },
    });
    expect(found.endpoints[0].handshakes.best.chain).toHaveLength(1);
    expect(found.endpoints[0].handshakes.best.chain[0].key).toMatch(/ML-DSA-44/i);
  });

  it('lets nobody in who has no certificate of its device CA', async () => {
    const ca = readFileSync(identity('server-ca.pem'), 'utf8');
    const { certificate: cert, privateKey: key } = selfSignedDevice('CN=hub-1');
    const strangers = [
      openRaw({ port: port() }),
      openRaw({ port: port(), tls: { ca, servername: 'localhost' } }),
      openRaw({ port: port(), tls: { ca, servername: 'localhost', cert, key } }),
    ];
    const answers = await Promise.all(strangers.map((raw) => answerToConnect(raw, 'hub-1', 5)));
    expect(answers).toEqual([undefined, undefined, undefined]);
    await Promise.all(strangers.map((raw) => raw.close()));
  });

  it('keeps its server key for itself, and its CAs for the next start', async () => {
    expect(statSync(identity('server-key.pem')).mode & 0o077).toBe(0);
    const before = ['device-ca.pem', 'server-ca.pem', 'server.pem'].map((name) => readFileSync(identity(name), 'utf8'));
    expect(await up.end('SIGINT')).toBe(0);
    up = await shell.up('--kms-port', '0', '--mqtts-port', '0', '--require-tls');
    const after = ['device-ca.pem', 'server-ca.pem', 'server.pem'].map((name) => readFileSync(identity(name), 'utf8'));
    expect(after).toEqual(before);
    expect(existsSync(identity('device-ca-key.pem'))).toBe(false);
  });

  it.each([
    ['a key exchange that there is not', ['--key-exchange', 'maybe']],
    ['certificates that there are not', ['--certificate-algorithm', 'RSA']],
    ['device certificates by chance', ['--device-certificates', 'sometimes']],
    ['a plain port and none', ['--require-tls', '--mqtt-port', '0']],
  ])('refuses %s', async (_name, args) => {
    const refused = await refusalOf(shell.run('up', '--data', shell.file('other'), ...args, '--json'));
    expect(refused).toEqual({ exitCode: 2, code: 'usage' });
  });
});
