import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { registerVerifyCommand } from '../../../cloud/cli/verify.ts';
import { prepareCms } from '../../../cloud/formats/cms.ts';
import { prepareCose } from '../../../cloud/formats/cose.ts';
import { prepareJws, prepareJwt } from '../../../cloud/formats/jws.ts';
import { encodePem } from '../../../cloud/formats/pem.ts';
import { prepareRaw } from '../../../cloud/formats/raw.ts';
import { prepareCsr } from '../../../cloud/formats/x509.ts';
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { encodeCoseKey } from '../../../protocol/cose/key.ts';
import { runCli } from '../../support/cli.ts';
import { issue, NOW_MS, signed } from '../../support/documents.ts';
import { testSigner } from '../../support/signers.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-verify-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const file = (name: string, data: Uint8Array | string): string => {
  writeFileSync(at(name), data);
  return at(name);
};

const content = utf8('a firmware image');
const signer = testSigner('ML-DSA-44');
const root = { signer: testSigner('ES256', 1), certificate: issue({ to: testSigner('ES256', 1) }) };
const middle = {
  signer: testSigner('ES256', 2),
  certificate: issue({ to: testSigner('ES256', 2), by: root, profile: 'intermediate', subject: 'CN=Middle' }),
};
const leaf = issue({ to: signer, by: middle });
const expired = issue({ to: signer, by: middle, notAfterMs: NOW_MS - 1000 });
const other = issue({ to: testSigner('ES256', 3), subject: 'CN=Other' });

const files = {
  content: file('fw.bin', content),
  wrong: file('wrong.bin', 'a firmware imagE'),
  public: file('key.cose', encodeCoseKey(signer.anchor)),
  stranger: file('stranger.cose', encodeCoseKey(testSigner('ML-DSA-44', 2).anchor)),
  cose: file('a.cose', signed(prepareCose(content, signer.anchor, { detached: false }), signer)),
  detached: file('d.cose', signed(prepareCose(content, signer.anchor, { detached: true }), signer)),
  jws: file('a.jws', signed(prepareJws(content, signer.anchor, { detached: false }), signer)),
  jwt: file('a.jwt', signed(prepareJwt(utf8(`{"sub":"x","exp":${NOW_MS / 1000}}`), signer.anchor), signer)),
  cms: file('a.cms', signed(prepareCms(content, signer.anchor, { detached: false, certificates: [] }), signer)),
  cmsWithChain: file(
    'c.cms',
    signed(prepareCms(content, signer.anchor, { detached: false, certificates: [leaf, middle.certificate] }), signer),
  ),
  cmsExpired: file(
    'e.cms',
    signed(
      prepareCms(content, signer.anchor, { detached: false, certificates: [expired, middle.certificate] }),
      signer,
    ),
  ),
  raw: file('a.sig', signed(prepareRaw(content, signer.anchor), signer)),
  csr: file('a.csr', signed(prepareCsr('CN=Signer', signer.anchor), signer)),
  root: file('root.pem', encodePem('CERTIFICATE', root.certificate)),
  other: file('other.pem', encodePem('CERTIFICATE', other)),
  chain: file('chain.pem', encodePem('CERTIFICATE', leaf, middle.certificate)),
  leaf: file('leaf.pem', encodePem('CERTIFICATE', leaf)),
  expired: file('expired.pem', encodePem('CERTIFICATE', expired, middle.certificate)),
};

const AT = ['--at', new Date(NOW_MS).toISOString()];
const verify = (...args: readonly string[]) => runCli([registerVerifyCommand], 'verify', ...args);

