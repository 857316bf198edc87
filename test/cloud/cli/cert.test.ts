import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, type KeySpec, SignCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerCertCommands } from '../../../cloud/cli/cert.ts';
import { registerKeyCommands } from '../../../cloud/cli/key.ts';
import { registerSignCommand } from '../../../cloud/cli/sign.ts';
import { registerVerifyCommand } from '../../../cloud/cli/verify.ts';
import { encodePem } from '../../../cloud/formats/pem.ts';
import { runCli } from '../../support/cli.ts';
import { issue } from '../../support/documents.ts';
import { createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';
import { testSigner } from '../../support/signers.ts';

const folder = mkdtempSync(join(tmpdir(), 'bristlecone-cert-'));
const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');

const KEYS: readonly (readonly [alias: string, spec: KeySpec])[] = [
  ['root', 'ML_DSA_87'],
  ['issuing', 'ML_DSA_65'],
  ['release', 'ML_DSA_44'],
  ['old-root', 'ECC_NIST_P256'],
  ['old-issuing', 'ECC_NIST_P256'],
  ['legacy', 'ECC_NIST_P256'],
];

let kms: TestKms;
let withKms: readonly string[];
const bristlecone = (...args: readonly string[]) =>
  runCli([registerCertCommands, registerKeyCommands, registerSignCommand, registerVerifyCommand], ...args);
const cert = (...args: readonly string[]) => bristlecone('cert', ...args, ...withKms);

/** Runs it and expects it to have worked. */
async function done(run: ReturnType<typeof bristlecone>): Promise<string> {
  const { exitCode, stdout, stderr } = await run;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

beforeAll(async () => {
  kms = await startTestKms();
  withKms = ['--kms-endpoint', kms.server.url];
  for (const [alias, spec] of KEYS) {
    const TargetKeyId = await createKey(kms.client, spec);
    await kms.client.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId }));
  }
  writeFileSync(at('fw.bin'), 'a firmware image');
  await makeChain('', 'release');
  await makeChain('old-', 'legacy');
});
afterAll(async () => {
  await kms.stop();
  rmSync(folder, { recursive: true });
});

async function makeChain(prefix: string, leaf: string): Promise<void> {
  const [root, issuing] = [`${prefix}root`, `${prefix}issuing`];
  await done(cert('ca', '--key', root, '--subject', 'CN=Root, O=Example', '--out', at(`${root}.pem`)));
  await done(
    cert('intermediate', '--key', issuing, '--subject', 'CN=Issuing', ...by(root), '--out', at(`${issuing}.pem`)),
  );
  await done(cert('leaf', '--key', leaf, '--subject', 'CN=Code signing', ...by(issuing), '--out', at(`${leaf}.pem`)));
  writeFileSync(at(`${leaf}.chain`), text(`${leaf}.pem`) + text(`${issuing}.pem`));
}

const by = (alias: string): string[] => ['--issuer', at(`${alias}.pem`), '--issuer-key', alias];

