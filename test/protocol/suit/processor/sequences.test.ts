import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import {
  encodeSequence,
  type Command,
  type ComponentIndex,
  type Sequence,
} from '../../../../protocol/suit/commands.ts';
import type { Parameters } from '../../../../protocol/suit/parameters.ts';
import {
  type Operation,
  type OperationResult,
  ProcedureRejection,
} from '../../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../../protocol/suit/processor.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import { type Answer, describeOperation, device, drive, manifestWith, OK, trusted } from '../../../support/suit.ts';

const select = (index: ComponentIndex): Command => ({ name: 'set-component-index', index });
const set = (parameters: Parameters): Command => ({ name: 'override-parameters', parameters });
const write: Command = { name: 'write', policy: 0 };
const invoke: Command = { name: 'invoke', policy: 0 };
const abort: Command = { name: 'abort', policy: 0 };
const slot = (componentSlot: number): Sequence => [set({ componentSlot }), { name: 'component-slot', policy: 0 }];
const content = (text: string): Command => set({ content: utf8(text) });
const sequence = (...commands: Sequence): Command => ({ name: 'run-sequence', sequence: commands });
const tryEach = (...alternatives: readonly Sequence[]): Command => ({
  name: 'try-each',
  alternatives,
  orNothing: false,
});
const tryEachOrNothing = (...alternatives: readonly Sequence[]): Command => ({
  name: 'try-each',
  alternatives,
  orNothing: true,
});
const soft = set({ softFailure: true });
const hard = set({ softFailure: false });

/** A device in slot 0. */
const inSlotZero: Answer = (operation: Operation): OperationResult =>
  operation.do === 'check-slot' && operation.slot !== 0
    ? { ok: false, code: 'wrong-slot', detail: `expected 0, got ${operation.slot}` }
    : OK;

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

const kinds = (entries: readonly object[]) => entries.map((entry) => ('section' in entry ? 'record' : 'claim'));

/** What an install sequence over some components came to: `write 00 text`. */
function install(
  commands: Sequence,
  { components = 1, answer = inSlotZero }: { components?: number; answer?: Answer } = {},
) {
  const manifest = manifestWith({ install: commands }, { components });
  return drive(runProcedure(trusted(manifest), 'update', device), answer).operations.map((operation) =>
    operation.do === 'write'
      ? `${describeOperation(operation)} ${new TextDecoder().decode(operation.content)}`
      : describeOperation(operation),
  );
}

const writes = (commands: Sequence, components?: number) =>
  install(commands, components === undefined ? {} : { components }).filter((line) => line.startsWith('write'));

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

describe('a procedure is bounded', () => {
  const forAll = (depth: number): Sequence =>
    depth === 0 ? [content('x')] : [select(true), sequence(...forAll(depth - 1))];

  it('in commands, whatever multiplies them', () => {
    expect(() => install(forAll(2), { components: 16 })).not.toThrow();
    expectRejection(() => install(forAll(4), { components: 16 }), 'limit-exceeded');
  });
});

describe('records', () => {
  it('say where the command stands, also in severed bytes: the offset of draft-ietf-suit-report-18 §3', () => {
    const inner: Sequence = [content('a'), { name: 'write', policy: 1 }];
    const outer: Sequence = [tryEach([abort], inner)];
    const manifest = manifestWith({ install: outer });
    const { entries } = drive(runProcedure(trusted(manifest), 'update', device)).result;
    const bytes = encodeSequence(outer);
    // The write is the last pair of the last alternative: label 18, policy 1.
    expect(entries).toEqual([
      { section: 'install', offset: bytes.length - 2, componentIndex: 0, properties: { content: utf8('a') } },
    ]);
  });

  it('are made for each component of a list, in its order', () => {
    const manifest = manifestWith({ install: [select([1, 0]), { name: 'invoke', policy: 1 }] }, { components: 2 });
    const { entries } = drive(runProcedure(trusted(manifest), 'update', device)).result;
    expect(entries.map((entry) => 'section' in entry && entry.componentIndex)).toEqual([1, 0]);
  });

  it.each<[policy: number, onSuccess: readonly string[], onFailure: readonly string[]]>([
    [0, [], []],
    [1, ['record'], []],
    [2, [], ['record']],
    [4, ['claim'], []],
    [8, [], ['claim']],
    [15, ['record', 'claim'], ['record', 'claim']],
  ])('follow reporting policy %i', (policy, onSuccess, onFailure) => {
    const manifest = manifestWith({ install: [set({ componentSlot: 0 }), { name: 'component-slot', policy }] });
    const run = (answer: OperationResult) => drive(runProcedure(trusted(manifest), 'update', device), () => answer);
    expect(kinds(run(OK).result.entries)).toEqual(onSuccess);
    const failed: OperationResult = { ok: false, code: 'wrong-slot', detail: '', measured: { componentSlot: 1 } };
    const rejection = expectRejection(() => run(failed), 'wrong-slot') as ProcedureRejection;
    expect(kinds(rejection.entries)).toEqual(onFailure);
    expect(rejection.record).toMatchObject({ properties: { componentSlot: 1 } });
  });

  it('stop at 64, and the result stays', () => {
    const manifest = manifestWith({
      install: Array.from({ length: 100 }, (): Command => ({ name: 'invoke', policy: 1 })),
    });
    const { result, operations } = drive(runProcedure(trusted(manifest), 'update', device));
    expect([result.entries.length, operations.length]).toEqual([64, 100]);
  });
});
