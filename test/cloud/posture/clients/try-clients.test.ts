import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ClientProgram, clientPrograms } from '../../../../cloud/posture/clients/programs.ts';
import { findProgram, tryClient } from '../../../../cloud/posture/clients/try-clients.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-clients-'));
afterAll(() => rmSync(folder, { recursive: true }));

const surroundings = { env: process.env, timeoutMs: 20_000 };

/** This Node, running `script` with the port as its argument. */
const scripted = (script: string, versionScript = 'console.log("v1")'): ClientProgram => ({
  name: 'scripted',
  command: process.execPath,
  versionArgs: ['-e', versionScript],
  connectArgs: (port) => ['-e', script, String(port)],
  upgrade: 'Upgrade it.',
});

const TLS = 'require("node:tls").connect({ host: "127.0.0.1", port: +process.argv[1], rejectUnauthorized: false';
const TCP = 'require("node:net").connect(+process.argv[1], "127.0.0.1")';

const named = (part: string) => clientPrograms(process.execPath).find(({ name }) => name.includes(part))!;

describe('tryClient', () => {
  it.each(['Node.js, this one', 'AWS SDK for JavaScript', 'aws-crt'])('sees that %s is ready', async (name) => {
    expect(await tryClient(named(name), surroundings)).toMatchObject({
      status: 'connected',
      version: expect.stringMatching(/\d+\.\d+/),
      verdict: { readiness: 'ready', tls13: true, keyShares: expect.arrayContaining(['X25519MLKEM768']) },
      upgrade: '',
    });
  });

  it.each(['Node.js, in PATH', 'AWS CLI', 'Python', 'curl', 'openssl'])(
    'reads the hello of %s where it is installed',
    async (name) => {
      const tried = await tryClient(named(name), surroundings);
      expect(['connected', 'not-installed']).toContain(tried.status);
    },
  );

  it('says what to upgrade where a client is classical', async () => {
    const tried = await tryClient(scripted(`${TLS}, ecdhCurve: "P-256" }).on("error", () => {})`), surroundings);
    expect(tried).toMatchObject({ verdict: { readiness: 'classical', groups: ['P-256'] }, upgrade: 'Upgrade it.' });
  });

  it.each<[name: string, program: ClientProgram, message: RegExp]>([
    ['ends without connecting', scripted(''), /^it ended without connecting$/],
    ['fails', scripted('console.error("no\\u0007 way"); process.exit(3)'), /^it failed: no\? way$/],
    ['speaks HTTP', scripted(`${TCP}.on("error", () => {}).write("GET / HTTP/1.1\\r\\n\\r\\n")`), /no TLS handshake/],
  ])('names a client that %s', async (_name, program, message) => {
    expect(await tryClient(program, surroundings)).toMatchObject({
      status: 'no-connection',
      message: expect.stringMatching(message),
    });
  });

  it('gives up a client that does nothing', async () => {
    const idle = { ...scripted('setInterval(() => {}, 1000)'), versionArgs: ['--version'] };
    expect(await tryClient(idle, { ...surroundings, timeoutMs: 1_500 })).toMatchObject({
      status: 'no-connection',
      message: 'it did not connect in 1500 ms',
    });
  });

  it('takes a name that does not start for not installed', async () => {
    expect((await tryClient(scripted('', 'process.exit(127)'), surroundings)).status).toBe('not-installed');
    expect((await tryClient({ ...scripted(''), command: 'no-such-client' }, surroundings)).status).toBe(
      'not-installed',
    );
  });
});

const place = (name: string, mode: number): string => {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'tool'), '');
  chmodSync(join(directory, 'tool'), mode);
  return directory;
};

describe('findProgram', () => {
  it('takes the first that can be run, and none that npm brought', () => {
    const path = [place('node_modules/.bin', 0o755), '', place('a', 0o644), place('b', 0o755), place('c', 0o755)];
    mkdirSync(join(folder, 'd', 'tool'), { recursive: true });
    expect(findProgram('tool', [join(folder, 'd'), ...path].join(delimiter))).toBe(join(folder, 'b', 'tool'));
    expect(findProgram('tool', '')).toBeUndefined();
    expect(findProgram(process.execPath, '')).toBe(process.execPath);
  });
});
