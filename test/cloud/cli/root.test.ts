/** The whole way: five holders of two algorithms, offline and in KMS, a first root, a revocation, what is published. */
import { copyFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { CreateAliasCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedRoots } from '../../../cloud/roots/published-roots.ts';
import { verifyWithOpenSsl } from '../../../device-sim/hardware/native-verifier.ts';
import { advanceRoot, verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { RootCli } from '../../support/root-cli.ts';
import { createKey, startTestKms, type TestKms } from '../../support/embedded-kms.ts';

const cli = new RootCli();
const [one, two, data] = [cli.at('ceremony-1'), cli.at('ceremony-2'), cli.at('cloud')];
let kms: TestKms;
let alice = '';
let bob = '';
let carol = '';

beforeAll(async () => {
  kms = await startTestKms();
  cli.useKms(kms.server.url);
  const specs = {
    'root-d': 'ML_DSA_44',
    'root-e': 'ECC_NIST_P256',
    release: 'ML_DSA_65',
    'release-2': 'ML_DSA_65',
  } as const;
  for (const [alias, spec] of Object.entries(specs)) {
    const TargetKeyId = await createKey(kms.client, spec);
    await kms.client.send(new CreateAliasCommand({ AliasName: `alias/${alias}`, TargetKeyId }));
  }
  alice = await cli.keygen('alice');
  bob = await cli.keygen('bob');
  carol = await cli.keygen('carol', 'ES256');
});
afterAll(() => kms.stop());

const pub = (key: string): string => key.replace(/key$/, 'pub');

describe('a ceremony of three of five, hybrid, offline and in KMS', () => {
  it('drafts the first root', async () => {
    const draft = await cli.kmsJson(
      ...['init', one, '--by', 'Alice', '--root-key', pub(alice), pub(bob), pub(carol), 'kms:root-d', 'kms:root-e'],
      ...['--root-threshold', 'ML-DSA-44:2,ES256:1', '--release-key', 'kms:release', '--expires', '5y'],
    );
    expect(draft).toMatchObject({ version: 1, mayBeSignedBy: 5, hash: 'SHA-256' });
    expect(draft.roles.map(({ name, keys }: { name: string; keys: unknown[] }) => [name, keys.length])).toEqual([
      ['root', 5],
      ['release', 1],
    ]);
  });

  it('is signed by each holder in turn, who learns what is still missing', async () => {
    expect((await cli.sign(one, alice)).missing).toHaveLength(2);
    expect((await cli.sign(one, 'kms:root-d')).missing).toEqual([expect.stringContaining('0 of 1 ES256')]);
    expect((await cli.sign(one, carol)).missing).toEqual([]);
    const shown = await cli.json('show', one);
    expect(shown.steps.map(({ step }: { step: string }) => step)).toEqual(['init', 'sign', 'sign', 'sign']);
    expect(shown.finished).toBe(false);
  });

  it('ends in a root that a device accepts', async () => {
    const final = await cli.json('finalize', one, '--by', 'Alice', '--out', cli.at('root-1.cose'));
    expect(final).toMatchObject({ version: 1, steps: 5 });
    const bytes = new Uint8Array(readFileSync(final.file));
    expect(verifyFirstRoot(bytes, { verify: verifyWithOpenSsl }).signers).toHaveLength(3);
    expect(readdirSync(one).toSorted()).toEqual([
      'draft.cbor',
      'previous',
      'root-1.cose',
      'signatures',
      'transcript.jsonl',
    ]);
  });

  it('is recomputed by somebody who was not there', async () => {
    const report = await cli.json('verify-ceremony', one);
    expect(report.signers.map(({ by }: { by: string }) => by).toSorted()).toEqual([
      'holder of alice.key',
      'holder of carol.key',
      'holder of ms:root-d',
    ]);
    const noted = ['--digest', report.digest.slice(0, 16), '--transcript-hash', report.transcriptHash];
    expect((await cli.json('verify-ceremony', one, ...noted)).steps).toBe(5);
    const other = ['--transcript-hash', '0'.repeat(96)];
    expect((await cli.refusal('verify-ceremony', one, ...other)).code).toBe('not-as-noted');
  });

  it('is published, once', async () => {
    expect(await cli.json('publish', cli.at('root-1.cose'), '--data', data)).toMatchObject({
      version: 1,
      already: false,
    });
    expect(await cli.json('publish', cli.at('root-1.cose'), '--data', data)).toMatchObject({ already: true });
    expect((await cli.root('list', '--data', data)).stdout).toMatch(/^ +1 /m);
  });
});

describe('the ceremony after it', () => {
  it('revokes a stolen release key and raises the floor', async () => {
    const first = await cli.json('show', cli.at('root-1.cose'));
    const stolen = first.roles[1].keys[0].keyId;
    const draft = await cli.kmsJson(
      ...['revoke', two, '--by', 'Bob', '--from', cli.at('root-1.cose'), '--key', stolen.slice(0, 16)],
      ...['--reason', 'compromised', '--new', 'kms:release-2', '--floor', 'example.com/hub=1:0'],
    );
    expect(draft).toMatchObject({
      version: 2,
      previous: first.digest,
      revoked: [{ keyId: stolen, reason: 'compromised' }],
    });
    expect(draft.floors).toMatchObject([{ epoch: 1, sequenceNumber: 0 }]);
  });

  it('shows each signer what changes before asking for the digest', async () => {
    const digest: string = (await cli.json('show', two)).digest;
    const told = ['--digest', digest.slice(0, 16)];
    const run = await cli.root('sign', two, '--key', bob, '--by', 'Bob', ...told, ...cli.unlock);
    expect(run.exitCode).toBe(0);
    expect(run.stderr).toContain('- roles.release.keys: ML-DSA-65');
    expect(run.stderr).toContain('+ revoked:');
    expect(run.stderr).toContain(digest.replace(/(.{8})(?=.)/g, '$1 '));
  });

  it('takes a signature that came another way than with the folder', async () => {
    const copy = cli.at('copy-of-2');
    cpSync(two, copy, { recursive: true });
    await cli.sign(copy, 'kms:root-d');
    await cli.sign(two, 'kms:root-e');
    const [name] = readdirSync(`${copy}/signatures`).filter((it) => !readdirSync(`${two}/signatures`).includes(it));
    copyFileSync(`${copy}/signatures/${name}`, `${two}/signatures/from-ops.cose`);
    await cli.json('finalize', two, '--by', 'Bob');
    const { steps } = await cli.json('show', two);
    expect(steps.map(({ step }: { step: string }) => step)).toEqual(['revoke', 'sign', 'sign', 'receive', 'finalize']);
    expect((await cli.json('verify-ceremony', two)).signers).toHaveLength(3);
  });

  it('gives a chain that verifies as a device walks it, and whose end is warned of', async () => {
    const roots = [`${two}/root-2.cose`, `${one}/root-1.cose`];
    const first = (await cli.json('show', cli.at('root-1.cose'))).digest;
    const verified = await cli.json('verify', ...roots, '--pin', first);
    expect(verified).toMatchObject({ verified: true, pinned: true, expired: false, warning: null });
    expect(verified.roots.map(({ version }: { version: number }) => version)).toEqual([1, 2]);
    const { warning } = await cli.json('verify', ...roots, '--warn-days', '3650');
    expect(warning).toMatch(/version 2 expires in 182\d days.*root rotate/s);
    expect((await cli.refusal('verify', ...roots, '--pin', '0'.repeat(64))).code).toBe('root-not-pinned');
  });

  it('is published behind the first, which devices then walk', async () => {
    expect(await cli.json('publish', `${two}/root-2.cose`, '--data', data)).toMatchObject({
      version: 2,
      rehearsed: false,
    });
    const [first, second] = publishedRoots(data).map(({ bytes }) => bytes);
    const v1 = verifyFirstRoot(first!, { verify: verifyWithOpenSsl });
    expect(advanceRoot(v1, second!, { verify: verifyWithOpenSsl }).root.version).toBe(2);
  });

  it('says in words what changed, also to programs', async () => {
    const { changes } = await cli.json('diff', one, two);
    expect(changes).toContainEqual({ kind: 'changed', what: 'version', before: '1', after: '2' });
    expect((await cli.root('diff', one, two)).stdout).toContain('~ version: 1 → 2');
    expect((await cli.root('diff', one, one)).stdout).toBe('They say the same.\n');
  });
});

describe('what was printed and written all the while', () => {
  it('holds no passphrase and no private key', () => {
    const { found, searched } = cli.secretsFound();
    expect(found).toBe(0);
    expect(searched).toBeGreaterThan(100);
  });
});
