import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNewPassphrase, readPassphrase, type PassphraseSource } from '../../../cloud/cli/passphrase.ts';
import { UsageError } from '../../../command-line.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import { answers } from '../../support/root-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const source = (more: Partial<PassphraseSource> = {}): PassphraseSource => ({
  options: {},
  env: {},
  ask: async () => undefined,
  ...more,
});

function fileWith(text: string): PassphraseSource {
  const file = join(temporaryFolder(), 'passphrase.txt');
  writeFileSync(file, text);
  return source({ options: { passphraseFile: file } });
}

describe('readPassphrase', () => {
  it.each(['one line', 'one line\n', 'one line\r\n', 'one line\nand another'])(
    'takes the first line of %j',
    async (text) => {
      expect(await readPassphrase('a.key', fileWith(text))).toEqual(utf8('one line'));
    },
  );

  it('keeps blanks, which may be part of it', async () => {
    expect(await readPassphrase('a.key', fileWith(' one line \n'))).toEqual(utf8(' one line '));
  });

  it('prefers the file to the environment, and both to a person', async () => {
    const env = { BRISTLECONE_PASSPHRASE: 'from the environment' };
    const { ask } = answers('from a person');
    expect(await readPassphrase('a.key', { ...fileWith('from a file'), env, ask })).toEqual(utf8('from a file'));
    expect(await readPassphrase('a.key', source({ env, ask }))).toEqual(utf8('from the environment'));
    expect(await readPassphrase('a.key', source({ ask }))).toEqual(utf8('from a person'));
  });

  it('is the same from every keyboard: one code point, or a letter and its accent', async () => {
    const [composed, decomposed] = ['schl\u00fcssel', 'schlu\u0308ssel'].map((text) =>
      source({ ask: answers(text).ask }),
    );
    expect(await readPassphrase('a.key', composed!)).toEqual(await readPassphrase('a.key', decomposed!));
  });

  it.each<[name: string, from: PassphraseSource]>([
    ['nobody to ask', source()],
    ['an empty answer', source({ ask: answers('').ask })],
    ['an empty variable', source({ env: { BRISTLECONE_PASSPHRASE: '' } })],
  ])('refuses %s', async (_name, from) => {
    await expect(readPassphrase('a.key', from)).rejects.toThrow(UsageError);
  });

  it('refuses an empty file, and one that is none', async () => {
    await expect(readPassphrase('a.key', fileWith('\nlater'))).rejects.toThrow(UsageError);
    await expect(readPassphrase('a.key', fileWith('x'.repeat(1_025)))).rejects.toMatchObject({ code: 'too-large' });
  });
});

describe('readNewPassphrase', () => {
  it('asks again only what was typed', async () => {
    const person = answers('long enough, is it', 'long enough, is it');
    expect(await readNewPassphrase('a.key', source({ ask: person.ask }))).toEqual(utf8('long enough, is it'));
    expect(person.questions).toHaveLength(2);
    expect(await readNewPassphrase('a.key', fileWith('long enough, is it'))).toEqual(utf8('long enough, is it'));
  });

  it('refuses fewer than 12 characters', async () => {
    await expect(readNewPassphrase('a.key', fileWith('elevenchars'))).rejects.toThrow('at least 12');
    expect(await readNewPassphrase('a.key', fileWith('twelve chars'))).toHaveLength(12);
  });
});
