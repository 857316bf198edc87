import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../../../protocol/bytes.ts';
import { NO_KMS, signCli } from '../../support/sign-cli.ts';

const { at, read, bristlecone, sign, signedBy } = signCli();

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
