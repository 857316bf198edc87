/** The command as a new user meets it: one update by hand, from the key to the campaign that has ended. */
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodePublicKey } from '../../protocol/cose/spki.ts';
import { toHex } from '../../protocol/bytes.ts';
import { refusalOf, Shell, type Up } from '../support/run-command.ts';

const shell = new Shell();
const IMAGE = new Uint8Array(9_000).map((_, i) => (i * 7) ^ (i >> 8));
const NAME = ['--vendor', 'example.com', '--class', 'hub', '--image', 'fw.bin'];

/** Children take a second each, and other tests run beside this one. */
const TIMEOUT_MS = 120_000;

let up: Up;

beforeAll(async () => {
  writeFileSync(shell.file('fw.bin'), IMAGE);
  up = await shell.up('--kms-port', '0', '--mqtt-port', '0');
  for (const [spec, alias] of [
    ['ML_DSA_65', 'release'],
    ['ECC_NIST_P256', 'legacy'],
  ] as const)
    await shell.json('key', 'create', '--spec', spec, '--alias', alias);
}, TIMEOUT_MS);

describe('bristlecone up --json', () => {
  it('says in one line where it listens, on free ports', () => {
    expect(up.endpoints).toMatchObject({ ready: true, data: shell.file('.bristlecone') });
    expect(up.endpoints.kms).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(up.endpoints.mqtt).toMatch(/^mqtt:\/\/127\.0\.0\.1:[1-9]\d+$/);
  });
});

interface ListedKey {
  readonly spec: string;
  readonly aliases: readonly string[];
  readonly state: string;
}

/** Without those that the cloud makes for itself. */
async function ownKeys(): Promise<readonly ListedKey[]> {
  const keys: readonly ListedKey[] = await shell.json('key', 'list');
  return keys.filter(({ aliases }) => !aliases.some((alias) => alias.startsWith('alias/bristlecone-')));
}

describe('bristlecone key', { timeout: TIMEOUT_MS }, () => {
  it('lists what was created', async () => {
    const keys = await ownKeys();
    expect(keys.map(({ spec, aliases, state }) => `${spec} ${aliases.join()} ${state}`).toSorted()).toEqual([
      'ECC_NIST_P256 alias/legacy Enabled',
      'ML_DSA_65 alias/release Enabled',
    ]);
    expect((await shell.run('key', 'list')).stdout).toMatch(/alias\/release +ML_DSA_65 +Enabled/);
  });

  it.each(['release', 'legacy'])('gives one public key of %s in all its forms', async (alias) => {
    const form = async (format: string) => (await shell.run('key', 'public', alias, '--format', format)).bytes;
    const [pem, der, cose, jwk] = await Promise.all(['pem', 'der', 'cose', 'jwk'].map(form));
    const expected = decodePublicKey(der!, 'der');

    expect(decodePublicKey(pem!, 'pem')).toEqual(expected);
    expect(decodePublicKey(cose!, 'cose')).toEqual(expected);
    const native = createPublicKey({ key: JSON.parse(new TextDecoder().decode(jwk)), format: 'jwk' });
    expect(toHex(native.export({ format: 'der', type: 'spki' }))).toBe(toHex(der!));
  });

  it('writes bytes to a file, and says where', async () => {
    const answer = await shell.json('key', 'public', 'release', '--format', 'cose', '--out', 'release.cose');
    expect(answer).toMatchObject({ spec: 'ML_DSA_65', format: 'cose', file: 'release.cose' });
    expect(decodePublicKey(readFileSync(shell.file('release.cose')), 'file').algorithm.name).toBe('ML-DSA-65');
  });
});

