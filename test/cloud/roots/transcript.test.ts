import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendLine, decodeTranscript, type TranscriptEntry } from '../../../cloud/roots/transcript.ts';
import { utf8 } from '../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../protocol/errors.ts';
import { decodedOrRefused, expectRejection } from '../../support/expect-rejection.ts';

const entry = (step: TranscriptEntry['step'], by: string): TranscriptEntry => ({
  step,
  at: '2026-11-22T10:00:00.000Z',
  by,
  digest: 'ab'.repeat(48),
  ...(step === 'sign' && { signer: 'cd'.repeat(32), file: 'ef'.repeat(48) }),
  tool: 'bristlecone 0.1.0',
});

const ENTRIES = [entry('init', 'Alice'), entry('sign', 'Bob'), entry('sign', 'Carol Ünlü'), entry('finalize', 'Alice')];

/** Whatever the entries say: appendLine leaves that to its callers. */
function written(steps: readonly TranscriptEntry[] = ENTRIES): readonly string[] {
  const lines: string[] = [];
  for (const it of steps) lines.push(appendLine(decodeTranscript(utf8(lines.join('')), 'transcript'), it));
  return lines;
}

const decode = (lines: readonly string[]) => decodeTranscript(utf8(lines.join('')), 'transcript');

describe('a transcript', () => {
  it('gives back what was written, numbered and chained', () => {
    const lines = decode(written());
    expect(lines).toMatchObject(ENTRIES);
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
    expect(lines.slice(1).map(({ previous }) => previous)).toEqual(lines.slice(0, -1).map(({ hash }) => hash));
    expect(lines[0]?.previous).toBe('0'.repeat(96));
  });

  it('is empty before the first step', () => {
    expect(decode([])).toEqual([]);
  });

  const [a = '', b = '', c = '', d = ''] = written();
  it.each<[name: string, lines: readonly string[], code: RejectionCode, at: string]>([
    ['a line taken out', [a, c, d], 'wrong-shape', 'transcript line 2.previous'],
    ['the first line taken out', [b, c, d], 'wrong-shape', 'transcript line 1.previous'],
    ['two lines exchanged', [a, c, b, d], 'wrong-shape', 'transcript line 2.previous'],
    ['a line twice', [a, b, b, c], 'wrong-shape', 'transcript line 3.previous'],
    ['a name changed', [a, b.replace('Bob', 'Eve'), c, d], 'wrong-shape', 'transcript line 2.hash'],
    [
      'a time changed in the last line',
      [a, b, c, d.replace('10:00', '11:00')],
      'wrong-shape',
      'transcript line 4.hash',
    ],
    ['a field added', [a.replace('{', '{"more":1,')], 'wrong-shape', 'transcript line 1.hash'],
    ['a blank added', [a.replace(',', ', ')], 'wrong-shape', 'transcript line 1.hash'],
    ['an unknown step', [a.replace('"init"', '"bless"')], 'wrong-shape', 'transcript line 1.step'],
    [
      'a name that moves the cursor',
      [written([entry('init', 'Eve\u001b[2J')])[0]!],
      'wrong-shape',
      'transcript line 1.by',
    ],
    ['a name turned around', [written([entry('init', 'Eve\u202e')])[0]!], 'wrong-shape', 'transcript line 1.by'],
    ['no name', [written([entry('init', ' ')])[0]!], 'wrong-shape', 'transcript line 1.by'],
    ['no time', [written([{ ...entry('init', 'A'), at: 'noon' }])[0]!], 'wrong-shape', 'transcript line 1.at'],
    ['no digest', [written([{ ...entry('init', 'A'), digest: 'ab' }])[0]!], 'wrong-shape', 'transcript line 1.digest'],
    ['no key id', [written([{ ...entry('init', 'A'), signer: 'me' }])[0]!], 'wrong-shape', 'transcript line 1.signer'],
    ['an unfinished line', [a, b.slice(0, -1)], 'wrong-shape', 'transcript'],
    ['an empty line', [a, '\n', b], 'wrong-shape', 'transcript line 2.step'],
    ['no JSON', ['init by Alice\n'], 'not-json', 'transcript line 1'],
    ['a byte order mark', ['\u{feff}', a], 'wrong-shape', 'transcript line 1.hash'],
    ['more than its limit', ['x'.repeat(131_073)], 'too-large', 'transcript'],
    ['a line longer than its limit', [`${' '.repeat(5_000)}\n`], 'too-large', 'transcript line 1'],
  ])('is refused with %s', (_name, lines, code, at) => {
    expectRejection(() => decode(lines), code, at);
  });

  it('is read or refused whatever its bytes are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => void decodedOrRefused(() => decodeTranscript(bytes, 't')),
      ),
    );
  });
});
