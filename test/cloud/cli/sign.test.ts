import { createPublicKey, verify as openSslVerify } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, type KeySpec, SignCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerKeyCommands } from '../../../cloud/cli/key.ts';
import { registerSignCommand } from '../../../cloud/cli/sign.ts';
import { registerVerifyCommand } from '../../../cloud/cli/verify.ts';
import { fromBase64, toBase64, utf8 } from '../../../protocol/bytes.ts';
import { encodeCoseKey } from '../../../protocol/cose/key.ts';
import { runCli } from '../../support/cli.ts';
import { createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { testSigner } from '../../support/signers.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-sign-'));
const at = (name: string): string => join(folder, name);
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)));
/** Nothing listens there: what works with it asked KMS nothing. */
const NO_KMS = ['--kms-endpoint', 'http://127.0.0.1:1'];

let kms: TestKms;
let withKms: readonly string[];
beforeAll(async () => {
  kms = await startTestKms();
  withKms = ['--kms-endpoint', kms.server.url];
  for (const [alias, spec] of KEYS) {
    const TargetKeyId = await createKey(kms.client, spec);
    await kms.client.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId }));
    await bristlecone('key', 'public', alias, '--out', at(`${alias}.pem`), ...withKms);
  }
  writeFileSync(at('fw.bin'), new Uint8Array(10_000).fill(7));
  writeFileSync(at('small.bin'), 'a firmware image');
  writeFileSync(at('claims.json'), '{"sub":"device-1"}');
  writeFileSync(at('stranger.cose'), encodeCoseKey(testSigner('ML-DSA-65').anchor));
});
afterAll(async () => {
  await kms.stop();
  rmSync(folder, { recursive: true });
});

const KEYS: readonly (readonly [alias: string, spec: KeySpec])[] = [
  ['ml-dsa-44', 'ML_DSA_44'],
  ['release', 'ML_DSA_65'],
  ['ml-dsa-87', 'ML_DSA_87'],
  ['legacy', 'ECC_NIST_P256'],
  ['edwards', 'ECC_NIST_EDWARDS25519'],
];

const bristlecone = (...args: readonly string[]) =>
  runCli([registerKeyCommands, registerSignCommand, registerVerifyCommand], ...args);

const sign = (...args: readonly string[]) => bristlecone('sign', ...args, ...withKms);

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

/** What whoever holds the key does, by the instructions: KMS signs a file of the folder. */
const signedBy = async (alias: string, file: string, MessageType: 'RAW' | 'EXTERNAL_MU'): Promise<Uint8Array> => {
  const SigningAlgorithm = alias === 'legacy' ? 'ECDSA_SHA_256' : 'ML_DSA_SHAKE_256';
  const command = new SignCommand({ KeyId: `alias/${alias}`, Message: read(file), MessageType, SigningAlgorithm });
  return new Uint8Array((await kms.client.send(command)).Signature ?? []);
};

const write = (name: string, bytes: Uint8Array): void => writeFileSync(at(name), bytes);

const edit = (request: string, fields: object): void => {
  const json = JSON.parse(readFileSync(at(`${request}/request.json`), 'utf8'));
  writeFileSync(at(`${request}/request.json`), JSON.stringify({ ...json, ...fields }));
};