describe('one update by hand', { timeout: TIMEOUT_MS }, () => {
  let release: { id: string; algorithms: readonly string[]; envelopeBytes: number; trust: unknown };
  let campaignId: string;

  it('a hybrid release, and what becomes of it in each form of its keys', async () => {
    release = await shell.json(
      ...['release', 'create', ...NAME, '--version', '1.2.3', '--sequence', '7'],
      ...['--key', 'release', 'legacy', '--out', 'fw.suit'],
    );
    expect(release.algorithms).toEqual(['ML-DSA-65', 'ES256']);
    expect(release.trust).toEqual({ outcome: 'made', root: { version: 1, development: true } });
    const forms = ['pem', 'der', 'cose'] as const;
    const accepted = await Promise.all(
      forms.map(async (format) => {
        const files = ['release', 'legacy'].map((alias) => `${alias}.${format}`);
        for (const file of files)
          await shell.json('key', 'public', file.split('.')[0]!, '--format', format, '--out', file);
        const all = ['--anchor', ...files, '--require', 'ES256,ML-DSA-65', '--payload', 'stream:1=fw.bin'];
        return shell.json('suit', 'check', 'fw.suit', ...all);
      }),
    );
    expect(accepted.map(({ result, authenticatedBy }) => [result, authenticatedBy.length])).toEqual(
      forms.map(() => ['accept', 2]),
    );
  });

  it('no release, where its envelope cannot be written', async () => {
    const name = ['--version', '1.2.4', '--sequence', '8', '--key', 'legacy', '--out', 'none/fw.suit'];
    expect(await refusalOf(shell.run('release', 'create', ...NAME, ...name, '--json'))).toEqual({
      exitCode: 1,
      code: 'file-not-found',
    });
    expect(await shell.json('release', 'list')).toHaveLength(1);
  });

  it('explained, with a mu for each anchor of a new device and what that device would say', async () => {
    const { stdout } = await shell.run('explain', 'fw.suit');
    expect(stdout).toMatch(/^fw\.suit: SUIT envelope, \d+ bytes\n/);
    expect(stdout).toMatch(/alg: ML-DSA-65/);
    expect(stdout).toMatch(/computed, as signed/);
    expect(stdout).toMatch(/ {2}mu +[0-9a-f]{128} /);
    expect(stdout).toMatch(/device says {2}accept/);

    const { envelope } = await shell.json('explain', 'fw.suit');
    expect(envelope.content.wireBytes).toBe(release.envelopeBytes);
  });

  it('is listed, put into a campaign, installed by a device that is made for it, and counted', async () => {
    expect(await shell.json('release', 'list')).toMatchObject([{ id: release.id, sequence: 7 }]);
    ({ id: campaignId } = await shell.json('campaign', 'create', '--release', release.id, '--thing', 'hub-1'));
    expect(await shell.json('campaign', 'status', campaignId)).toMatchObject({ total: 1, ended: 0 });

    const [outcome, status] = await Promise.all([
      shell.json('device', 'run', '--thing', 'hub-1', '--block-bytes', '1024'),
      shell.json('campaign', 'status', campaignId, '--watch'),
    ]);
    expect(outcome).toMatchObject({ result: 'succeeded', code: 'ok', sequenceNumber: 7, jobId: campaignId });
    expect(status).toMatchObject({ total: 1, ended: 1, counts: { SUCCEEDED: 1 }, refusals: [] });
  });

  it('is given to every thing that the cloud knows with --all', async () => {
    const { things } = await shell.json('campaign', 'create', '--release', release.id, '--all');
    expect(things).toEqual(['hub-1']);
  });

  it('is refused by a device that trusts another key, which says so to the operator', async () => {
    await shell.json('key', 'create', '--spec', 'ML_DSA_44', '--alias', 'other');
    await shell.json('key', 'public', 'other', '--format', 'cose', '--out', 'other.cose');
    const made = await shell.json(
      ...['device', 'make', '--thing', 'hub-2', '--anchor', 'other.cose'],
      ...['--vendor', 'example.com', '--class', 'hub'],
    );
    expect(made.root).toMatchObject({ development: true, releaseKeys: [{ algorithm: 'ML-DSA-44' }] });
    const { id } = await shell.json('campaign', 'create', '--release', release.id, '--thing', 'hub-2');

    const { exitCode, stdout } = await shell.run('device', 'run', '--thing', 'hub-2', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'rejected', code: 'unknown-key', sequenceNumber: 0 });
    const { refusals } = await shell.json('campaign', 'status', id);
    expect(refusals).toMatchObject([{ thing: 'hub-2', status: 'REJECTED', code: 'unknown-key' }]);
  });

  it('by a key that its device does not know yet comes with the trust root that does', async () => {
    const name = ['--version', '1.3.0', '--sequence', '9', '--key', 'other'];
    const { id, trust } = await shell.json('release', 'create', ...NAME, ...name);
    expect(trust).toEqual({ outcome: 'advanced', root: { version: 2, development: true } });
    const campaign = await shell.json('campaign', 'create', '--release', id, '--thing', 'hub-1');
    expect(campaign.roots).toEqual([2]);
    // The job of --all comes first.
    await shell.json('device', 'run', '--thing', 'hub-1');
    const outcome = await shell.json('device', 'run', '--thing', 'hub-1');
    expect(outcome).toMatchObject({ result: 'succeeded', sequenceNumber: 9, root: { newest: 2, proven: 2 } });
  });

  it('can be taken in from elsewhere, where somebody trusted has signed it', async () => {
    const add = ['release', 'add', ...NAME, '--version', '2.0.0', '--sequence', '8', '--envelope', 'fw.suit'];
    expect(await shell.json(...add, '--anchor', 'release.cose')).toMatchObject({ version: '2.0.0' });
    const { exitCode, stdout } = await shell.run(...add, '--anchor', 'other.cose', '--json');
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, 'unknown-key']);
  });
});

describe('bristlecone explain', { timeout: TIMEOUT_MS }, () => {
  it('says whose key a COSE_Key is', async () => {
    const { kind, keyId } = await shell.json('explain', 'release.cose');
    const anchor = decodePublicKey(readFileSync(shell.file('release.cose')), 'file');
    expect({ kind, keyId }).toEqual({ kind: 'cose-key', keyId: toHex(anchor.keyId) });
  });

  it('shows an envelope that a device would refuse, and why', async () => {
    const bytes = readFileSync(shell.file('fw.suit'));
    bytes[bytes.length - 60]! ^= 1;
    writeFileSync(shell.file('bent.suit'), bytes);
    const { envelope, lines } = await shell.json('explain', 'bent.suit');
    expect(lines.length).toBeGreaterThan(50);
    expect(envelope.device.result).toBe('reject');
  });
});

describe('Ctrl-C', { timeout: TIMEOUT_MS }, () => {
  it('ends the cloud in order, and nothing is lost', async () => {
    expect(await up.end('SIGINT')).toBe(0);
    expect(await shell.json('release', 'list')).toHaveLength(3);
    up = await shell.up(...up.ports);
    expect(await ownKeys()).toHaveLength(3);
  });
});
