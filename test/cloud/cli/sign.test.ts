import { createPublicKey, verify as openSslVerify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromBase64 } from '../../../protocol/bytes.ts';
import { KEYS, NO_KMS, signCli } from '../../support/sign-cli.ts';

const { at, read, withKms, bristlecone, sign } = signCli();

describe.each(KEYS)('bristlecone sign with key %s', (alias) => {
  // oxfmt-ignore
  it.each<[format: string, file: string, sign: readonly string[], verify: readonly string[]]>([
    ['raw',            'small.bin',   [],             ['--format', 'raw', '--content']],
    ['cose',           'small.bin',   [],             []],
    ['cose',           'small.bin',   ['--detached'], ['--content']],
    ['jws',            'small.bin',   [],             []],
    ['jws',            'small.bin',   ['--detached'], ['--content']],
    ['jwt',            'claims.json', [],             ['--format', 'jwt']],
    ['cms',            'small.bin',   [],             []],
    ['cms',            'small.bin',   ['--detached'], ['--content']],
  ])('makes %s of %s %j that the public key verifies, without KMS', async (format, file, more, options) => {
    const made = await sign(at(file), '--key', alias, '--format', format, '--out', at('out'), ...more);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    const given = options.includes('--content') ? [...options, at(file)] : options;
    const found = await bristlecone('verify', at('out'), '--public', at(`${alias}.pem`), '--out', at('got'), ...given, ...NO_KMS);
    expect(found).toMatchObject({ exitCode: 0, stderr: '' });
    expect(found.stdout).toMatch(/no KMS request/);
    expect(read('got')).toEqual(read(file));
  });
});

describe('RAW and EXTERNAL_MU', () => {
  it.each(['raw', 'mu'])('a file signed by %s verifies by each path, at KMS and here', async (mode) => {
    expect(
      (await sign(at('small.bin'), '--key', 'release', '--format', 'raw', '--mode', mode, '--out', at('sig'))).exitCode,
    ).toBe(0);
    const question = ['verify', at('sig'), '--format', 'raw', '--content', at('small.bin')];
    for (const verifying of ['raw', 'mu', 'auto']) {
      const found = await bristlecone(...question, '--key', 'release', '--via', 'kms', '--mode', verifying, ...withKms);
      expect(found.stdout).toMatch(
        /^Verified: raw, 16 bytes, signed by ML-DSA-65 key [0-9a-f]{16}…\nVerified by KMS, with arn:aws:kms/,
      );
    }
    expect((await bristlecone(...question, '--public', at('release.pem'), ...NO_KMS)).exitCode).toBe(0);
    expect((await bristlecone(...question, '--key', 'release', ...withKms)).stdout).toMatch(/one KMS request/);
  });

  it('a file beyond 4096 bytes goes to KMS by its mu, and is refused RAW with what to do', async () => {
    expect((await sign(at('fw.bin'), '--key', 'release', '--format', 'raw', '--out', at('sig'))).exitCode).toBe(0);
    const raw = await sign(at('fw.bin'), '--key', 'release', '--format', 'raw', '--mode', 'raw');
    expect(raw).toMatchObject({ exitCode: 1, stdout: '' });
    expect(raw.stderr).toMatch(/expected 1 to 4096 bytes, got 10000\. Use mode auto or mu\. \[message-size\]/);
  });
});

it('prints the document itself, or JSON that says what it is', async () => {
  const { bytes } = await sign(at('small.bin'), '--key', 'legacy', '--format', 'raw');
  const key = createPublicKey(readFileSync(at('legacy.pem')));
  expect(openSslVerify('sha256', read('small.bin'), key, bytes)).toBe(true);
  const json = JSON.parse((await sign(at('small.bin'), '--key', 'legacy', '--format', 'raw', '--json')).stdout);
  expect(json).toMatchObject({ format: 'raw', algorithm: 'ES256', keyArn: expect.stringMatching(/^arn:/) });
  expect(openSslVerify('sha256', read('small.bin'), key, fromBase64(json.base64))).toBe(true);
});