describe.each([
  ['ML-DSA', '', 'release'],
  ['ECDSA', 'old-', 'legacy'],
])('a chain of %s keys that never left KMS', (_name, prefix, leaf) => {
  it('is one that OpenSSL verifies, step by step', () => {
    const path = [leaf, `${prefix}issuing`, `${prefix}root`].map((it) => new X509Certificate(text(`${it}.pem`)));
    for (const [index, certificate] of path.entries()) {
      const issuer = path[index + 1] ?? certificate;
      expect(certificate.verify(issuer.publicKey)).toBe(true);
      expect(certificate.checkIssued(issuer)).toBe(true);
      expect(certificate.ca).toBe(index > 0);
    }
    expect(path.map(({ subject }) => subject)).toEqual(['CN=Code signing', 'CN=Issuing', 'CN=Root\nO=Example']);
    expect(new Set(path.map(({ serialNumber }) => serialNumber)).size).toBe(3);
  });

  it('is verified by its own command, leaf and CA alike', async () => {
    const root = ['--root', at(`${prefix}root.pem`)];
    expect(await done(bristlecone('verify', at(`${leaf}.chain`), ...root))).toMatch(
      /may sign code\.\n {2}CN=Code signing/,
    );
    expect(await done(bristlecone('verify', at(`${prefix}issuing.pem`), ...root))).toMatch(/may sign certificates\./);
    const json = JSON.parse(await done(bristlecone('verify', at(`${leaf}.chain`), ...root, '--json')));
    expect(json).toMatchObject({ verified: true, purpose: 'code-signing' });
    expect(json.chain).toHaveLength(3);
  });

  it.each(['cose', 'jws', 'cms', 'raw'])('lets %s be verified by the root alone', async (format) => {
    await done(bristlecone('sign', at('fw.bin'), '--key', leaf, '--format', format, '--out', at('doc'), ...withKms));
    const question = ['verify', at('doc'), '--format', format, '--root', at(`${prefix}root.pem`)];
    const content = format === 'raw' ? ['--content', at('fw.bin')] : [];
    const said = await done(bristlecone(...question, '--chain', at(`${leaf}.chain`), ...content));
    expect(said).toMatch(/CN=Issuing, signed with .*\n {2}CN=Root, O=Example, signed with/);
    expect(said).toMatch(/with the key of the leaf after its chain/);
  });

  it('travels inside a CMS message', async () => {
    const signing = ['sign', at('fw.bin'), '--key', leaf, '--format', 'cms', '--chain', at(`${leaf}.chain`)];
    await done(bristlecone(...signing, '--out', at('doc'), ...withKms));
    await done(bristlecone('verify', at('doc'), '--root', at(`${prefix}root.pem`), '--out', at('got')));
    expect(text('got')).toBe('a firmware image');
  });
});

describe('a certificate', () => {
  it('is made from a request as from a key', async () => {
    await done(cert('csr', '--key', 'release', '--subject', 'CN=From a request', '--out', at('release.csr')));
    await done(cert('leaf', '--csr', at('release.csr'), ...by('issuing'), '--out', at('leaf.pem')));
    const made = new X509Certificate(text('leaf.pem'));
    expect(made.subject).toBe('CN=From a request');
    expect(made.publicKey.equals(new X509Certificate(text('release.pem')).publicKey)).toBe(true);
    await done(
      cert('leaf', '--csr', at('release.csr'), '--subject', 'CN=Renamed', ...by('issuing'), '--out', at('leaf.pem')),
    );
    expect(new X509Certificate(text('leaf.pem')).subject).toBe('CN=Renamed');
  });

  it('is for as long as it was asked, in PEM on standard output', async () => {
    const stdout = await done(cert('leaf', '--key', 'release', '--subject', 'CN=x', ...by('issuing'), '--days', '30'));
    const made = new X509Certificate(stdout);
    expect(made.validToDate.getTime() - made.validFromDate.getTime()).toBe(30 * 86_400_000);
  });

  it('of a root behind an air gap is made there', async () => {
    const key = at('offline.pem');
    await done(bristlecone('key', 'public', 'root', '--out', key, ...withKms));
    await done(bristlecone('cert', 'ca', '--public', key, '--subject', 'CN=Offline', '--export', at('request')));
    const Message = new Uint8Array(readFileSync(at('request/mu.bin')));
    const SigningAlgorithm = 'ML_DSA_SHAKE_256';
    const command = new SignCommand({ KeyId: 'alias/root', Message, MessageType: 'EXTERNAL_MU', SigningAlgorithm });
    const { Signature } = await kms.client.send(command);
    writeFileSync(at('request/signature.bin'), Signature ?? '');
    await done(bristlecone('sign', '--import', at('request/signature.bin'), '--out', at('offline-root.pem')));
    expect(await done(bristlecone('verify', at('offline-root.pem'), '--root', at('offline-root.pem')))).toMatch(
      /CN=Offline/,
    );
  });

  it('of an issuer behind an air gap needs no KMS but for the key that it is for', async () => {
    const issued = [
      'leaf',
      '--key',
      'release',
      '--subject',
      'CN=x',
      '--issuer',
      at('root.pem'),
      '--export',
      at('issued'),
    ];
    expect(await done(cert(...issued))).toMatch(/Next: read .*INSTRUCTIONS\.md/);
  });
});

const pem = (name: string, der: Uint8Array): string => {
  writeFileSync(at(name), encodePem('CERTIFICATE', der));
  return at(name);
};

