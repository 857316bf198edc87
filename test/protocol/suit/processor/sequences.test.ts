/** Sequences in sequences: which alternative runs, what a failure ends, and what lasts until when. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import type { Command, Sequence } from '../../../../protocol/suit/commands.ts';
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
import { device, drive, manifestWith, trusted } from '../../../support/suit.ts';

const invoke: Command = { name: 'invoke', policy: 0 };
const slot = (componentSlot: number): Sequence => [set({ componentSlot }), { name: 'component-slot', policy: 0 }];
const tryEachOrNothing = (...alternatives: readonly Sequence[]): Command => ({
  name: 'try-each',
  alternatives,
  orNothing: true,
});
const hard = set({ softFailure: false });

describe('try-each', () => {
  it.each<[name: string, command: Command, written: readonly string[]]>([
    ['the first alternative that fits', tryEach([content('a'), write], [content('b'), write]), ['write 00 a']],
    [
      'the second, where the first does not',
      tryEach([...slot(1), content('a'), write], [content('b'), write]),
      ['write 00 b'],
    ],
    ['nothing, where none does and nothing will do', tryEachOrNothing([abort], [abort]), []],
    ['an alternative rather than nothing', tryEachOrNothing([abort], [content('b'), write]), ['write 00 b']],
    ['an alternative of an alternative', tryEach([abort], [tryEach([abort], [content('b'), write])]), ['write 00 b']],
    [
      'what a failed alternative did, and then the next',
      tryEach([content('a'), write, abort], [content('b'), write]),
      ['write 00 a', 'write 00 b'],
    ],
    [
      'with parameters that a failed alternative set: no roll-back',
      tryEach([content('a'), abort], [write]),
      ['write 00 a'],
    ],
    [
      'without what a nested sequence failed at softly',
      tryEach([sequence(soft, abort), content('a'), write], [abort]),
      ['write 00 a'],
    ],
  ])('runs %s', (_name, command, written) => {
    expect(writes([command])).toEqual(written);
  });

  it('stops the procedure where no alternative fits, and says what the last one lacked', () => {
    const rejection = expectRejection(
      () => install([invoke, tryEach([abort], [content('a'), ...slot(1)])]),
      'aborted',
      'manifest.install[1]',
    );
    expect(rejection.detail).toContain('manifest.install[1][1][2]: expected 0, got 1 [wrong-slot]');
    // After the head of the array, one byte, and the invoke, two.
    expect(rejection).toMatchObject({ record: { section: 'install', offset: 3, componentIndex: 0 } });
  });

  it('stops at an alternative that says its failure is not soft', () => {
    expectRejection(
      () => install([tryEach([hard, ...slot(1)], [content('b'), write])]),
      'wrong-slot',
      'manifest.install[0][0][2]',
    );
  });

  it('does not lend its soft-failure to sequences inside', () => {
    expectRejection(
      () => install([tryEach([sequence(abort)], [content('b'), write])]),
      'aborted',
      'manifest.install[0][0][0][0]',
    );
  });

  it('stops where a try-each inside has nothing that fits: that is a directive which failed', () => {
    expectRejection(
      () => install([tryEach([tryEach([abort], [abort])], [write])]),
      'aborted',
      'manifest.install[0][0][0]',
    );
  });
});

describe('run-sequence', () => {
  it('stops the procedure with a condition that is not met', () => {
    expectRejection(() => install([sequence(...slot(1))]), 'wrong-slot', 'manifest.install[0][1]');
  });

  it('that fails softly only ends, and what follows runs', () => {
    expect(writes([sequence(soft, content('a'), abort, write), write])).toEqual(['write 00 a']);
  });

  it('takes soft-failure from neither outside nor inside', () => {
    expectRejection(() => install([sequence(soft, sequence(abort))]), 'aborted', 'manifest.install[0][1][0]');
    expectRejection(() => install([sequence(sequence(soft, abort), abort)]), 'aborted', 'manifest.install[0][1]');
  });

  it('can become hard again', () => {
    expectRejection(() => install([sequence(soft, hard, abort)]), 'aborted', 'manifest.install[0][2]');
  });
});

describe('parameters', () => {
  it('last from section to section, and are overridden one by one', () => {
    const manifest = manifestWith({
      'payload-fetch': [set({ content: utf8('a'), imageBytes: 1 }), write],
      install: [content('b'), write],
    });
    const { operations } = drive(runProcedure(trusted(manifest), 'update', device));
    expect(operations).toMatchObject([{ content: utf8('a') }, { content: utf8('b') }]);
  });

  it('are gone in the next procedure [no leaked data, §6.1]', () => {
    const envelope = trusted(manifestWith({ install: [content('a')], load: [write] }));
    drive(runProcedure(envelope, 'update', device));
    expectRejection(() => drive(runProcedure(envelope, 'invocation', device)), 'parameter-missing', 'manifest.load[0]');
  });
});

describe('a procedure is bounded', () => {
  const forAll = (depth: number): Sequence =>
    depth === 0 ? [content('x')] : [select(true), sequence(...forAll(depth - 1))];

  it('in commands, whatever multiplies them', () => {
    expect(() => install(forAll(2), { components: 16 })).not.toThrow();
    expectRejection(() => install(forAll(4), { components: 16 }), 'limit-exceeded');
  });
});