describe('over an air gap', () => {
  let requests = 0;
  const exported = async (...args: readonly string[]): Promise<string> => {
    const name = `request-${requests++}`;
    const run = await bristlecone('sign', ...args, '--export', at(name), ...NO_KMS);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    return name;
  };
  const finish = (signature: string, ...args: readonly string[]) =>
    bristlecone('sign', '--import', at(signature), ...args, ...NO_KMS);

  // oxfmt-ignore
  const CASES: readonly (readonly [format: string, file: string | undefined, more: readonly string[], verify: readonly string[]])[] = [
    ['raw',  'small.bin',   [],                      ['--format', 'raw', '--content', at('small.bin')]],
    ['cose', 'fw.bin',      [],                      []],
    ['cose', 'fw.bin',      ['--detached'],          ['--content', at('fw.bin')]],
    ['jws',  'small.bin',   ['--detached'],          ['--content', at('small.bin')]],
    ['jwt',  'claims.json', [],                      ['--format', 'jwt']],
    ['cms',  'fw.bin',      [],                      []],
    ['cms',  'fw.bin',      ['--detached'],          ['--content', at('fw.bin')]],
    ['csr',  undefined,     ['--subject', 'CN=x'],   []],
  ];

  it.each(CASES)(
    '%s of %s %j is exported, signed by mu elsewhere, imported and verified',
    async (format, file, more, options) => {
      const given = file === undefined ? [] : [at(file)];
      const request = await exported(...given, '--public', at('release.pem'), '--format', format, ...more);
      writeFileSync(at(`${request}/signature.bin`), await signedBy('release', `${request}/mu.bin`, 'EXTERNAL_MU'));
      const run = await finish(`${request}/signature.bin`, '--out', at('finished'));
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      const trust = format === 'csr' ? [] : ['--public', at('release.pem')];
      expect((await bristlecone('verify', at('finished'), ...trust, ...options, ...NO_KMS)).exitCode).toBe(0);
    },
  );

  it('the same request signed RAW is as good, and a message of KMS’s own formats too', async () => {
    const request = await exported(at('small.bin'), '--public', at('release.pem'), '--format', 'cose');
    const raw = await signedBy('release', `${request}/to-be-signed.bin`, 'RAW');
    writeFileSync(at(`${request}/a`), raw);
    writeFileSync(at(`${request}/b`), `${toBase64(raw)}\n`);
    writeFileSync(at(`${request}/c`), JSON.stringify({ KeyId: 'arn', Signature: toBase64(raw) }));
    const documents = [];
    for (const name of ['a', 'b', 'c']) documents.push((await finish(`${request}/${name}`)).bytes);
    expect(documents[1]).toEqual(documents[0]);
    expect(documents[2]).toEqual(documents[0]);
  });

  it('an ECDSA key signs what is to be signed, in the DER of KMS', async () => {
    const request = await exported(at('small.bin'), '--public', at('legacy.pem'), '--format', 'jws');
    writeFileSync(at(`${request}/signature.bin`), await signedBy('legacy', `${request}/to-be-signed.bin`, 'RAW'));
    expect((await finish(`${request}/signature.bin`, '--out', at('finished'))).exitCode).toBe(0);
    expect((await bristlecone('verify', at('finished'), '--public', at('legacy.pem'), ...NO_KMS)).exitCode).toBe(0);
  });

  it('the folder says on one page what to do, with the key it is for', async () => {
    const request = await exported(at('fw.bin'), '--public', at('release.pem'), '--format', 'cose', '--detached');
    expect(readdirSync(at(request)).toSorted()).toEqual([
      'INSTRUCTIONS.md',
      'content.bin',
      'document.bin',
      'mu.bin',
      'public.pem',
      'request.json',
      'to-be-signed.bin',
    ]);
    expect(read(`${request}/mu.bin`)).toHaveLength(64);
    expect(read(`${request}/public.pem`)).toEqual(read('release.pem'));
    const page = new TextDecoder().decode(read(`${request}/INSTRUCTIONS.md`));
    expect(page.split('\n').length).toBeLessThan(50);
    expect(page).toContain('--message fileb://mu.bin --message-type EXTERNAL_MU');
    expect(page).not.toContain('--message-type RAW');
    expect(page).toContain(`bristlecone sign --import ${at(request)}/signature.bin`);
  });

  it('a KMS key may be named for the export too: only its public part is asked for', async () => {
    const run = await sign(at('small.bin'), '--key', 'release', '--format', 'raw', '--export', at('by-key'), '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({ format: 'raw', algorithm: 'ML-DSA-65', toBeSignedBytes: 16 });
    expect(read('by-key/to-be-signed.bin')).toEqual(read('small.bin'));
  });

  describe('nothing that comes back is trusted', () => {
    const changes: readonly (readonly [
      name: string,
      change: (request: string) => void | Promise<void>,
      says: RegExp,
    ])[] = [
      [
        'a signature by another key',
        async (it) => write(`${it}/signature.bin`, await signedBy('ml-dsa-44', `${it}/to-be-signed.bin`, 'RAW')),
        /\[signature-invalid\]/,
      ],
      [
        'a signature over something else',
        async (it) => write(`${it}/signature.bin`, await signedBy('release', 'small.bin', 'RAW')),
        /\[signature-invalid\]/,
      ],
      [
        'no signature',
        (it) => write(`${it}/signature.bin`, new Uint8Array()),
        /got 0 other bytes \[signature-invalid\]/,
      ],
      [
        '16 KB and one byte of signature',
        (it) => write(`${it}/signature.bin`, new Uint8Array(16_385)),
        /\[too-large\]/,
      ],
      [
        'another document',
        (it) => write(`${it}/document.bin`, changed(read(`${it}/document.bin`), 60)),
        /\[signature-invalid\]/,
      ],
      [
        'a truncated document',
        (it) => write(`${it}/document.bin`, read(`${it}/document.bin`).slice(0, 40)),
        /\[malformed\]/,
      ],
      [
        'another key in the request',
        (it) => edit(it, { publicKey: toBase64(utf8('key')) }),
        /\[unsupported-algorithm\]/,
      ],
      [
        'a key that is no base64',
        (it) => edit(it, { publicKey: '…' }),
        /request\.json\.publicKey: expected base64.*\[wrong-shape\]/,
      ],
      ['another format', (it) => edit(it, { format: 'cms' }), /\[not-der\]/],
      ['an unknown format', (it) => edit(it, { format: 'pgp' }), /expected one of raw, cose.*\[wrong-shape\]/],
      ['a raw signature made of it', (it) => edit(it, { format: 'certificate' }), /\[not-der\]/],
      ['a request of somebody else', (it) => edit(it, { kind: 'x' }), /request\.json\.kind.*\[wrong-shape\]/],
      ['a request that is no JSON', (it) => write(`${it}/request.json`, utf8('x')), /\[not-json\]/],
      ['a request without what is to be signed', (it) => rmSync(at(`${it}/to-be-signed.bin`)), /\[file-not-found\]/],
    ];
    it.each(changes)('%s', async (_name, change, says) => {
      const request = await exported(at('small.bin'), '--public', at('release.pem'), '--format', 'cose');
      write(`${request}/signature.bin`, await signedBy('release', `${request}/mu.bin`, 'EXTERNAL_MU'));
      await change(request);
      const run = await finish(`${request}/signature.bin`, '--out', at('refused'));
      expect(run.stderr).toMatch(says);
      expect(run.exitCode).toBe(1);
      expect(existsSync(at('refused'))).toBe(false);
    });

    it('content that was changed beside a detached CMS message', async () => {
      const request = await exported(at('small.bin'), '--public', at('release.pem'), '--format', 'cms', '--detached');
      write(`${request}/signature.bin`, await signedBy('release', `${request}/mu.bin`, 'EXTERNAL_MU'));
      write(`${request}/content.bin`, utf8('a firmware imagE'));
      expect((await finish(`${request}/signature.bin`)).stderr).toMatch(/\[content-mismatch\]/);
    });

    it('a request for another key than it must be', async () => {
      const request = await exported(at('small.bin'), '--public', at('release.pem'), '--format', 'cose');
      write(`${request}/signature.bin`, await signedBy('release', `${request}/mu.bin`, 'EXTERNAL_MU'));
      const run = await finish(`${request}/signature.bin`, '--public', at('stranger.cose'));
      expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\[key-mismatch\]/) });
      expect((await finish(`${request}/signature.bin`, '--public', at('release.pem'))).exitCode).toBe(0);
    });

    it('a second request in the same folder', async () => {
      const request = await exported(at('small.bin'), '--public', at('release.pem'), '--format', 'cose');
      const again = await bristlecone(
        'sign',
        at('small.bin'),
        '--public',
        at('release.pem'),
        '--format',
        'cose',
        '--export',
        at(request),
      );
      expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\[already-exists\]/) });
    });
  });
});

const changed = (bytes: Uint8Array, index: number): Uint8Array => bytes.with(index, (bytes[index] ?? 0) ^ 1);
