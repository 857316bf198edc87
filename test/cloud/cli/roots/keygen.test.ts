import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KDF_FLOOR, openKeyFile, readPublicHalf } from '../../../../cloud/roots/key-file.ts';
import { toHex, utf8 } from '../../../../protocol/bytes.ts';
import { decodePublicKey } from '../../../../protocol/cose/spki.ts';
import { answers, RootCli } from '../../../support/root-cli.ts';
import { CHEAP } from '../../../support/roots.ts';

const cli = new RootCli();
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(file));
afterEach(() => vi.unstubAllEnvs());

describe('bristlecone root keygen', () => {
  it.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ES256', 'Ed25519'] as const)(
    'makes an %s key in two files',
    async (algorithm) => {
      const file = await cli.keygen(algorithm, algorithm);
      const published = decodePublicKey(bytesOf(file.replace(/key$/, 'pub')), 'pub');
      expect(readPublicHalf(bytesOf(file), file, CHEAP)).toEqual(published);
      expect(published.algorithm.name).toBe(algorithm);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect((await cli.json('show', file)).keyId).toBe(toHex(published.keyId));
    },
  );

  it('never writes over a key, nor asks for a passphrase before it says so', async () => {
    const file = await cli.keygen('kept');
    const before = readFileSync(file).toString('hex');
    expect((await cli.refusal('keygen', '--out', file)).code).toBe('file-exists');
    writeFileSync(cli.at('taken.pub'), 'mine');
    expect((await cli.refusal('keygen', '--out', cli.at('taken.key'))).code).toBe('file-exists');
    expect(readFileSync(file).toString('hex')).toBe(before);
    expect(existsSync(cli.at('taken.key'))).toBe(false);
  });

  it('asks a person twice, and makes nothing of two different answers', async () => {
    const person = answers('a long enough phrase', 'a long enough phrase');
    const file = cli.at('asked.key');
    expect(await cli.with({ ask: person.ask }).root('keygen', '--out', file)).toMatchObject({ exitCode: 0 });
    expect(person.questions).toHaveLength(2);
    const opened = openKeyFile(bytesOf(file), { passphrase: utf8('a long enough phrase'), at: file, floor: CHEAP });
    expect(opened.anchor.algorithm.name).toBe('ML-DSA-87');

    const other = answers('a long enough phrase', 'another long phrase');
    const refused = cli.with({ ask: other.ask }).refusal('keygen', '--out', cli.at('two.key'));
    expect(await refused).toMatchObject({ code: 'usage', exitCode: 2 });
    expect(existsSync(cli.at('two.key'))).toBe(false);
  });

  it('takes the passphrase from the environment', async () => {
    vi.stubEnv('BRISTLECONE_PASSPHRASE', 'from the environment');
    const file = cli.at('environment.key');
    await cli.json('keygen', '--out', file, '--algorithm', 'Ed25519');
    const passphrase = utf8('from the environment');
    expect(openKeyFile(bytesOf(file), { passphrase, at: file, floor: CHEAP }).privateKey).toHaveLength(32);
  });

  it('refuses a passphrase that is short, and none', async () => {
    writeFileSync(cli.at('short.txt'), 'short\n');
    const short = ['--passphrase-file', cli.at('short.txt')];
    expect(await cli.refusal('keygen', '--out', cli.at('x.key'), ...short)).toMatchObject({ code: 'usage' });
    expect((await cli.refusal('keygen', '--out', cli.at('x.key'))).message).toContain('BRISTLECONE_PASSPHRASE');
    expect((await cli.refusal('keygen', '--out', cli.at('x.key'), '--algorithm', 'RSA')).code).toBe(
      'unknown-algorithm',
    );
    expect(existsSync(cli.at('x.key'))).toBe(false);
  });

  it('makes files that are dear to guess, where no test says otherwise', async () => {
    const file = cli.at('dear.key');
    const made = await cli
      .with({ kdfCost: KDF_FLOOR, kdfFloor: KDF_FLOOR })
      .root('keygen', '--out', file, ...cli.unlock);
    expect(made.exitCode).toBe(0);
    expect(readPublicHalf(bytesOf(file), file).algorithm.name).toBe('ML-DSA-87');
  });

  it('prints no private half', () => {
    const { found, searched } = cli.secretsFound();
    expect(found).toBe(0);
    expect(searched).toBeGreaterThan(100);
  });
});
