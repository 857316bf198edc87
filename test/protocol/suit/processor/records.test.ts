/** The records and claims that a procedure leaves for its report. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import { type Command, encodeSequence, type Sequence } from '../../../../protocol/suit/commands.ts';
import type { OperationResult, ProcedureRejection } from '../../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../../protocol/suit/processor.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import { abort, content, select, set, tryEach } from '../../../support/suit-commands.ts';
import { device, drive, manifestWith, OK, trusted } from '../../../support/suit.ts';

const kinds = (entries: readonly object[]) => entries.map((entry) => ('section' in entry ? 'record' : 'claim'));

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
