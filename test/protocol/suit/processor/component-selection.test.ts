/** For which components a command runs, and in which order. */
import { describe, expect, it } from 'vitest';
import type { Sequence } from '../../../../protocol/suit/commands.ts';
import { runProcedure } from '../../../../protocol/suit/processor.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import {
  abort,
  content,
  install,
  select,
  sequence,
  set,
  soft,
  tryEach,
  write,
  writes,
} from '../../../support/suit-commands.ts';
import { type Answer, describeOperation, device, drive, manifestWith, OK, trusted } from '../../../support/suit.ts';

/** A device whose components hold anything but `b`. */
const withoutB: Answer = (operation) =>
  operation.do === 'check-content' && new TextDecoder().decode(operation.content) === 'b'
    ? { ok: false, code: 'content-mismatch', detail: 'another content' }
    : OK;

/** A device that cannot write its component 1. */
const wornAtOne: Answer = (operation) =>
  operation.do === 'write' && describeOperation(operation) === 'write 01'
    ? { ok: false, code: 'operation-failed', detail: 'the flash is worn' }
    : OK;

describe('set-component-index', () => {
  const three = [select(0), content('a'), select(1), content('b'), select(2), content('c')];

  it.each<[name: string, commands: Sequence, written: readonly string[]]>([
    ['one', [select(1), write], ['write 01 b']],
    ['a list, in its order', [select([2, 0]), write], ['write 02 c', 'write 00 a']],
    ['a list with one twice', [select([1, 1]), write], ['write 01 b', 'write 01 b']],
    ['all', [select(true), write], ['write 00 a', 'write 01 b', 'write 02 c']],
    ['all, and parameters for all', [select(true), content('x'), write], ['write 00 x', 'write 01 x', 'write 02 x']],
    [
      'a whole sequence for each',
      [select([0, 2]), sequence(write, write)],
      ['write 00 a', 'write 00 a', 'write 02 c', 'write 02 c'],
    ],
    [
      'a try-each for each, by itself',
      [select(true), tryEach([{ name: 'check-content', policy: 0 }, write], [content('x'), write])],
      ['write 00 a', 'write 01 x', 'write 02 c'],
    ],
    [
      'another component inside, for each',
      [select([0, 1]), sequence(select(2), write), write],
      ['write 02 c', 'write 02 c', 'write 00 a', 'write 01 b'],
    ],
    ['one that a nested sequence chose', [select(0), tryEach([select(1)], [select(2)]), write], ['write 01 b']],
    [
      'the first again, after an alternative that failed',
      [select(0), tryEach([select(1), abort], [write])],
      ['write 00 a'],
    ],
    [
      'the first again, after a sequence that failed softly',
      [select(0), sequence(soft, select(1), abort), write],
      ['write 00 a'],
    ],
  ])('selects %s', (_name, commands, written) => {
    const lines = install([...three, ...commands], { components: 3, answer: withoutB });
    expect(lines.filter((line) => line.startsWith('write'))).toEqual(written);
  });

  it('lets a list stop at the first component that fails', () => {
    const asked: string[] = [];
    expectRejection(
      () =>
        install([...three, select(true), write], { components: 3, answer: (it) => (asked.push(it.do), wornAtOne(it)) }),
      'operation-failed',
      'manifest.install[7]',
    );
    expect(asked).toHaveLength(2);
  });

  it('selects the first component anew in each section', () => {
    const manifest = manifestWith({ 'payload-fetch': [select([0, 0]), content('a'), write], install: [write] });
    expect(drive(runProcedure(trusted(manifest), 'update', device)).operations).toHaveLength(2 + 1);
  });
});

describe('where the order is free', () => {
  const free = set({ strictOrder: false });
  const chosen = [select(0), content('a'), select(1), content('b')];

  it('commands run one after another all the same', () => {
    expect(writes([...chosen, free, select(true), write], 2)).toEqual(['write 00 a', 'write 01 b']);
  });

  it('a sequence for one component must say which, first of all and once', () => {
    expect(writes([...chosen, free, sequence(select(0), write)], 2)).toEqual(['write 00 a']);
    expectRejection(() => writes([...chosen, free, sequence(write)], 2), 'forbidden-command', 'manifest.install[5]');
    expectRejection(
      () => writes([...chosen, free, sequence(select(0), select(1))], 2),
      'forbidden-command',
      'manifest.install[5][1]',
    );
  });

  it('a sequence for each of a list keeps to that', () => {
    expect(writes([...chosen, free, select(true), sequence(write)], 2)).toEqual(['write 00 a', 'write 01 b']);
    expectRejection(
      () => writes([...chosen, free, select(true), sequence(select(0))], 2),
      'forbidden-command',
      'manifest.install[6][0]',
    );
  });

  it('ends with its sequence', () => {
    expect(writes([...chosen, sequence(free), sequence(write)], 2)).toEqual(['write 01 b']);
  });
});