describe('bristlecone verify', () => {
  it('says what it verified, with whose key, and that KMS had no part in it', async () => {
    const run = await verify(files.cose, '--public', files.public);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const keyId = toHex(signer.anchor.keyId);
    expect(run.stdout).toBe(
      `Verified: cose, 16 bytes, signed by ML-DSA-44 key ${keyId.slice(0, 16)}…\n` +
        'Verified here: no KMS request, where `--via kms` makes two.\n',
    );
    const json = JSON.parse((await verify(files.cose, '--public', files.public, '--json')).stdout);
    expect(json).toEqual({
      verified: true,
      format: 'cose',
      algorithm: 'ML-DSA-44',
      keyId,
      contentBytes: 16,
      via: 'local',
    });
  });

  it('takes several keys, one of which has signed', async () => {
    expect((await verify(files.cose, '--public', files.stranger, files.public)).exitCode).toBe(0);
  });

  // oxfmt-ignore
  it.each<[name: string, args: readonly string[]]>([
    ['a JWS',                              [files.jws, '--public', files.public]],
    ['a CMS message',                      [files.cms, '--public', files.public]],
    ['a raw signature',                    [files.raw, '--format', 'raw', '--content', files.content, '--public', files.public]],
    ['a detached message',                 [files.detached, '--content', files.content, '--public', files.public]],
    ['a token of its time',                [files.jwt, '--format', 'jwt', '--public', files.public, '--at', new Date(NOW_MS - 1).toISOString()]],
    ['a certification request',            [files.csr]],
    ['a certificate',                      [files.chain, '--root', files.root, ...AT]],
    ['a certificate and its chain apart',  [files.leaf, '--chain', files.chain, '--root', files.root, ...AT]],
    ['a document by a chain',              [files.cose, '--root', files.root, '--chain', files.chain, ...AT]],
    ['a CMS message by the chain in it',   [files.cmsWithChain, '--root', files.root, ...AT]],
    ['one of two roots',                   [files.cmsWithChain, '--root', files.other, files.root, ...AT]],
    ['yesterday’s certificate, yesterday', [files.expired, '--root', files.root, '--at', new Date(NOW_MS - 2000).toISOString()]],
  ])('accepts %s', async (_name, args) => {
    expect(await verify(...args)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  // oxfmt-ignore
  it.each<[name: string, args: readonly string[], exitCode: number, says: RegExp]>([
    ['no trust at all',                    [files.cose],                                                   2, /expected one of --public, --root and --key, got none/],
    ['two kinds of trust',                 [files.cose, '--public', files.public, '--root', files.root],   2, /got --public and --root/],
    ['a chain to nowhere',                 [files.cose, '--public', files.public, '--chain', files.chain], 2, /--chain: expected --root/],
    ['KMS without its key',                [files.cose, '--public', files.public, '--via', 'kms'],         2, /--via kms: expected --key/],
    ['another way to verify',              [files.cose, '--public', files.public, '--via', 'mail'],        2, /--via: expected local or kms, got mail/],
    ['an unknown format',                  [files.cose, '--public', files.public, '--format', 'pgp'],      2, /got "pgp"/],
    ['a document without marks',           [files.raw, '--public', files.public],                          2, /--format: the document has no marks of a format \(a raw signature has none\)/],
    ['a time that is none',                [files.cose, '--public', files.public, '--at', 'noon'],         2, /--at: expected a time/],
    ['a certificate without a root',       [files.leaf, '--public', files.public],                         2, /a certificate: expected --root/],
    ['a request with trust',               [files.csr, '--public', files.public],                          2, /signed by the key in it/],
    ['a document without its chain',       [files.cose, '--root', files.root],                             2, /--chain: expected the certificates of the signer/],
    ['a CMS message without its chain',    [files.cms, '--root', files.root],                              2, /the document carries none/],
    ['a raw signature without content',    [files.raw, '--format', 'raw', '--public', files.public],       1, /expected the content that the raw signature is over/],
    ['a detached message without content', [files.detached, '--public', files.public],                     1, /cose\.payload.*\[wrong-shape\]/],
    ['another content',                    [files.detached, '--public', files.public, '--content', files.wrong], 1, /cose\.signature.*\[signature-invalid\]/],
    ['a raw signature over another content', [files.raw, '--format', 'raw', '--content', files.wrong, '--public', files.public], 1, /expected a signature over these 16 bytes by ML-DSA-44 key.*\[signature-invalid\]/],
    ['a key that did not sign',            [files.cose, '--public', files.stranger],                       1, /\[unknown-key\]/],
    ['a JWS as a JWT of today',            [files.jwt, '--format', 'jwt', '--public', files.public, ...AT], 1, /jwt\.exp.*\[not-current\]/],
    ['a JWS as COSE',                      [files.jws, '--format', 'cose', '--public', files.public],      1, /\[malformed\]/],
    ['a leaf without its intermediate',    [files.leaf, '--root', files.root, ...AT],                      1, /expected a certificate of its issuer "CN=Middle".*\[chain-untrusted\]/],
    ['another root',                       [files.cmsWithChain, '--root', files.other, ...AT],             1, /\[chain-untrusted\]/],
    ['a leaf after its time',              [files.cmsExpired, '--root', files.root, ...AT],                1, /certificate "CN=Signer": expected a time from.*\[not-current\]/],
    ['a chain after its time',             [files.cmsWithChain, '--root', files.root, '--at', '2050-01-01'], 1, /\[not-current\]/],
    ['a file that is not there',           [at('none'), '--public', files.public],                         1, /\[file-not-found\]/],
    ['a key file that is none',            [files.cose, '--public', files.content],                        1, /expected a COSE_Key.*\[wrong-shape\]/],
    ['a root that is none',                [files.leaf, '--root', files.content],                          1, /expected CERTIFICATE in PEM or DER.*\[not-der\]/],
  ])('refuses %s', async (_name, args, exitCode, says) => {
    const run = await verify(...args);
    expect(run.stderr).toMatch(says);
    expect(run).toMatchObject({ exitCode, stdout: '' });
  });

  it('writes no content that it did not verify', async () => {
    await verify(files.cose, '--public', files.stranger, '--out', at('never'));
    expect((await verify(at('never'), '--public', files.public)).stderr).toMatch(/\[file-not-found\]/);
  });

  it('does not look at the leaf’s key before its chain is verified', async () => {
    // The signature is not even one: had the key been used first, that would have been the answer.
    const damaged = file(
      'damaged.cose',
      signed(prepareCose(content, signer.anchor, { detached: false }), testSigner('ML-DSA-44', 2)),
    );
    const run = await verify(damaged, '--root', files.other, '--chain', files.chain, ...AT);
    expect(run.stderr).toMatch(/\[chain-untrusted\]/);
    expect((await verify(damaged, '--root', files.root, '--chain', files.chain, ...AT)).stderr).toMatch(
      /\[signature-invalid\]/,
    );
  });
});
