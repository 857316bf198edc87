import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { registerMuCommand } from '../../../cloud/cli/mu.ts';
import { fromBase64, toBase64, toHex, utf8 } from '../../../protocol/bytes.ts';
import { anchorOf, encodeCoseKey } from '../../../protocol/cose/key.ts';
import { encodeSpki } from '../../../protocol/cose/spki.ts';
import { externalMu } from '../../../protocol/mldsa/mu.ts';
import { runCli } from '../../support/cli.ts';
import { testSigner } from '../../support/signers.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-mu-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { anchor } = testSigner('ML-DSA-65');
const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const image = new Uint8Array(3_000_000).fill(7);
const fw = file('fw.bin', image);
const small = file('small.bin', utf8('message'));
const key = file('key.cose', encodeCoseKey(anchor));
const huge = file('huge.bin', new Uint8Array());
truncateSync(huge, 5_000_000_000);
const classical = file('classical.cose', encodeCoseKey(testSigner('ES256').anchor));
const mu = (...args: readonly string[]) => runCli([registerMuCommand], 'mu', ...args);
const muOf = (bytes: Uint8Array, context?: Uint8Array) => externalMu(anchor.publicKey, bytes, context);

describe('bristlecone mu', () => {
  it('prints the mu of a file, in hex and nothing else', async () => {
    const run = await mu('--public', key, small);
    expect(run).toMatchObject({ exitCode: 0, stdout: `${toHex(muOf(utf8('message')))}\n`, stderr: '' });
  });

  it('reads a file of more than one piece', async () => {
    expect((await mu('--public', key, fw)).stdout.trim()).toBe(toHex(muOf(image)));
  });

  it.each<[form: string, bytes: Uint8Array]>([
    ['COSE_Key', encodeCoseKey(anchorOf(anchor))],
    ['DER', encodeSpki(anchor)],
    ['PEM', utf8(`-----BEGIN PUBLIC KEY-----\n${toBase64(encodeSpki(anchor))}\n-----END PUBLIC KEY-----\n`)],
    ['a raw key', anchor.publicKey],
  ])('takes the key as %s', async (form, bytes) => {
    expect((await mu('--public', file(`key-${form}`, bytes), small)).stdout.trim()).toBe(toHex(muOf(utf8('message'))));
  });

  it('prints base64, as aws kms wants it, and the bytes themselves', async () => {
    expect(fromBase64((await mu('--public', key, '--format', 'base64', small)).stdout)).toEqual(muOf(utf8('message')));
    expect((await mu('--public', key, '--format', 'binary', small)).bytes).toEqual(muOf(utf8('message')));
  });

  it('names several files, one a line', async () => {
    const { stdout } = await mu('--public', key, small, fw);
    expect(stdout).toBe(`${toHex(muOf(utf8('message')))}  ${small}\n${toHex(muOf(image))}  ${fw}\n`);
    const json = JSON.parse((await mu('--public', key, small, fw, '--json')).stdout);
    expect(json.map((it: { file: string }) => it.file)).toEqual([small, fw]);
    expect(json[1]).toMatchObject({ mu: toHex(muOf(image)), base64: toBase64(muOf(image)) });
  });

  it('binds a context', async () => {
    const expected = toHex(muOf(utf8('message'), utf8('boot')));
    expect((await mu('--public', key, '--context', 'boot', small)).stdout.trim()).toBe(expected);
    expect((await mu('--public', key, '--context-hex', toHex(utf8('boot')), small)).stdout.trim()).toBe(expected);
  });

  // oxfmt-ignore
  it.each<[name: string, args: readonly string[], exitCode: number, says: RegExp]>([
    ['no key',                       [small],                                             2, /required option '--public/],
    ['no file',                      ['--public', key],                                   2, /missing required argument 'file'/],
    ['a classical key',              ['--public', classical, small],                      1, /expected an ML-DSA key, got ES256\..*DIGEST.*\[mode-not-possible\]/],
    ['a file that is no key',        ['--public', small, small],                          1, /expected a COSE_Key.*\[wrong-shape\]/],
    ['an image in place of a key',   ['--public', fw, small],                             1, /expected at most 4096 bytes, got 3000000 \[too-large\]/],
    ['5 GB in place of a key',       ['--public', huge, small],                           1, /got 5000000000 \[too-large\]/],
    ['a file that is not there',     ['--public', key, join(folder, 'none')],             1, /\[file-not-found\]/],
    ['a folder',                     ['--public', key, folder],                           1, /\[not-a-file\]/],
    ['an unknown form',              ['--public', key, '--format', 'pem', small],         2, /expected hex, base64 or binary, got "pem"/],
    ['a context of 256 bytes',       ['--public', key, '--context', 'x'.repeat(256), small], 2, /at most 255 bytes, got 256/],
    ['a context in wrong hex',       ['--public', key, '--context-hex', 'abc', small],    2, /pairs of hexadecimal digits, got "abc"/],
    ['two contexts',                 ['--public', key, '--context-hex', 'ab', '--context', 'x', small], 2, /got both/],
  ])('refuses %s', async (_name, args, exitCode, says) => {
    const run = await mu(...args);
    expect(run.stderr).toMatch(says);
    expect(run).toMatchObject({ exitCode, stdout: '' });
  });

  it('says what is wrong as JSON too', async () => {
    const run = await mu('--public', classical, small, '--json');
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: 'mode-not-possible' } });
  });
});

describe('the command itself', () => {
  it('reads standard input', () => {
    const { stdout } = bristlecone(['mu', '--public', key, '-'], image);
    expect(stdout.trim()).toBe(toHex(muOf(image)));
  });

  it('holds no file in memory: 300 MB are read, and at no time are as many in use', () => {
    const large = file('large.bin', new Uint8Array());
    truncateSync(large, 300_000_000);
    const { stdout, maxMemoryBytes } = bristlecone(['mu', '--public', key, large], new Uint8Array());
    expect(stdout).toMatch(/^[0-9a-f]{128}\n$/);
    expect(maxMemoryBytes).toBeLessThan(300_000_000);
  });
});

const SAY_MEMORY = 'process.on("exit", () => process.stderr.write(`maxRSS=${process.resourceUsage().maxRSS}`))';

function bristlecone(args: readonly string[], input: Uint8Array): { stdout: string; maxMemoryBytes: number } {
  const flags = ['--import', `data:text/javascript,${SAY_MEMORY}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, 'bristlecone.ts', ...args], {
    input,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return { stdout, maxMemoryBytes: Number(/maxRSS=(\d+)/.exec(stderr)?.[1]) * 1024 };
}