it('makes a certification request that says whose key it is', async () => {
  const made = await sign(
    '--key',
    'release',
    '--format',
    'csr',
    '--subject',
    'CN=Code signing, O=Example',
    '--out',
    at('csr'),
  );
  expect(made.exitCode).toBe(0);
  const found = await bristlecone('verify', at('csr'), '--json', ...NO_KMS);
  expect(JSON.parse(found.stdout)).toMatchObject({
    verified: true,
    subject: 'CN=Code signing, O=Example',
    algorithm: 'ML-DSA-65',
  });
});

describe('bristlecone sign refuses', () => {
  // oxfmt-ignore
  it.each<[name: string, args: () => readonly string[], exitCode: number, says: RegExp]>([
    ['no format',                        () => [at('small.bin'), '--key', 'release'],                                     2, /--format: expected raw, cose, jws, jwt, cms or csr, got none/],
    ['an unknown format',                () => [at('small.bin'), '--key', 'release', '--format', 'pgp'],                  2, /got pgp/],
    ['no key',                           () => [at('small.bin'), '--format', 'raw'],                                      2, /--key: expected the KMS key that signs/],
    ['a public key without --export',    () => [at('small.bin'), '--format', 'raw', '--public', at('release.pem')],       2, /--key: expected/],
    ['no file',                          () => ['--key', 'release', '--format', 'raw'],                                   2, /expected a file to sign/],
    ['a raw signature, detached',        () => [at('small.bin'), '--key', 'release', '--format', 'raw', '--detached'],    2, /--detached: expected the format cose, jws, cms, got raw/],
    ['a JWT, detached',                  () => [at('claims.json'), '--key', 'release', '--format', 'jwt', '--detached'],  2, /got jwt/],
    ['certificates in COSE',             () => [at('small.bin'), '--key', 'release', '--format', 'cose', '--chain', at('x')], 2, /--chain: expected the format cms, got cose/],
    ['a request without a name',         () => ['--key', 'release', '--format', 'csr'],                                   2, /--subject: expected a name/],
    ['a request for no name',            () => ['--key', 'release', '--format', 'csr', '--subject', 'Example'],           1, /\[invalid-name\]/],
    ['an unknown mode',                  () => [at('small.bin'), '--key', 'release', '--format', 'raw', '--mode', 'x'],   2, /--mode: expected auto, raw, mu, got "x"/],
    ['claims that are no JSON',          () => [at('small.bin'), '--key', 'release', '--format', 'jwt'],                  1, /jwt\.claims: expected JSON.*\[not-json\]/],
    ['a key that is not there',          () => [at('small.bin'), '--key', 'none', '--format', 'raw'],                     1, /alias\/none is not found.*\[key-not-found\]/],
    ['a file that is not there',         () => [at('none'), '--key', 'release', '--format', 'raw'],                       1, /\[file-not-found\]/],
    ['certificates that are none',       () => [at('small.bin'), '--key', 'release', '--format', 'cms', '--chain', at('small.bin')], 1, /expected CERTIFICATE in PEM or DER.*\[not-der\]/],
    ['mu of an Ed25519 key',             () => [at('small.bin'), '--key', 'edwards', '--format', 'raw', '--mode', 'mu'],  1, /\[mode-not-possible\]/],
    ['a file beside an import',          () => [at('small.bin'), '--import', at('small.bin')],                            2, /--import: expected no file/],
    ['a key beside an import',           () => ['--import', at('small.bin'), '--key', 'release'],                         2, /--import: expected neither --key nor --export/],
    ['an import without a request',      () => ['--import', at('small.bin')],                                             1, /\[file-not-found\]/],
  ])('%s', async (_name, args, exitCode, says) => {
    const run = await sign(...args());
    expect(run.stderr).toMatch(says);
    expect(run).toMatchObject({ exitCode, stdout: '' });
  });

  it('to sign while KMS is away, and says so', async () => {
    const run = await bristlecone('sign', at('small.bin'), '--key', 'release', '--format', 'raw', ...NO_KMS);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/KMS cannot be reached/);
  });
});