describe('bristlecone cert refuses', () => {
  // oxfmt-ignore
  it.each<[name: string, args: () => readonly string[], exitCode: number, says: RegExp]>([
    ['a CA without a name',                  () => ['ca', '--key', 'root'],                                                2, /--subject: expected a name/],
    ['a CA without a key',                   () => ['ca', '--subject', 'CN=x'],                                            2, /--key: expected the KMS key/],
    ['a name that is none',                  () => ['ca', '--key', 'root', '--subject', 'Root'],                           1, /\[invalid-name\]/],
    ['no days',                              () => ['ca', '--key', 'root', '--subject', 'CN=x', '--days', '0'],            2, /--days: expected a whole number from 1/],
    ['half a day',                           () => ['ca', '--key', 'root', '--subject', 'CN=x', '--days', '0.5'],          2, /--days/],
    ['a negative path length',               () => ['ca', '--key', 'root', '--subject', 'CN=x', '--path-length=-1'],       2, /--path-length/],
    ['a leaf without an issuer',             () => ['leaf', '--key', 'release', '--subject', 'CN=x'],                      2, /required option '--issuer/],
    ['a leaf without a key',                 () => ['leaf', '--subject', 'CN=x', ...by('issuing')],                        2, /expected --key, --public or --csr/],
    ['a leaf for two keys',                  () => ['leaf', '--key', 'release', '--public', at('x'), '--subject', 'CN=x', ...by('issuing')], 2, /got two/],
    ['an issuer without its key',            () => ['leaf', '--key', 'release', '--subject', 'CN=x', '--issuer', at('issuing.pem')], 2, /--key: expected the KMS key that signs/],
    ['another key than the issuer’s',        () => ['leaf', '--key', 'release', '--subject', 'CN=x', '--issuer', at('issuing.pem'), '--issuer-key', 'root'], 1, /another key\. \[key-mismatch\]/],
    ['a leaf as an issuer',                  () => ['leaf', '--key', 'release', '--subject', 'CN=x', ...by('release')],    1, /expected a CA.*\[certificate-usage\]/],
    ['a certificate that outlives its issuer', () => ['leaf', '--key', 'release', '--subject', 'CN=x', ...by('issuing'), '--days', '3000'], 1, /Use --days 182\d at most.*\[outlives-issuer\]/],
    ['a CA where the issuer allows none',    () => ['intermediate', '--key', 'release', '--subject', 'CN=x', ...by('issuing'), '--days', '9'], 1, /\[path-length\]/],
    ['a path as long as the issuer’s',       () => ['intermediate', '--key', 'release', '--subject', 'CN=x', ...by('root'), '--path-length', '1'], 1, /\[path-length\]/],
    ['an issuer of last year',               () => ['leaf', '--key', 'release', '--subject', 'CN=x', '--issuer', pem('old.pem', issue({ to: testSigner('ES256'), notAfterMs: Date.parse('2026-01-01') })), '--issuer-key', 'root'], 1, /\[not-current\]/],
    ['an issuer that is no certificate',     () => ['leaf', '--key', 'release', '--subject', 'CN=x', '--issuer', at('fw.bin'), '--issuer-key', 'root'], 1, /\[not-der\]/],
    ['two issuers in one file',              () => ['leaf', '--key', 'release', '--subject', 'CN=x', '--issuer', at('release.chain'), '--issuer-key', 'root'], 1, /expected one CERTIFICATE, got 2/],
    ['a request that is none',               () => ['leaf', '--csr', at('root.pem'), ...by('issuing')],                    1, /expected CERTIFICATE REQUEST in PEM, got CERTIFICATE/],
  ])('%s', async (_name, args, exitCode, says) => {
    const run = await cert(...args());
    expect(run.stderr).toMatch(says);
    expect(run).toMatchObject({ exitCode, stdout: '' });
  });

  it('a request that was changed on its way', async () => {
    await done(cert('csr', '--key', 'legacy', '--subject', 'CN=Abc', '--out', at('changed.csr')));
    const der = Buffer.from(text('changed.csr').replace(/-----.*-----|\n/g, ''), 'base64');
    der[der.indexOf('Abc')] = 0x42;
    writeFileSync(
      at('changed.csr'),
      encodePem('CERTIFICATE', new Uint8Array(der)).replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
    );
    const run = await cert('leaf', '--csr', at('changed.csr'), ...by('issuing'));
    expect(run.stderr).toMatch(/csr\.signature.*\[signature-invalid\]/);
  });
});
